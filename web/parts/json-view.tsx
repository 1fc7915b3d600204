/** An event as it was signed. */
import type { Event } from "../../nostr/event.ts";
import { cut } from "./plain-text.ts";

/** In characters. The page of an event links to the whole of it. */
const LONGEST = 20_000;

export function JsonView({ event, isOpen = false }: { event: Event; isOpen?: boolean }) {
  return (
    <details class="json" open={isOpen}>
      <summary>JSON</summary>
      {/* It can be scrolled, so a keyboard must reach it. */}
      <pre tabIndex={0} aria-label="The event as JSON">
        {cut(JSON.stringify(event, undefined, 2), LONGEST)}
      </pre>
    </details>
  );
}
