/**
 * Decisions of the operators with several databases. The first one has them all. The others have copies of those that decide which
 * of their events are stored and kept: bans and the allow-list.
 */
import { REPORT } from "../../nostr/kinds.ts";
import type { Event } from "../../nostr/event.ts";
import { MOST_REPORTS } from "../moderation/bans.ts";
import type { Database } from "../database/database.ts";
import type { Change, ListName, ModerationStore } from "../moderation/moderation.ts";
import { createModerationStore } from "../moderation/sql-moderation.ts";
import type { Store } from "../store.ts";
import { finish } from "../work.ts";

/** The lists that the SQL of a commit or of the retention reads (`bans.ts`, `prune.ts`). */
const COPIED: readonly ListName[] = ["banned-pubkey", "banned-event", "allowed-pubkey"];

/** `databases` are in the order of the shards, `store` is over all of them. */
export function createShardedModerationStore(
  databases: readonly Database[],
  store: Pick<Store, "read" | "load" | "known">,
): ModerationStore {
  const stores = databases.map((db) => createModerationStore(db));
  const [first, ...others] = stores as [ModerationStore, ...ModerationStore[]];
  return {
    ...first,
    /** The first database comes last: if the audit log says that it is done, it is done everywhere. */
    async change(changes, entry) {
      const copied = changes.filter(isCopied);
      if (copied.length > 0) await Promise.all(others.map((one) => one.change(copied, entry)));
      await first.change(changes, entry);
    },
    async removeEventsOf(pubkey, pause) {
      for (const one of stores) await one.removeEventsOf(pubkey, pause);
    },
    unemptied: async () => [...new Set((await Promise.all(stores.map((one) => one.unemptied()))).flat())],
    reportedEvents: (now, limit) => reportedEvents(first, store, now, limit),
  };
}

function isCopied(change: Change): boolean {
  if (change.do === "add" || change.do === "remove") return COPIED.includes(change.list);
  return change.do === "remove-event" || change.do === "empty";
}

interface Reported {
  id: string;
  reports: number;
  /** created_at of the last report. */
  last: number;
  said: string;
}

/** As `reportedEvents` of `bans.ts`: there one statement does it, but here a report and its event may be in two databases. */
async function reportedEvents(
  first: ModerationStore,
  store: Pick<Store, "read" | "load" | "known">,
  now: number,
  limit: number,
): Promise<{ id: string; reason: string }[]> {
  const filter = { kinds: [REPORT], tags: [] };
  const { result } = await finish(store.read([{ filter, view: { keys: [], now }, limit: MOST_REPORTS }]));
  const reports = await store.load(result.answers[0]?.events ?? []);
  const named = new Map<string, Reported>();
  // The newest comes first.
  for (const report of reports) note(named, JSON.parse(report.json) as Event);
  const decided = new Set((await first.list("allowed-event")).map(({ subject }) => subject));
  const known = await store.known([...named.keys()].filter((id) => !decided.has(id)));
  return [...named.values()]
    .filter(({ id }) => known.has(id))
    .sort((a, b) => b.last - a.last || (a.id < b.id ? -1 : 1))
    .slice(0, limit)
    .map(({ id, said, reports: count }) => ({ id, reason: count > 1 ? `${said} (${count} reports)` : said }));
}

/** Maximum number of characters of a report that an operator sees. */
const SAID = 500;

function note(named: Map<string, Reported>, { tags, created_at, content }: Event): void {
  const ids = new Map(
    tags.flatMap(([name, id = "", type = ""]) =>
      name === "e" && /^[0-9a-f]{64}$/i.test(id) ? [[id.toLowerCase(), type] as const] : [],
    ),
  );
  for (const [id, type] of ids) {
    const said = [type, content.slice(0, SAID)].filter((text) => text !== "").join(": ");
    const before = named.get(id);
    if (before) before.reports += 1;
    else named.set(id, { id, reports: 1, last: created_at, said });
  }
}
