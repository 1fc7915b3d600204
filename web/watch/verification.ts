/** Checks an event in the browser. The page loads this when someone opens an event. */
import type { Event } from "../../nostr/event.ts";
import { forgeryOf, verifySignature } from "../../nostr/signature.ts";

/** Returns what is wrong with an event; undefined if its id and its signature are right. */
export function problemOf(event: Event): string | undefined {
  return forgeryOf(event, (signed) => {
    try {
      return verifySignature(signed);
    } catch {
      // The key is not a point of the curve.
      return false;
    }
  });
}
