/** The filter of the subscription, from the parameters of the page's address. */
import { quoted } from "../../nostr/characters.ts";
import { parseFilter } from "../../nostr/filter.ts";
import { filterField } from "../../nostr/filter-parameters.ts";

export type WatchFilter = { ok: true; filter: Record<string, unknown> } | { ok: false; reason: string };

/** Those that only make sense for stored events. */
const OF_EXPLORE = new Set(["since", "until", "limit", "order", "keyword", "cursor", "ids"]);

export function watchFilter(parameters: URLSearchParams): WatchFilter {
  const filter: Record<string, unknown> = {};
  for (const name of new Set(parameters.keys())) {
    if (OF_EXPLORE.has(name))
      return { ok: false, reason: `${name} is for stored events. Watch shows those that come now.` };
    const read = filterField(name, parameters.getAll(name));
    if (!read) return { ok: false, reason: `${quoted(name, 40)} is not a parameter here.` };
    if (!read.ok) return read;
    filter[read.field] = read.value;
  }
  const parsed = parseFilter(filter);
  return parsed.ok ? { ok: true, filter } : { ok: false, reason: parsed.reason };
}
