/** The interface that each client library is tested through. An adapter implements it with the calls of its library. */
import { type EventTemplate, finalizeEvent, generateSecretKey, type VerifiedEvent } from "nostr-tools";

export type { EventTemplate };

// An alias and not an interface, so that it is assignable to types with an index signature.
export type Filter = {
  ids?: string[];
  authors?: string[];
  kinds?: number[];
  limit?: number;
  search?: string;
  "#p"?: string[];
  "#t"?: string[];
};

/** The parts that not every library supports. docs/clients.md says what a library lacks. */
export type Part = "publish" | "live" | "auth" | "refusal" | "count";

export interface Library {
  /** The name of the package. */
  name: string;
  /** Why it lacks a part. */
  lacks: Partial<Record<Part, string>>;
  /** For docs/clients.md: what an app has to set or to know. */
  needs: string;
  /** With a key, the client has a signer, and authenticates when the relay asks (NIP-42). */
  connect(url: string, key?: Uint8Array): Promise<Client>;
}

export interface Client {
  /** Returns the ids of stored events. Resolves when the library says that these are all. */
  query(filter: Filter): Promise<string[]>;
  /** Resolves with the id when the relay has accepted the event. */
  publish?(draft: EventTemplate): Promise<string>;
  /** Resolves when the library says that all stored events have come. Then it calls `onEvent` for new events. */
  follow?(filter: Filter, onEvent: (id: string) => void): Promise<void>;
  count?(filter: Filter): Promise<number>;
  /** Returns the relay information document, if the library has a call for it. */
  document?(): Promise<unknown>;
  /** Closes the connections as an app does. */
  close(): unknown;
}

/** Signs an event for libraries that do not sign, with the user's key or a new one. */
export function signed(draft: EventTemplate, key: Uint8Array = generateSecretKey()): VerifiedEvent {
  return finalizeEvent(draft, key);
}

/** Returns a signed answer to a challenge (NIP-42), for libraries that leave this to the app. */
export function authEvent(url: string, challenge: string, key: Uint8Array): VerifiedEvent {
  const tags = [
    ["relay", url],
    ["challenge", challenge],
  ];
  return signed({ kind: 22_242, created_at: now(), tags, content: "" }, key);
}

export function idsOf(events: Iterable<{ id: string }>): string[] {
  return Array.from(events, ({ id }) => id);
}

export function now(): number {
  return Math.floor(Date.now() / 1000);
}
