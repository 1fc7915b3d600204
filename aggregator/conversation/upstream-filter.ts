/** The filter of an upstream, to match events with. */
import { type Filter, parseFilter } from "../../nostr/filter.ts";
import type { UpstreamFilter } from "../../store/upstreams/upstream-settings.ts";

/** Throws if the filter is not valid. Stored filters were checked when an operator sent them. */
export function filterOf(filter: UpstreamFilter): Filter {
  const parsed = parseFilter(filter);
  if (!parsed.ok) throw new Error(`a filter of an upstream is not valid: ${parsed.reason}`);
  return parsed.filter;
}
