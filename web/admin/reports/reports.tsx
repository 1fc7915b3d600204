/** The queue of reported events: what was reported, by whom and why, and what to do about it. */
import type { ListedEvent } from "../../shared/management/answers.ts";
import { EventCard } from "../../parts/event-card.tsx";
import { shortId } from "../../parts/links.ts";
import { Time } from "../../parts/time.tsx";
import { EventDeeds } from "../parts/event-deeds.tsx";
import { Loaded, useAnswer, useLoading } from "../parts/loading.tsx";
import { useNow } from "../../shared/now.ts";
import { Person } from "../parts/person.tsx";
import { useProfiles, useRelay } from "../parts/relay.tsx";
import { Empty, Section } from "../parts/section.tsx";
import { countedTypes, type Reported, reportsOf } from "./report.ts";

/** So many are read and shown at a time. The others move up when these are decided on. */
const MOST_SHOWN = 20;
const MOST_REPORTS = 500;
const REPORT = 1984;

export function Reports() {
  const queue = useAnswer("listeventsneedingmoderation");
  return (
    <Section
      title="Reports"
      about="Events that people have reported (NIP-56) and on which no admin has decided. The last reported come first."
      of={queue}
    >
      <Loaded of={queue}>
        {(listed) =>
          listed.length === 0 ? (
            <Empty title="Nothing to decide.">
              Events appear here when someone reports them on this relay.
            </Empty>
          ) : (
            <Queue listed={listed} decided={queue.reload} />
          )
        }
      </Loaded>
    </Section>
  );
}

function Queue({ listed, decided }: { listed: ListedEvent[]; decided(): Promise<void> }) {
  const { readEvents } = useRelay();
  const ids = listed.slice(0, MOST_SHOWN).map(({ id }) => id);
  const loading = useLoading(async (): Promise<Reported[]> => {
    const [events, reports] = await Promise.all([
      readEvents({ ids }),
      readEvents({ kinds: [REPORT], "#e": ids, limit: MOST_REPORTS }),
    ]);
    return ids.map((id) => ({
      id,
      event: events.find((event) => event.id === id),
      reports: reportsOf(id, reports),
    }));
  }, ids.join());
  const left = listed.length - ids.length;
  return (
    <>
      <p class="quiet">
        {listed.length === 1 ? "1 event" : `${listed.length} events`} to decide on
        {left > 0 && `, ${left} of them after these`}.
      </p>
      <Loaded of={loading}>
        {(reported) =>
          // Those that were decided on go at once, and the others stay while the next ones are read.
          reported
            .filter(({ id }) => ids.includes(id))
            .map((one) => <ReportedEvent key={one.id} reported={one} decided={decided} />)
        }
      </Loaded>
    </>
  );
}

function ReportedEvent({ reported, decided }: { reported: Reported; decided(): Promise<void> }) {
  const { id, event, reports } = reported;
  const now = useNow();
  const profiles = useProfiles(event ? [event.pubkey] : []);
  return (
    <article class="card reported" aria-label={`Reported event ${shortId(id)}`}>
      <ReportSummary reported={reported} now={now} />
      {event ? (
        <EventCard event={event} now={now} profiles={profiles} />
      ) : (
        <p class="notice warning">
          The relay does not show you this event: it is of a private kind, or it was removed meanwhile. Its id
          is <code>{id}</code>.
        </p>
      )}
      <EventDeeds id={id} event={event} done={decided} />
      {reports.length > 0 && (
        <details>
          <summary>What the reporters say</summary>
          <ul class="lines">
            {reports.map(({ reporter, type, text, at }) => (
              <li key={reporter} class="line">
                <div class="grow">
                  <Person pubkey={reporter} />
                  <p>
                    {type && <span class="badge">{type}</span>} <bdi class="said">{text.slice(0, 1000)}</bdi>
                  </p>
                </div>
                <span class="quiet">
                  <Time at={at} now={now} />
                </span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </article>
  );
}

function ReportSummary({ reported: { reports }, now }: { reported: Reported; now: number }) {
  const [newest] = reports;
  return (
    <div class="row">
      <strong>Reported by {reports.length === 1 ? "1 person" : `${reports.length} people`}</strong>
      {countedTypes(reports).map(([type, count]) => (
        <span key={type} class="badge bad">
          {type || "no type"} {count > 1 && `× ${count}`}
        </span>
      ))}
      {newest && (
        <span class="quiet">
          last <Time at={newest.at} now={now} />
        </span>
      )}
    </div>
  );
}
