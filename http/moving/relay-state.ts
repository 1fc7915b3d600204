/**
 * What a relay is besides its events, as lines of an export: what its operators have decided, and its upstreams with how far they have
 * been pulled. `restore.ts` reads them. No line has a secret: what only a deployment can set is not there.
 */
import type { MethodName } from "../../nostr/management.ts";
import { CHANGEABLE } from "../../relay/access/moderation-snapshot.ts";
import type { Config } from "../../relay/config.ts";
import type { ListName, ModerationStore } from "../../store/moderation/moderation.ts";
import type { Cursor } from "../../store/upstreams/upstream-cursor.ts";
import type { StoredUpstream } from "../../store/upstreams/upstreams.ts";
import { METHOD_OF } from "../management/management-settings.ts";

/** A call of the management API that has the same effect again. */
export interface DecisionLine {
  method: MethodName;
  params: unknown[];
}

export interface UpstreamLine {
  url: string;
  origin: "operator" | "outbox";
  isPaused: boolean;
  settings: object;
  cursor: Cursor;
}

export type StateLine = ["DECISION", DecisionLine] | ["UPSTREAM", UpstreamLine];

/** A longer line loses what was compared of an upstream, which is found out again. In characters. */
const LONGEST_LINE = 1_000_000;

/** Lists, and the method that adds an entry. What a later one replaces comes first. */
const LISTS = [
  ["allowed-pubkey", "allowpubkey"],
  ["banned-pubkey", "banpubkey"],
  ["allowed-event", "allowevent"],
  ["banned-event", "banevent"],
  ["allowed-kind", "allowkind"],
  ["disallowed-kind", "disallowkind"],
  ["blocked-ip", "blockip"],
] as const satisfies [ListName, MethodName][];

/** Returns the lines, in the order in which they can be restored. */
export async function stateLines(
  store: Pick<ModerationStore, "load" | "list" | "roles" | "upstreams" | "outbox">,
  { UPSTREAMS }: Pick<Config, "UPSTREAMS">,
): Promise<StateLine[]> {
  const lines: StateLine[] = [];
  const decide = (method: MethodName, ...params: unknown[]) =>
    void lines.push(["DECISION", { method, params }]);
  for (const { id, label, description, color, order, members } of await store.roles()) {
    decide("createrole", id, label, description, color, order);
    for (const member of members) decide("assignrole", member, id);
  }
  for (const [list, method] of LISTS) {
    // The latest entry is first in a list, and last in a history.
    for (const { subject, reason } of (await store.list(list)).toReversed())
      decide(method, list.endsWith("-kind") ? Number(subject) : subject, reason);
  }
  const { settings } = await store.load();
  for (const name of CHANGEABLE) {
    const value = settings[name];
    if (value !== undefined) decide(METHOD_OF[name], value);
  }
  for (const upstream of await store.upstreams()) {
    if (upstream.origin === "settings" && !UPSTREAMS.includes(upstream.url)) continue;
    if (upstream.settings) lines.push(["UPSTREAM", lineOf(upstream, upstream.settings)]);
  }
  // After the upstreams: the next choice keeps the progress of those that are there.
  for (const { pubkey } of (await store.outbox()).keys) decide("addoutbox", pubkey);
  return lines;
}

function lineOf({ url, origin, isPaused, cursor }: StoredUpstream, settings: object): UpstreamLine {
  const line = {
    url,
    origin: origin === "outbox" ? ("outbox" as const) : ("operator" as const),
    isPaused,
    settings,
    cursor,
  };
  if (JSON.stringify(line).length <= LONGEST_LINE) return line;
  const filters = Object.entries(cursor.filters).map(([key, one]) => {
    const { slices: _slices, samples: _samples, ...rest } = one;
    return [key, rest] as const;
  });
  return { ...line, cursor: { version: 2, filters: Object.fromEntries(filters) } };
}
