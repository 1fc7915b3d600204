/** What a relay says about itself (NIP-11). */
import type { Relay } from "../load/measure.ts";
import { httpUrl } from "../../shared/relay-option.ts";

/** Returns what a relay supports. Without a document it has none of the NIPs that need one to be known. */
export async function abilitiesOf(relay: string): Promise<Pick<Relay, "nips" | "hasHttpApi">> {
  const [nips, hasHttpApi] = await Promise.all([nipsOf(relay), answersOverHttp(relay)]);
  return { nips, hasHttpApi };
}

async function answersOverHttp(relay: string): Promise<boolean> {
  const response = await fetch(httpUrl(relay, "api/v1/events?limit=1")).catch(() => undefined);
  const text = await response?.text();
  return response?.ok === true && text !== undefined && text.startsWith('{"events":');
}

async function nipsOf(relay: string): Promise<ReadonlySet<number>> {
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
