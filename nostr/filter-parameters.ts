/** The fields of a filter as query parameters: `kinds=1,6&tag.t=nostr&since=1700000000`. */
import { described } from "./characters.ts";
import { splitCommaList } from "./comma-list.ts";
import { plainValue, wrongValue } from "./nip19-value.ts";

type ReadParameter = { ok: true; field: string; value: unknown } | { ok: false; reason: string };

const LISTS = new Set(["ids", "authors", "kinds"]);
const NUMBERS = new Set(["since", "until", "limit"]);
const TAG = /^tag\.[a-zA-Z]$/;

/**
 * Returns a parameter under its name in a filter; undefined if it is not a field of a filter. Lists may be repeated:
 * `tag.t=a&tag.t=b` is `tag.t=a,b`. The filter's parser checks the value.
 */
export function filterField(name: string, given: string[]): ReadParameter | undefined {
  const isTag = TAG.test(name);
  if (isTag || LISTS.has(name)) {
    const values = given.flatMap(splitCommaList).map((value) => plainValue(name, value));
    const reason = wrongValue(name, values);
    if (reason !== undefined) return { ok: false, reason };
    const field = isTag ? `#${name.slice("tag.".length)}` : name;
    return { ok: true, field, value: name === "kinds" ? values.map(numeric) : values };
  }
  if (name !== "search" && !NUMBERS.has(name)) return undefined;
  const [value = ""] = given;
  const reason = repeated(name, given);
  if (reason !== undefined) return { ok: false, reason };
  return { ok: true, field: name, value: name === "search" ? value : numeric(value) };
}

/** Returns what is wrong if a parameter that has one value was given several. */
export function repeated(name: string, given: string[]): string | undefined {
  return given.length > 1 ? `${described(name)} is given ${given.length} times, expected once` : undefined;
}

/** Parses a number. Other text stays text, and the filter's parser refuses it. */
function numeric(text: string): unknown {
  return /^\d{1,20}$/.test(text) ? Number(text) : text;
}
