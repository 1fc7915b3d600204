/** Fetches the relay information documents of upstreams (NIP-11). */
import { readBounded } from "../../relay/limits/read-bounded.ts";
import type { Announced } from "./announced.ts";
import { CONNECT_MILLISECONDS, fetchFollowing } from "./fetch-following.ts";

const LONGEST_DOCUMENT = 100_000;
const NEGENTROPY = 77;
const COUNT = 45;
const NOTHING: Announced = {};

/** Returns what the relay information document says (NIP-11). */
export async function fetchAnnounced(url: string): Promise<Announced> {
  try {
    const response = await fetchFollowing(url, {
      headers: { accept: "application/nostr+json" },
      signal: AbortSignal.timeout(CONNECT_MILLISECONDS),
    });
    const bytes = await readBounded(response.body, LONGEST_DOCUMENT);
    if (!response.ok || !bytes) return NOTHING;
    const document = JSON.parse(new TextDecoder().decode(bytes)) as {
      limitation?: { max_limit?: unknown };
      supported_nips?: unknown;
    } | null;
    const limit = document?.limitation?.max_limit;
    const nips = document?.supported_nips;
    return {
      ...(Number.isSafeInteger(limit) && (limit as number) > 0 && { maxLimit: limit as number }),
      ...(Array.isArray(nips) && {
        speaksNegentropy: nips.includes(NEGENTROPY),
        counts: nips.includes(COUNT),
      }),
    };
  } catch (error) {
    // Many relays have no such document. Any other answer says nothing.
    if (error instanceof Error) return NOTHING;
    throw error;
  }
}
