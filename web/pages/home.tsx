/** The home page: what a person sees at the relay's address. Everything on it works without scripts. */
import { Page, type Relay } from "./layout.tsx";

export function HomePage({ relay }: { relay: Relay }) {
  return (
    <Page relay={relay} title="" path="/">
      <h1>{relay.name || "Nostr relay"}</h1>
      {relay.description && <p>{relay.description}</p>}
      <p>
        This is a Nostr relay. Add it to your client: <code>{relay.address}</code>
      </p>
      <ul>
        <li>
          <a href="/api/v1/events?limit=20">The newest events, as JSON</a>
        </li>
        <li>
          <a href="/api/v1/openapi.json">The HTTP API, as an OpenAPI document</a>
        </li>
        <li>
          <a href="/health">Health</a> and <a href="/metrics">metrics</a>
        </li>
      </ul>
    </Page>
  );
}
