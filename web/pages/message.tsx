/** What a person sees if there is nothing to show, and why. */
import { Page, type Relay } from "./layout.tsx";

interface MessageProps {
  relay: Relay;
  title: string;
  says: string;
}

export function MessagePage({ relay, title, says }: MessageProps) {
  return (
    <Page relay={relay} title={title} path="">
      <div class="message">
        <h1>{title}</h1>
        <p>{says}</p>
        <p>
          <a class="button primary" href="/">
            To the home page
          </a>
        </p>
      </div>
    </Page>
  );
}
