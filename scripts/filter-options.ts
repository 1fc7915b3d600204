/** The fields of a filter as options of a command. */
import { decode } from "nostr-tools/nip19";
import { splitCommaList } from "../http/comma-list.ts";
import { isHex64 } from "../nostr/event.ts";
import { parseFilter } from "../nostr/filter.ts";
import { UsageError } from "./usage.ts";

const LIST = { type: "string", multiple: true } as const;

export const FILTER_OPTIONS = {
  ids: LIST,
  authors: LIST,
  kinds: LIST,
  tag: LIST,
  since: { type: "string" },
  until: { type: "string" },
  limit: { type: "string" },
  search: { type: "string" },
} as const;

export type FilterValues = {
  [Name in "ids" | "authors" | "kinds" | "tag"]?: string[] | undefined;
} & { [Name in "since" | "until" | "limit" | "search"]?: string | undefined };

/** The filter as it goes to the relay. */
export function filterOf(values: FilterValues): Record<string, unknown> {
  const filter: Record<string, unknown> = {};
  if (values.ids) filter["ids"] = list(values.ids).map((id) => hexOf(id, "--ids", eventIdOf));
  if (values.authors)
    filter["authors"] = list(values.authors).map((key) => hexOf(key, "--authors", pubkeyOf));
  if (values.kinds) filter["kinds"] = list(values.kinds).map((kind) => numberOf(kind, "--kinds"));
  for (const name of ["since", "until", "limit"] as const) {
    const given = values[name];
    if (given !== undefined) filter[name] = numberOf(given, `--${name}`);
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
  if (!/^\d{1,15}$/.test(given)) {
    throw new UsageError(`${option} has ${JSON.stringify(given)}, expected a number`);
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
  const values = splitCommaList(text);
  if (letter === "e") return ["#e", values.map((id) => hexOf(id, "--tag e", eventIdOf))];
  if (letter === "p") return ["#p", values.map((key) => hexOf(key, "--tag p", pubkeyOf))];
  return [`#${letter}`, values];
}

type Decoded = ReturnType<typeof decode>;

function eventIdOf({ type, data }: Decoded): string | undefined {
  if (type === "note") return data;
  return type === "nevent" ? data.id : undefined;
}

function pubkeyOf({ type, data }: Decoded): string | undefined {
  if (type === "npub") return data;
  return type === "nprofile" ? data.pubkey : undefined;
}

/** `where` names it in what is said when it is none. */
export function readPublicKey(given: string, where: string): string {
  return hexOf(given, where, pubkeyOf);
}

export function readEventId(given: string, where: string): string {
  return hexOf(given, where, eventIdOf);
}

/** Hex as it is; what NIP-19 encodes, decoded. A secret key given by mistake is not repeated. */
function hexOf(given: string, option: string, pick: (decoded: Decoded) => string | undefined): string {
  const hex = isHex64(given) ? given : decoded(given, pick);
  if (hex !== undefined) return hex;
  const shown = /nsec1/i.test(given) ? "a secret key" : JSON.stringify(given);
  const forms = pick === eventIdOf ? "note1… or nevent1…" : "npub1… or nprofile1…";
  throw new UsageError(`${option} has ${shown}, expected 64 lower-case hex characters, ${forms}`);
}

function decoded(given: string, pick: (decoded: Decoded) => string | undefined): string | undefined {
  try {
    return pick(decode(given));
  } catch {
    return undefined;
  }
}
