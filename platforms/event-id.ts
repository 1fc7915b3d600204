/** Ids of events, with the platform's hash function: in JavaScript, hashing 300 kB takes tens of milliseconds. */
import { createHash } from "node:crypto";
import { type Event, serializeEvent } from "../nostr/event.ts";

export function nativeEventId(event: Omit<Event, "id" | "sig">): string {
  return createHash("sha256").update(serializeEvent(event)).digest("hex");
}
