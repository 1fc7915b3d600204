/** One event in full: what it says, whether it is genuine, where it comes from, and its JSON. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Event } from "../../nostr/event.ts";
import { EventCard } from "../parts/event-card.tsx";
import { eventPath, shortId } from "../parts/links.ts";
import type { Profiles } from "../parts/profile.ts";
import { tagText } from "../parts/tags.ts";
import { CopyButton } from "../shared/forms/copy-button.tsx";
import { TraceLink } from "./trace-link.tsx";

interface DetailsProps {
  event: Event;
  profiles: Profiles;
  /** Unix seconds. */
  now: number;
  close(): void;
}

export function Details({ event, profiles, now, close }: DetailsProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), [event]);
  const json = JSON.stringify(event, undefined, 2);
  const app = tagText(event, "client", 60);
  return (
    <aside
      class="event-details"
      aria-labelledby="details-title"
      onKeyDown={({ key }) => key === "Escape" && close()}
    >
      <header class="row">
        <h2 id="details-title" tabIndex={-1} ref={heading}>
          Event {shortId(event.id)}
        </h2>
        <button type="button" onClick={close}>
          Close
        </button>
      </header>
      <EventCard event={event} profiles={profiles} now={now} isWhole />
      <dl class="facts">
        <dt>Check</dt>
        <dd>
          <Genuine event={event} />
        </dd>
        <dt>Written with</dt>
        <dd>{app === "" ? <span class="quiet">The event does not say</span> : <bdi>{app}</bdi>}</dd>
        <dt>Trace</dt>
        <dd>
          <TraceLink id={event.id} />
        </dd>
      </dl>
      <p>
        <a href={eventPath(event.id)}>The page of this event</a>
      </p>
      <div class="row json-heading">
        <h3>JSON</h3>
        <CopyButton text={json} what="the JSON" />
      </div>
      <pre class="json-text" tabIndex={0} aria-label="The event as JSON">
        {json}
      </pre>
    </aside>
  );
}

/** Checks the id and the signature here, in the browser, not trusting the relay. */
function Genuine({ event }: { event: Event }) {
  const [outcome, setOutcome] = useState<{ tone: string; text: string }>();
  useEffect(() => {
    let isCurrent = true;
    setOutcome(undefined);
    check(event).then(
      (result) => isCurrent && setOutcome(result),
      () => isCurrent && setOutcome({ tone: "bad", text: "The check could not be loaded" }),
    );
    return () => {
      isCurrent = false;
    };
  }, [event]);
  return (
    <span role="status" class="verdict" data-tone={outcome?.tone}>
      {outcome?.text ?? "Checking…"}
    </span>
  );
}

async function check(event: Event): Promise<{ tone: string; text: string }> {
  const { problemOf } = await import("./verification.ts");
  const problem = problemOf(event);
  return problem === undefined
    ? { tone: "good", text: "Id and signature are right (checked in your browser)" }
    : { tone: "bad", text: `Forged: ${problem}` };
}
