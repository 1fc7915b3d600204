/** The fields of a filter as options of a command. */
import { splitCommaList } from "../../nostr/comma-list.ts";
import { parseFilter } from "../../nostr/filter.ts";
import { EVENT_ID, formOfTag, PUBKEY } from "../../nostr/reference.ts";
import { readReference } from "./references.ts";
import { UsageError } from "../shared/usage.ts";

const LIST = { type: "string", multiple: true } as const;

export const FILTER_OPTIONS = {
  ids: LIST,
  authors: LIST,
  kinds: LIST,
  /** The name that `publish` uses. */
  kind: LIST,
  tag: LIST,
  since: { type: "string" },
  until: { type: "string" },
  limit: { type: "string" },
  search: { type: "string" },
} as const;

export const FILTER_HELP = `  --ids LIST         event ids: hex, note1… or nevent1…
  --authors LIST     public keys: hex, npub1… or nprofile1…
  --kinds LIST       kinds; --kind is the same
  --tag LETTER=LIST  events that have this tag with one of these values. If repeated, an event must have
                     all of these tags. e, p, a and q also take note1…, npub1…, naddr1… and the like.
                     Inside a value, write \\, for a comma and \\\\ for a backslash
  --since SECONDS    events created at this time or later (Unix seconds)
  --until SECONDS    events created at this time or earlier
  --search TEXT      events that have all of these words, at most 10 (NIP-50); best match first
`;

type FilterValues = {
  [Name in "ids" | "authors" | "kinds" | "kind" | "tag"]?: string[] | undefined;
} & { [Name in "since" | "until" | "limit" | "search"]?: string | undefined };

/** Returns the filter to send to the relay. */
export function filterOf(values: FilterValues): Record<string, unknown> {
  const filter: Record<string, unknown> = {};
  if (values.ids) filter["ids"] = list(values.ids).map((id) => readEventId(id, "--ids"));
  if (values.authors) filter["authors"] = list(values.authors).map((key) => readPublicKey(key, "--authors"));
  const kinds = [...(values.kinds ?? []), ...(values.kind ?? [])];
  if (kinds.length > 0) filter["kinds"] = list(kinds).map((kind) => numberOf(kind, "--kinds"));
  for (const name of ["since", "until", "limit"] as const) {
    const given = values[name];
    if (given !== undefined) filter[name] = Math.min(numberOf(given, `--${name}`), Number.MAX_SAFE_INTEGER);
  }
  if (values.search !== undefined) filter["search"] = values.search;
  for (const given of values.tag ?? []) {
    const [field, found] = tagCondition(given);
    filter[field] = [...((filter[field] as string[] | undefined) ?? []), ...found];
  }
  const parsed = parseFilter(filter);
  if (!parsed.ok) throw new UsageError(parsed.reason);
  return filter;
}

function list(given: string[]): string[] {
  return given.flatMap((text) => text.split(",")).map((item) => item.trim());
}

function numberOf(given: string, option: string): number {
  if (!/^\d{1,20}$/.test(given)) {
    throw new UsageError(`${option} has ${JSON.stringify(given)}, expected a number from 0`);
  }
  return Number(given);
}

function tagCondition(given: string): [field: string, values: string[]] {
  const [, letter, text] = /^([a-zA-Z])=(.*)$/s.exec(given) ?? [];
  if (letter === undefined || text === undefined) {
    throw new UsageError(
      `--tag is ${JSON.stringify(given)}, expected one letter and its value, such as t=nostr`,
    );
  }
  const form = formOfTag(letter);
  const values = splitCommaList(text);
  return [
    `#${letter}`,
    form ? values.map((value) => readReference(value, `--tag ${letter}`, form).value) : values,
  ];
}

/** Parses a public key. `where` names its place in the error message. */
export function readPublicKey(given: string, where: string): string {
  return readReference(given, where, PUBKEY).value;
}

export function readEventId(given: string, where: string): string {
  return readReference(given, where, EVENT_ID).value;
}
