/**
 * The JSON parameters of statements: a list of rows. Each row is a list of columns, which the SQL reads by position.
 */
import type { Deletion } from "../../nostr/deletion.ts";
import { type Event, versionKey } from "../../nostr/event.ts";
import { expiresAt } from "../../nostr/expiration.ts";
import { GIFT_WRAP } from "../../nostr/kinds.ts";
import { searchableText } from "../../nostr/search.ts";

/** Positions of an event's columns, for example `new.value ->> ${EVENT.id}`. */
export const EVENT = positionsOf(
  "id",
  "pubkey",
  "sig",
  "created_at",
  "kind",
  "tags",
  "content",
  // The `d` of an addressable event, empty for a replaceable one, null for all others (`versionKey`).
  "d",
  "expires_at",
);

/** Positions of what the search index has of an event. */
export const TEXT = positionsOf("id", "text");

/** Positions of the columns of one target of a deletion, for example `t.value ->> ${TOMBSTONE.until}`. */
export const TOMBSTONE = positionsOf(
  // The id and the author of the deletion itself.
  "deletion",
  "author",
  // The id of the deleted event, or the text of another target.
  "id",
  "target",
  "until",
  // The kind and `d` of the deleted versions.
  "kind",
  "d",
);

export function eventRow(event: Event): unknown[] {
  return row(EVENT, { ...event, d: versionKey(event), expires_at: expiresAt(event) });
}

/** Returns the searchable text of an event as a row; undefined if it has none. */
export function textRow(event: Event): unknown[] | undefined {
  const text = searchableText(event);
  return text === "" ? undefined : row(TEXT, { id: event.id, text });
}

/**
 * Returns an event's row without long columns: SQLite parses the row again for each column. Only gift wraps need their
 * tags.
 */
export function gist(event: Event): unknown[] {
  const { id, pubkey, created_at, kind } = event;
  const tags = kind === GIFT_WRAP ? event.tags : [];
  return row(EVENT, { id, pubkey, created_at, kind, tags, d: versionKey(event) });
}

const FOR_EVER = Number.MAX_SAFE_INTEGER;

/** Returns the row of a deletion. Without an id it is for a database that does not have the deletion itself. */
export function tombstoneRow(
  { id, pubkey }: Partial<Pick<Event, "id">> & Pick<Event, "pubkey">,
  deletion: Deletion,
): unknown[] {
  const by = { deletion: id, author: pubkey };
  switch (deletion.kind) {
    case "event":
      return row(TOMBSTONE, { ...by, id: deletion.id, until: FOR_EVER });
    case "versions": {
      const { of, d, until } = deletion;
      return row(TOMBSTONE, { ...by, target: `${of}:${JSON.stringify(d)}`, until, kind: of, d });
    }
    case "everything":
      return row(TOMBSTONE, { ...by, target: "", until: deletion.until });
  }
}

function positionsOf<Column extends string>(...columns: Column[]): Record<Column, number> {
  return Object.fromEntries(columns.map((column, at) => [column, at])) as Record<Column, number>;
}

/** Returns a row. A column without a value is null. */
function row<Column extends string>(
  positions: Record<Column, number>,
  values: Partial<Record<Column, unknown>>,
): unknown[] {
  return (Object.keys(positions) as Column[]).map((column) => values[column] ?? null);
}
