/** What a person sees at an address where there is nothing. */
import { Page, type Relay } from "./layout.tsx";

export function NotFoundPage({ relay, path }: { relay: Relay; path: string }) {
  return (
    <Page relay={relay} title="Not found" path="">
      <h1>There is nothing here</h1>
      <p>
        This relay has no page at <code>{path}</code>.
      </p>
      <p>
        <a class="button primary" href="/">
          To the home page
        </a>
      </p>
    </Page>
  );
}
