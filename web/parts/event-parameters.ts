/**
 * The parameters that say which events a page shows. Links have the names and values of the HTTP API, so a link can be read,
 * shared and asked over HTTP. A form sends them as people type them: dates, `#nostr #art`, fields that are empty.
 */
import { splitCommaList } from "../../nostr/comma-list.ts";

/** What a form shows, as text. */
export interface FormFields {
  search: string;
  keyword: string;
  authors: string;
  ids: string;
  kinds: number[];
  hashtags: string;
  /** Such as `e=note1…`, one for each other tag. */
  tags: string[];
  since: string;
  until: string;
  order: string;
  limit: string;
}

const LISTS = ["kinds", "authors", "ids"];
const TAG = /^tag\.([a-zA-Z])$/;
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const MINUTE = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$/;
const DAY_SECONDS = 86_400;
/** The last second that a date input can show: the year 9999. */
const LAST_SECOND = 253_402_300_799;

/** Returns the parameters as links have them. What it does not understand stays as it is, so that it can be refused. */
export function linkParameters(given: URLSearchParams): URLSearchParams {
  const lists = new Map<string, string[]>();
  const rest = new URLSearchParams();
  const add = (name: string, values: string[]) =>
    lists.set(name, [...new Set([...(lists.get(name) ?? []), ...values])]);
  for (const [name, value] of given) {
    if (TAG.test(name)) add(name, splitItems(value));
    else if (value.trim() === "") continue;
    else if (LISTS.includes(name)) add(name, value.split(/[\s,]+/).filter(Boolean));
    else if (name === "hashtags")
      add(
        "tag.t",
        value
          .split(/[\s,#]+/)
          .filter(Boolean)
          .flatMap(splitItems),
      );
    else if (name === "tags") addTag(value.trim(), add, rest);
    else if (name === "since" || name === "until") rest.append(name, secondsOf(value.trim(), name));
    else if (name !== "order" || value !== "desc") rest.append(name, value);
  }
  const sorted = [...lists].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return new URLSearchParams([...sorted.map(([name, items]) => [name, items.join(",")]), ...rest]);
}

/** Returns the fields of a form for parameters of a link. */
export function formFields(parameters: URLSearchParams): FormFields {
  const text = (name: string) => parameters.get(name) ?? "";
  const hashtags: string[] = [];
  const tags: string[] = [];
  for (const [name, value] of parameters) {
    const [, letter] = TAG.exec(name) ?? [];
    if (letter === undefined) continue;
    const others = splitItems(value).filter((item) => letter !== "t" || !/^[^\s,#\\]+$/.test(item));
    hashtags.push(...splitItems(value).filter((item) => !others.includes(item)));
    if (others.length > 0) tags.push(`${letter}=${others.join(",")}`);
  }
  return {
    search: text("search"),
    keyword: text("keyword"),
    authors: text("authors").replaceAll(",", " "),
    ids: text("ids").replaceAll(",", " "),
    kinds: splitCommaList(text("kinds")).filter(Boolean).map(Number).filter(Number.isInteger),
    hashtags: hashtags.map((tag) => `#${tag}`).join(" "),
    tags,
    since: shownTime(text("since"), "since"),
    until: shownTime(text("until"), "until"),
    order: text("order") || "desc",
    limit: text("limit"),
  };
}

/** Returns the items of a list as they are written: a comma inside of an item keeps its backslash. */
function splitItems(text: string): string[] {
  return splitCommaList(text).map((item) => item.replaceAll(/[\\,]/g, String.raw`\$&`));
}

function addTag(text: string, add: (name: string, values: string[]) => void, rest: URLSearchParams): void {
  const [, letter, value = ""] = /^([a-zA-Z])\s*=([^]*)$/.exec(text) ?? [];
  if (letter === undefined) rest.append("tags", text);
  else add(`tag.${letter}`, splitItems(value.trim()));
}

/** Dates are days in UTC, so that a link means the same everywhere. */
function secondsOf(text: string, name: "since" | "until"): string {
  if (!DATE.test(text) && !MINUTE.test(text)) return text;
  const start = Date.parse(DATE.test(text) ? text : `${text}Z`) / 1000;
  // Date.parse takes 31 February for 3 March.
  if (Number.isNaN(start) || start < 0 || !new Date(1000 * start).toISOString().startsWith(text)) return text;
  const isLastDay = name === "until" && DATE.test(text);
  return String(isLastDay ? start + DAY_SECONDS - 1 : start);
}

/** Returns a day; a time if the parameter is not the start, or for `until` the end, of a day. */
function shownTime(text: string, name: "since" | "until"): string {
  if (!/^\d{1,12}$/.test(text) || Number(text) > LAST_SECOND) return "";
  const seconds = Number(text);
  const iso = new Date(1000 * seconds).toISOString();
  const isWholeDay = (name === "since" ? seconds : seconds + 1) % DAY_SECONDS === 0;
  return isWholeDay ? iso.slice(0, 10) : iso.slice(0, 19);
}
