/** What signs events for the person at the page. The page itself never needs to know where the secret key is. */
import type { Event } from "../../../nostr/event.ts";

export type Template = Pick<Event, "kind" | "created_at" | "tags" | "content">;

/** extension: a browser extension (NIP-07). remote: a remote signer (NIP-46). key: a secret key in this page's memory. */
export type Way = "extension" | "remote" | "key";

export interface Signer {
  pubkey: string;
  way: Way;
  /** Rejects with an error whose message is for people, such as when the person declines. */
  sign(template: Template): Promise<Event>;
  /** Ends connections and forgets secrets. */
  forget(): Promise<void>;
}

/** Returns an event from outside if it is what was to be signed; the relay checks the signature. Throws otherwise. */
export function signedAsAsked(signed: unknown, template: Template, pubkey: string): Event {
  const event = (typeof signed === "object" && signed !== null ? signed : {}) as Event;
  if (event.pubkey !== pubkey)
    throw new Error("The signer has signed with another key. Sign out, and sign in again.");
  const isSame =
    event.kind === template.kind &&
    event.created_at === template.created_at &&
    event.content === template.content &&
    JSON.stringify(event.tags) === JSON.stringify(template.tags);
  if (!isSame || typeof event.id !== "string" || typeof event.sig !== "string")
    throw new Error("The signer has not signed what it was asked to sign.");
  return event;
}
