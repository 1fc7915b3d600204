/** The one door: every event enters here, by whatever way it came, and nothing is stored around it. */
import { asksToVanishFrom, VANISH } from "../nostr/deletion.ts";
import { type Event, eventId, kindClass, parseEvent } from "../nostr/event.ts";
import type { Prefix } from "../nostr/message.ts";
import { normalizeRelayUrl } from "../nostr/relay-url.ts";
import type { Verify } from "../nostr/signature.ts";
import type { Fate } from "../store/store.ts";
import type { Refusal, Rule } from "./policy.ts";

/** Every ending of the one door. Storage that fails is no outcome: `ingest` rejects. */
export type Outcome =
  | Fate
  | { kind: "passed-on" }
  /** A request to vanish from other relays (NIP-62). */
  | { kind: "not-meant-for-us" }
  | { kind: "refused"; prefix: Prefix; reason: string };

/** By whom an event comes, and how. */
export interface Source {
  /** Keys that the sender has proven to hold (NIP-42). */
  keys: ReadonlySet<string>;
  /** The addresses that this relay is known by. */
  addresses: readonly string[];
  /** Where the sender connects from, an IP address; undefined when that is not known, as for what a queue brings. */
  ip: string | undefined;
  /** The trace that the event came in. */
  traceparent?: string | undefined;
}

export interface IngestDeps {
  rules: Rule[];
  /** Asked when no rule objects: whether the relay's operators do. */
  refuseWrite(event: Event, source: Source): Promise<Refusal | undefined>;
  verify: Verify;
  /** Unix seconds. */
  now(): number;
  commit(event: Event, traceparent?: string): Promise<Fate>;
  /** Has it been deleted before it came? */
  isDeleted(event: Event): Promise<boolean>;
  /** Hands an ephemeral event to those who listen now. */
  passOn(event: Event, traceparent?: string): Promise<void>;
}

export type Ingest = (value: unknown, source: Source) => Promise<Outcome>;

export function createIngest(deps: IngestDeps): Ingest {
  return async (value, source) => {
    const parsed = parseEvent(value);
    if (!parsed.ok) return refused("invalid", parsed.reason);
    const { event } = parsed;
    if (eventId(event) !== event.id) return refused("invalid", "id is not the hash of the event");
    const context = { now: deps.now(), keys: source.keys };
    for (const rule of deps.rules) {
      const refusal = rule(event, context);
      if (refusal) return refused(refusal.prefix, refusal.reason);
    }
    const refusal = await deps.refuseWrite(event, source);
    if (refusal) return refused(refusal.prefix, refusal.reason);
    if (!deps.verify(event)) return refused("invalid", "the signature does not belong to this id and pubkey");
    if (event.kind === VANISH && !asksToVanishFrom(event, source.addresses, normalizeRelayUrl)) {
      return { kind: "not-meant-for-us" };
    }
    if (kindClass(event.kind) === "ephemeral") {
      if (await deps.isDeleted(event)) return { kind: "deleted" };
      await deps.passOn(event, source.traceparent);
      return { kind: "passed-on" };
    }
    return deps.commit(event, source.traceparent);
  };
}

/** Undefined for what was accepted. */
export function refusalOf(outcome: Outcome): Refusal | undefined {
  if (outcome.kind === "refused") return outcome;
  if (outcome.kind === "banned")
    return { prefix: "blocked", reason: "this event or its author is banned here" };
  if (outcome.kind !== "deleted") return undefined;
  return { prefix: "blocked", reason: "it has been deleted by its author, or by whoever it was for" };
}

/** The last two fields of the OK message that reports this outcome. */
export function okFields(outcome: Outcome): [accepted: boolean, message: string] {
  const refusal = refusalOf(outcome);
  if (refusal) return [false, `${refusal.prefix}: ${refusal.reason}`];
  return [true, REMARKS[outcome.kind] ?? ""];
}

const REMARKS: Partial<Record<Outcome["kind"], string>> = {
  duplicate: "duplicate: this event is already stored",
  superseded: "duplicate: a newer version of this event is stored",
  "not-meant-for-us": "mute: this request to vanish names other relays",
};

function refused(prefix: Prefix, reason: string): Outcome {
  return { kind: "refused", prefix, reason };
}
