/** The page of one event: the event as people read it, what others answered, and all that was signed. */
import { noteEncode, npubEncode } from "nostr-tools/nip19";
import type { Event } from "../../nostr/event.ts";
import { CopyButton } from "../parts/copy-button.tsx";
import { EventCard } from "../parts/event-card.tsx";
import { JsonView } from "../parts/json-view.tsx";
import { kindName } from "../parts/kind-names.ts";
import { eventPath } from "../parts/links.ts";
import { cut } from "../parts/plain-text.ts";
import { nameOf, type Profiles } from "../parts/profile.ts";
import { exactTime } from "../parts/relative-time.ts";
import { summaryOf } from "../parts/summary.ts";
import { Page, type Relay } from "./layout.tsx";

/** How often others have reacted. */
export interface Counted {
  label: string;
  count: number;
  isEstimate: boolean;
  /** The page that lists them. */
  href: string;
}

export interface EventPageProps {
  relay: Relay;
  event: Event;
  profiles: Profiles;
  counts: readonly Counted[];
  answers: readonly Event[];
  hasMoreAnswers: boolean;
  /** Why answers or counts may be missing. */
  missing: string | undefined;
  /** Unix seconds. */
  now: number;
}

const MOST_TAGS = 200;
const LONGEST_VALUE = 300;

export function EventPage(props: EventPageProps) {
  const { relay, event, profiles, counts, answers, hasMoreAnswers, missing, now } = props;
  const author = nameOf(event.pubkey, profiles);
  const summary = summaryOf(event, profiles);
  return (
    <Page
      relay={relay}
      title={`${author}: ${cut(summary, 70)}`}
      description={summary}
      path=""
      script="page"
      openGraph={{ "og:type": "article", "og:url": eventPath(event.id), "article:author": author }}
    >
      <h1 class="visually-hidden">
        {kindName(event.kind)} by {author}
      </h1>
      <div class="reading">
        <EventCard event={event} now={now} profiles={profiles} isWhole />
        {counts.length > 0 && (
          <p class="counts">
            {counts.map(({ label, count, isEstimate, href }) => (
              <a key={label} href={href}>
                <strong>
                  {isEstimate && "about "}
                  {count.toLocaleString("en")}
                </strong>{" "}
                {label}
              </a>
            ))}
          </p>
        )}
        {answers.length > 0 && (
          <section aria-labelledby="answers">
            <h2 id="answers">Answers</h2>
            <div class="events">
              {answers.map((answer) => (
                <EventCard key={answer.id} event={answer} now={now} profiles={profiles} />
              ))}
            </div>
            {hasMoreAnswers && (
              <a class="button" href={`/explore?kinds=1,1111&tag.e=${event.id}`}>
                All answers
              </a>
            )}
          </section>
        )}
        {missing !== undefined && (
          <p class="card quiet">The relay did not look for all answers and reactions: {missing}.</p>
        )}
        <Signed event={event} />
      </div>
    </Page>
  );
}

/** What was signed, field by field. */
function Signed({ event }: { event: Event }) {
  return (
    <section class="card signed" aria-labelledby="signed">
      <h2 id="signed">What was signed</h2>
      <p class="quiet">The relay has checked the id and the signature. It stores no event without that.</p>
      <dl class="fields">
        <Field name="Id" value={noteEncode(event.id)} />
        <Field name="Id in hex" value={event.id} />
        <Field name="Author" value={npubEncode(event.pubkey)} />
        <Field name="Author in hex" value={event.pubkey} />
        <div>
          <dt>Kind</dt>
          <dd>
            {event.kind} ({kindName(event.kind)})
          </dd>
        </div>
        <div>
          <dt>Created</dt>
          <dd>{exactTime(event.created_at)}</dd>
        </div>
        <Field name="Signature" value={event.sig} />
      </dl>
      {event.tags.length > 0 && <Tags tags={event.tags} />}
      <JsonView event={event} />
      <p>
        <a href={`/api/v1/events/${event.id}`}>This event from the HTTP API</a>
      </p>
    </section>
  );
}

function Field({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <code>{value}</code> <CopyButton text={value} />
      </dd>
    </div>
  );
}

function Tags({ tags }: { tags: string[][] }) {
  const left = tags.length - MOST_TAGS;
  return (
    <details>
      <summary>{tags.length === 1 ? "1 tag" : `${tags.length.toLocaleString("en")} tags`}</summary>
      <table class="tags">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Values</th>
          </tr>
        </thead>
        <tbody>
          {tags.slice(0, MOST_TAGS).map(([name = "", ...values], at) => (
            <tr key={at}>
              <td>
                <code>{cut(name, LONGEST_VALUE)}</code>
              </td>
              <td>
                {values.slice(0, 20).map((value, place) => (
                  <code key={place} class="value">
                    {cut(value, LONGEST_VALUE)}
                  </code>
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {left > 0 && <p class="quiet">and {left.toLocaleString("en")} more, in the JSON from the HTTP API</p>}
    </details>
  );
}
