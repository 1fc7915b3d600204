/** An event of any kind, as a card. It is rendered on the server and in the browser. */
import type { ComponentChildren } from "preact";
import type { Event } from "../../nostr/event.ts";
import { NOTE } from "../../nostr/kinds.ts";
import { Author } from "./author.tsx";
import { EventBody } from "./event-body.tsx";
import { kindName } from "./kind-names.ts";
import { eventPath } from "./links.ts";
import { nameOf, type Profiles } from "./profile.ts";
import { contentWarning } from "./tags.ts";
import { Time } from "./time.tsx";

export interface EventCardProps {
  event: Event;
  /** Unix seconds. */
  now: number;
  /** The profiles that are known, by their key. */
  profiles: Profiles;
  /** Whether to show all of a long text. By default its beginning. */
  isWhole?: boolean;
  /** Buttons beside the time. */
  actions?: ComponentChildren;
}

export function EventCard({ event, now, profiles, isWhole = false, actions }: EventCardProps) {
  const name = kindName(event.kind);
  const warning = contentWarning(event);
  const body = <EventBody event={event} profiles={profiles} isWhole={isWhole} />;
  return (
    <article
      class="event card"
      data-kind={event.kind}
      aria-label={`${name} by ${nameOf(event.pubkey, profiles)}`}
    >
      <header>
        <Author pubkey={event.pubkey} profiles={profiles} />
        {event.kind !== NOTE && (
          <span class="badge" title={`Kind ${event.kind}`}>
            {name}
          </span>
        )}
        <a class="event-time" href={eventPath(event.id)}>
          <Time at={event.created_at} now={now} />
        </a>
        {actions}
      </header>
      {warning === undefined ? (
        body
      ) : (
        <details class="warning">
          <summary>Content warning{warning && `: ${warning}`}</summary>
          {body}
        </details>
      )}
    </article>
  );
}
