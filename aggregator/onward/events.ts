/** Which events of this relay's clients are published to another relay. */
import { asksToVanishFrom } from "../../nostr/deletion.ts";
import type { Event } from "../../nostr/event.ts";
import { isExpired } from "../../nostr/expiration.ts";
import { anyMatcher } from "../../nostr/filter.ts";
import { DELETION, VANISH } from "../../nostr/kinds.ts";
import { normalizeRelayUrl } from "../../nostr/relay-url.ts";
import { PRIVATE_KINDS } from "../../nostr/visibility.ts";
import { isProtected } from "../../relay/access/policy.ts";
import type { UpstreamFilter } from "../../store/upstreams/upstream-settings.ts";
import { filterOf } from "../conversation/upstream-filter.ts";

/**
 * Returns a test for events. `filters` are those of the upstream. Three rules go beyond them:
 * - A protected event never leaves: only its author may publish it (NIP-70).
 * - A kind that not everybody may read here, such as a gift wrap, leaves only if a filter names it.
 * - A deletion leaves if its author matches, whatever the kinds and tags of the filters are, because it may delete an event that
 *   matched. So does a request to vanish that is for that relay too (NIP-62).
 * `now` is in Unix seconds.
 */
export function leavesFor(
  url: string,
  filters: readonly UpstreamFilter[],
): (event: Event, now: number) => boolean {
  const parsed = filters.map(filterOf);
  const matches = anyMatcher(parsed);
  const matchesByKind = anyMatcher(parsed.filter(({ kinds }) => kinds !== undefined));
  const isOfAuthor = anyMatcher(parsed.map(({ authors }) => ({ tags: [], ...(authors && { authors }) })));
  return (event, now) => {
    if (isProtected(event) || isExpired(event, now)) return false;
    if (event.kind === DELETION) return isOfAuthor(event);
    if (event.kind === VANISH) return isOfAuthor(event) && asksToVanishFrom(event, [url], normalizeRelayUrl);
    return PRIVATE_KINDS.includes(event.kind) ? matchesByKind(event) : matches(event);
  };
}
