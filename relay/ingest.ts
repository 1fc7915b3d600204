/** The one door: every event enters here, by whatever way it came, and nothing is stored around it. */
import { type Event, eventId, kindClass, parseEvent } from "../nostr/event.ts";
import type { Prefix } from "../nostr/message.ts";
import type { Verify } from "../nostr/signature.ts";
import type { Fate } from "../store/store.ts";
import type { Rule } from "./policy.ts";

/** Every ending of the one door. Storage that fails is no outcome: `ingest` rejects. */
export type Outcome = Fate | { kind: "passed-on" } | { kind: "refused"; prefix: Prefix; reason: string };

export interface IngestDeps {
  rules: Rule[];
  verify: Verify;
  /** Unix seconds. */
  now(): number;
  commit(event: Event, traceparent?: string): Promise<Fate>;
  /** Hands an ephemeral event to those who listen now. */
  passOn(event: Event, traceparent?: string): Promise<void>;
}

/** `traceparent` is the trace that the event came in. */
export type Ingest = (value: unknown, traceparent?: string) => Promise<Outcome>;

export function createIngest(deps: IngestDeps): Ingest {
  return async (value, traceparent) => {
    const parsed = parseEvent(value);
    if (!parsed.ok) return refused("invalid", parsed.reason);
    const { event } = parsed;
    if (eventId(event) !== event.id) return refused("invalid", "id is not the hash of the event");
    const now = deps.now();
    for (const rule of deps.rules) {
      const refusal = rule(event, now);
      if (refusal) return refused(refusal.prefix, refusal.reason);
    }
    if (!deps.verify(event)) return refused("invalid", "the signature does not belong to this id and pubkey");
    if (kindClass(event.kind) === "ephemeral") {
      await deps.passOn(event, traceparent);
      return { kind: "passed-on" };
    }
    return deps.commit(event, traceparent);
  };
}

/** The last two fields of the OK message that reports this outcome. */
export function okFields(outcome: Outcome): [accepted: boolean, message: string] {
  switch (outcome.kind) {
    case "stored":
    case "passed-on":
      return [true, ""];
    case "duplicate":
      return [true, "duplicate: this event is already stored"];
    case "superseded":
      return [true, "duplicate: a newer version of this event is stored"];
    case "refused":
      return [false, `${outcome.prefix}: ${outcome.reason}`];
  }
}

function refused(prefix: Prefix, reason: string): Outcome {
  return { kind: "refused", prefix, reason };
}
