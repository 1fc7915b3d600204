/** What a relay says about itself (NIP-11). */
import { httpUrl } from "../../shared/relay-option.ts";

/** Returns the NIPs that a relay says it supports; none if it has no document. */
export async function nipsOf(relay: string): Promise<ReadonlySet<number>> {
  const response = await fetch(httpUrl(relay, ""), { headers: { accept: "application/nostr+json" } }).catch(
    () => undefined,
  );
  const document: unknown = response?.ok ? await response.json().catch(() => undefined) : undefined;
  const nips =
    typeof document === "object" && document !== null && "supported_nips" in document
      ? document.supported_nips
      : [];
  return new Set(Array.isArray(nips) ? nips.filter((nip) => typeof nip === "number") : []);
}
