/** An EVENT to another relay, and its OK. */
import type { Event } from "../../nostr/event.ts";
import { type Exchange, type Interruption, shortText, type Traffic } from "./line.ts";

/** The part of a conversation that publishing needs. */
export interface Outlet {
  /** Publishes an event and waits for the answer. Never rejects. */
  offer(event: Event): Promise<Offered>;
  close(): void;
  /** The text of the last NOTICE. */
  readonly notice: string | undefined;
  readonly traffic: Readonly<Traffic>;
}

export interface Offered {
  ending:
    | { how: "accepted"; isKnown: boolean }
    /** OK with false, and its reason. */
    | { how: "closed"; reason: string }
    /** The relay wants authentication (NIP-42), which was not possible. */
    | { how: "auth"; reason: string }
    | Interruption;
}

/** A slow relay checks and stores an event in this time, in milliseconds. */
const WITHIN = 15_000;

export function offerExchange(event: Event): Exchange<Offered> {
  return {
    message: ["EVENT", event],
    within: WITHIN,
    take([verb, id, isAccepted, remark]) {
      if (verb !== "OK" || id !== event.id) return undefined;
      const reason = shortText(remark);
      const isKnown = reason.startsWith("duplicate:");
      return {
        done: {
          ending: isAccepted === true || isKnown ? { how: "accepted", isKnown } : { how: "closed", reason },
        },
      };
    },
    interrupted: (ending) => ({ ending }),
  };
}
