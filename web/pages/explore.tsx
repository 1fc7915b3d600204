/** Explore: stored events that match. It is rendered on the server, so it works without scripts, and Back and links restore it. */
import type { Event } from "../../nostr/event.ts";
import { EventCard } from "../parts/event-card.tsx";
import { type FormFields, formFields } from "../parts/event-parameters.ts";
import { FilterForm, TextInput } from "../parts/filter-form.tsx";
import type { Profiles } from "../parts/profile.ts";
import { Page, type Relay } from "./layout.tsx";

export type Explored =
  | {
      kind: "found";
      events: readonly Event[];
      profiles: Profiles;
      /** The parameters of the pages before and after this one, if there are any. */
      before: URLSearchParams | undefined;
      after: URLSearchParams | undefined;
      /** Why a search stopped early. */
      unfinished: string | undefined;
    }
  | { kind: "refused"; reason: string; because: Because };

/** Why there is no answer: what was asked is wrong, the relay wants to know who asks, or it cannot answer this now. */
export type Because = "parameters" | "keys" | "relay";

export interface ExplorePageProps {
  relay: Relay;
  /** As a link has them. */
  parameters: URLSearchParams;
  explored: Explored;
  /** Unix seconds. */
  now: number;
}

/** How many events a page can have. The first is the default. */
export const AMOUNTS = [20, 50, 100] as const;
/** Parameters that say which part of the answer a page shows, not which events match. */
const OF_PAGES = ["cursor", "back", "limit"];
const ONLY_STORED = [...OF_PAGES, "since", "until", "order", "keyword", "ids"];

export function ExplorePage({ relay, parameters, explored, now }: ExplorePageProps) {
  const fields = formFields(parameters);
  const isWrong = explored.kind === "refused" && explored.because === "parameters";
  const problem = isWrong ? explored.reason : undefined;
  const conditions = without(parameters, [...OF_PAGES, "order"]);
  return (
    <Page
      relay={relay}
      title="Explore"
      path="/explore"
      description="Search the stored events of this relay"
      script="explore"
    >
      <h1>Explore</h1>
      <div class="explore">
        <details class="card filters" open={problem !== undefined}>
          <summary>
            Filters
            {conditions.size > 0 && <span class="badge">{conditions.size}</span>}
          </summary>
          <FilterForm action="/explore" fields={fields} problem={problem} label="Search">
            <StoredFields fields={fields} problem={problem} />
          </FilterForm>
        </details>
        <div class="explore-main">
          <div class="explore-bar">
            {/* The script counts and exports. */}
            <div id="tools" />
            <div class="row">
              <a class="button" href={pathOf("/watch", without(parameters, ONLY_STORED))}>
                Watch live
              </a>
              <a class="button" href={pathOf("/api/v1/events", without(parameters, ["back"]))}>
                As JSON
              </a>
            </div>
          </div>
          {explored.kind === "found" ? (
            <Found {...explored} now={now} order={fields.order} hasConditions={conditions.size > 0} />
          ) : (
            <Refused {...explored} />
          )}
        </div>
      </div>
    </Page>
  );
}

function StoredFields({ fields, problem }: { fields: FormFields; problem: string | undefined }) {
  return (
    <>
      <div class="pair">
        <TextInput
          name="since"
          label="From (UTC)"
          value={fields.since}
          problem={problem}
          type={timeType(fields.since)}
        />
        <TextInput
          name="until"
          label="To (UTC)"
          value={fields.until}
          problem={problem}
          type={timeType(fields.until)}
        />
      </div>
      <TextInput
        name="keyword"
        label="Exact text"
        value={fields.keyword}
        problem={problem}
        hint="Also inside of words, and with signs"
      />
      {fields.ids !== "" && <TextInput name="ids" label="Ids" value={fields.ids} problem={problem} />}
      <div class="pair">
        <div class="field">
          <label for="filter-order">Order</label>
          <select id="filter-order" name="order" value={fields.order}>
            <option value="desc">Newest first</option>
            <option value="asc">Oldest first</option>
          </select>
        </div>
        <div class="field">
          <label for="filter-limit">Amount</label>
          <select id="filter-limit" name="limit" value={fields.limit}>
            {AMOUNTS.map((amount, at) => (
              <option key={amount} value={at === 0 ? "" : amount}>
                {amount}
              </option>
            ))}
          </select>
        </div>
      </div>
    </>
  );
}

/** A link may name a second, which a date input cannot show. */
function timeType(value: string): "date" | "datetime-local" {
  return value.includes("T") ? "datetime-local" : "date";
}

type FoundProps = Extract<Explored, { kind: "found" }> & {
  now: number;
  order: string;
  hasConditions: boolean;
};

function Found({ events, profiles, before, after, unfinished, now, order, hasConditions }: FoundProps) {
  const [earlier, later] = order === "asc" ? ["Older", "Newer"] : ["Newer", "Older"];
  return (
    <>
      {unfinished !== undefined && (
        <p class="notice warning">These are not all: the search stopped early. {unfinished}</p>
      )}
      {events.length === 0 && <Nothing hasConditions={hasConditions} isEnd={after === undefined} />}
      <div class="events">
        {events.map((event) => (
          <EventCard key={event.id} event={event} profiles={profiles} now={now} />
        ))}
      </div>
      {(before || after) && (
        // Each page costs reads: a search engine must not follow them to the first event.
        <nav class="row paging" aria-label="More events">
          {before && (
            <a class="button" rel="prev nofollow" href={pathOf("/explore", before)}>
              ← {earlier}
            </a>
          )}
          {after && (
            <a class="button" rel="next nofollow" href={pathOf("/explore", after)}>
              {later} →
            </a>
          )}
        </nav>
      )}
    </>
  );
}

function Nothing({ hasConditions, isEnd }: { hasConditions: boolean; isEnd: boolean }) {
  if (!isEnd)
    return (
      <div class="empty card">
        <h2>Nothing here yet</h2>
        <p>The relay has looked at a part of its events. There may be matches further on.</p>
      </div>
    );
  return (
    <div class="empty card">
      <h2>{hasConditions ? "Nothing matches" : "No events yet"}</h2>
      <p>
        {hasConditions
          ? "No stored event has all of this. Fewer conditions find more."
          : "This relay has no events that everybody may read."}
      </p>
    </div>
  );
}

const TITLES = { parameters: "Not searched", keys: "Only for those who sign in", relay: "Not found out" };

function Refused({ reason, because }: Extract<Explored, { kind: "refused" }>) {
  return (
    <div class="empty card">
      <h2>{TITLES[because]}</h2>
      {because === "parameters" ? (
        <p>Correct what the form marks, and search again.</p>
      ) : (
        <p>
          The relay answered: <bdi>{reason}</bdi>
        </p>
      )}
      {because === "keys" && (
        <p>
          A search asks without a key. <a href="/watch">Watch</a> can sign in, and shows the newest events.
        </p>
      )}
    </div>
  );
}

function without(parameters: URLSearchParams, names: readonly string[]): URLSearchParams {
  return new URLSearchParams([...parameters].filter(([name]) => !names.includes(name)));
}

function pathOf(path: string, parameters: URLSearchParams): string {
  return parameters.size > 0 ? `${path}?${parameters}` : path;
}
