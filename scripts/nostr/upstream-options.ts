/** The settings of an upstream as options of a command. */
import { parseUpstreamSettings } from "../../store/upstreams/upstream-settings.ts";
import { UsageError } from "../shared/usage.ts";
import { FILTER_OPTIONS, filterOf } from "./filter-options.ts";

const { authors, kinds, kind, tag } = FILTER_OPTIONS;

export const SETTINGS_OPTIONS = {
  filter: { type: "string", multiple: true },
  authors,
  kinds,
  kind,
  tag,
  direction: { type: "string" },
  live: { type: "boolean" },
  "no-live": { type: "boolean" },
  interval: { type: "string" },
  history: { type: "string" },
  rate: { type: "string" },
} as const;

export const SETTINGS_HELP = `  --authors LIST     only events by these keys: hex, npub1… or nprofile1…
  --kinds LIST       only these kinds; --kind is the same
  --tag LETTER=LIST  only events that have this tag with one of these values. If repeated, an event must have
                     all of these tags
  --filter JSON      events that match this filter, such as '{"kinds":[1]}'. If repeated, events that match one of them
  --direction WORD   in: pull its events (default). out: publish there what clients publish here. both
  --live             keep a connection open, on which new events arrive at once. On Cloudflare this keeps an
                     object awake: 4.15 dollars a month for each upstream. --no-live ends it
  --interval SECONDS between two pulls, from 60 (default: the setting PULL_INTERVAL)
  --history SECONDS  how far back the first pull goes, or all (default: the setting PULL_HISTORY)
  --rate NUMBER      at most this many requests a minute, from 1 to 6000
`;

type SettingsValues = {
  [Name in "filter" | "authors" | "kinds" | "kind" | "tag"]?: string[] | undefined;
} & { [Name in "direction" | "interval" | "history" | "rate"]?: string | undefined } & {
  [Name in "live" | "no-live"]?: boolean | undefined;
};

/** Returns the settings that are given, checked as the relay will check them. */
export function settingsOf(values: SettingsValues): Record<string, unknown> {
  const { authors, kinds, kind, tag, direction, live, "no-live": isNotLive } = values;
  if (live && isNotLive) throw new UsageError("--live and --no-live exclude each other");
  const filters = filtersOf(values.filter ?? [], { authors, kinds, kind, tag });
  const settings = {
    ...(filters.length > 0 && { filters }),
    ...(direction !== undefined && { direction }),
    ...(live && { live: true }),
    ...(isNotLive && { live: false }),
    ...numbers(values),
  };
  const parsed = parseUpstreamSettings(settings);
  if (!parsed.ok) throw new UsageError(parsed.reason);
  return settings;
}

/** Returns the filters that are given as JSON, or the one that the options name. */
function filtersOf(given: readonly string[], options: Parameters<typeof filterOf>[0]): object[] {
  const [named] = Object.entries(options).filter(([, value]) => value !== undefined);
  if (given.length > 0 && named) throw new UsageError(`--filter and --${named[0]} exclude each other`);
  if (given.length > 0) return given.map(readFilter);
  const filter = filterOf(options);
  return Object.keys(filter).length > 0 ? [filter] : [];
}

function readFilter(text: string): object {
  const wrong = new UsageError(`--filter is ${JSON.stringify(text)}, expected JSON, such as '{"kinds":[1]}'`);
  let filter: unknown;
  try {
    filter = JSON.parse(text);
  } catch {
    throw wrong;
  }
  if (typeof filter !== "object" || filter === null || Array.isArray(filter)) throw wrong;
  return filter;
}

/** Text that is not a number stays text, and is refused with the sentence for this setting. */
function numbers(values: SettingsValues): Record<string, unknown> {
  const given = (["interval", "history", "rate"] as const).flatMap((name) => {
    const text = values[name];
    return text === undefined ? [] : [[name, /^\d{1,15}$/.test(text) ? Number(text) : text]];
  });
  return Object.fromEntries(given) as Record<string, unknown>;
}
