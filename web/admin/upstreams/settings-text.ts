/** The settings of an upstream as people type them. */
import type { UpstreamSettings } from "../../shared/management/answers.ts";
import { EMPTY_FILTER, filterText, type FilterText, parseFilterText } from "./filter-text.ts";

export interface SettingsText {
  filters: FilterText[];
  direction: UpstreamSettings["direction"];
  live: boolean;
  /** Seconds; empty for the default. */
  interval: string;
  /** Days, `all`, or empty for the default. */
  history: string;
  rate: string;
}

export const NEW_SETTINGS: SettingsText = {
  filters: [EMPTY_FILTER],
  direction: "in",
  live: false,
  interval: "",
  history: "",
  rate: "",
};

const DAY = 86_400;

/** By the name of the field; those of filters by their number, such as `filters.0.kinds`. */
export type Problems = Record<string, string>;

export function settingsText({
  filters,
  direction,
  live,
  interval,
  history,
  rate,
}: UpstreamSettings): SettingsText {
  return {
    filters: filters.map(filterText),
    direction,
    live,
    interval: String(interval ?? ""),
    history: typeof history === "number" ? String(history / DAY) : (history ?? ""),
    rate: String(rate ?? ""),
  };
}

/** Returns the settings for the relay, in which null restores a default, or what is wrong with them. */
export function parseSettingsText(
  text: SettingsText,
): { ok: true; settings: Record<string, unknown> } | { ok: false; problems: Problems } {
  const problems: Problems = {};
  const filters = text.filters.map((one, at) => {
    const parsed = parseFilterText(one);
    if (parsed.ok) return parsed.filter;
    problems[`filters.${at}.${parsed.field}`] = parsed.reason;
    return {};
  });
  const interval = wholeNumber(text.interval);
  if (Number.isNaN(interval)) problems["interval"] = "This is not a whole number.";
  const rate = wholeNumber(text.rate);
  if (Number.isNaN(rate)) problems["rate"] = "This is not a whole number.";
  const history = historyOf(text.history.trim());
  if (Number.isNaN(history)) problems["history"] = "Expected a number of days, or all.";
  if (Object.keys(problems).length > 0) return { ok: false, problems };
  const { direction, live } = text;
  return { ok: true, settings: { filters, direction, live, interval, history, rate } };
}

function wholeNumber(text: string): number | null {
  if (text.trim() === "") return null;
  return /^\d{1,9}$/.test(text.trim()) ? Number(text) : Number.NaN;
}

function historyOf(text: string): number | "all" | null {
  if (text === "" || text === "all") return text === "" ? null : "all";
  return /^\d{1,5}(\.\d+)?$/.test(text) ? Math.round(Number(text) * DAY) : Number.NaN;
}
