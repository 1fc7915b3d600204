/** A filter of an upstream as people type it: kinds, authors and tags, each as text. */
import { splitCommaList } from "../../../nostr/comma-list.ts";
import { parseReference, PUBKEY } from "../../../nostr/reference.ts";
import { npubEncode } from "nostr-tools/nip19";
import { isHex64 } from "../../../nostr/event.ts";
import type { UpstreamFilter } from "../../shared/management/answers.ts";

export interface FilterText {
  /** Numbers, separated by commas. */
  kinds: string;
  /** Keys, one a line or separated by commas. */
  authors: string;
  /** One tag a line: `t: nostr, relay`. Inside a value, `\,` is a comma. */
  tags: string;
}

export const EMPTY_FILTER: FilterText = { kinds: "", authors: "", tags: "" };

type Parsed = { ok: true; filter: UpstreamFilter } | { ok: false; field: keyof FilterText; reason: string };

export function parseFilterText({ kinds, authors, tags }: FilterText): Parsed {
  const filter: UpstreamFilter = {};
  const numbers = partsOf(kinds);
  const badKind = numbers.find((kind) => !/^\d{1,5}$/.test(kind) || Number(kind) > 65_535);
  if (badKind !== undefined)
    return refused("kinds", `${quoted(badKind)} is not a kind, a number from 0 to 65535.`);
  if (numbers.length > 0) filter.kinds = numbers.map(Number);
  const keys = partsOf(authors);
  const badKey = keys.find((key) => !parseReference(key, PUBKEY));
  if (badKey !== undefined) return refused("authors", `${quoted(badKey)} is not a public key.`);
  if (keys.length > 0) filter.authors = keys.map((key) => parseReference(key, PUBKEY)?.value ?? key);
  for (const line of tags.split("\n").filter((one) => one.trim() !== "")) {
    const [, letter = "", values = ""] = /^\s*#?([a-zA-Z])\s*[:=]\s*(.*)$/.exec(line) ?? [];
    const list = trimmed(splitCommaList(values));
    if (list.length === 0)
      return refused("tags", `${quoted(line)} is not a letter, a colon and values, such as t: nostr, relay.`);
    filter[`#${letter}`] = list;
  }
  return { ok: true, filter };
}

export function filterText(filter: UpstreamFilter): FilterText {
  const { kinds = [], authors = [], ...tags } = filter;
  return {
    kinds: kinds.join(", "),
    authors: authors.map((key) => (isHex64(key) ? npubEncode(key) : key)).join("\n"),
    tags: Object.entries(tags)
      .map(([field, values]: [string, string[]]) => `${field.slice(1)}: ${values.map(escaped).join(", ")}`)
      .join("\n"),
  };
}

/** Says what a filter asks for, in a few words. */
export function describeFilter(filter: UpstreamFilter): string {
  const parts = Object.entries(filter).map(([field, values]: [string, (string | number)[]]) => {
    if (field === "authors") return values.length === 1 ? "1 author" : `${values.length} authors`;
    const listed = values.slice(0, 6).join(", ");
    const rest = values.length > 6 ? ` and ${values.length - 6} more` : "";
    return field === "kinds" ? `kinds ${listed}${rest}` : `${field} ${listed}${rest}`;
  });
  return parts.length === 0 ? "everything" : parts.join("; ");
}

/** Returns whether filters survive being written as text: a value may have a line break, or spaces at its ends. */
export function areWritable(filters: readonly UpstreamFilter[]): boolean {
  return filters.every((filter) => {
    const parsed = parseFilterText(filterText(filter));
    return parsed.ok && isSame(parsed.filter, filter);
  });
}

/** The values are in the same order, and the fields may be in another. */
function isSame(a: UpstreamFilter, b: UpstreamFilter): boolean {
  const fields = Object.entries(a) as [keyof UpstreamFilter, unknown][];
  return (
    fields.length === Object.keys(b).length &&
    fields.every(([field, values]) => JSON.stringify(values) === JSON.stringify(b[field]))
  );
}

function partsOf(text: string): string[] {
  return trimmed(text.split(/[,\n]/));
}

function trimmed(parts: string[]): string[] {
  return parts.map((part) => part.trim()).filter((part) => part !== "");
}

function escaped(value: string): string {
  return value.replace(/[\\,]/g, "\\$&");
}

function quoted(text: string): string {
  return `“${text.slice(0, 60)}”`;
}

function refused(field: keyof FilterText, reason: string): Parsed {
  return { ok: false, field, reason };
}
