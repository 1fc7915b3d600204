/** Types for the part of nostr-relaypool that the tests use. The package has none. */
declare module "nostr-relaypool" {
  import type { Event } from "nostr-tools";
  import type { Filter } from "./library.ts";

  export class RelayPool {
    constructor(relays: string[], options?: { autoReconnect?: boolean });
    subscribe(
      ...args: [
        filters: Filter[],
        relays: string[],
        onEvent: (event: Event, isAfterEose: boolean, relay: string | undefined) => void,
        maxDelayMilliseconds?: number,
        onEose?: (relay: string, minCreatedAt: number) => void,
        options?: { unsubscribeOnEose?: boolean },
      ]
    ): () => void;
    publish(event: Event, relays: string[]): void;
    onauth(
      answer: (
        relay: { auth(event: Event): { on(type: "ok", heard: () => void): void } },
        challenge: string,
      ) => void,
    ): void;
    close(): Promise<void>;
  }
}
