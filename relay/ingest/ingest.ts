/** The one path for every event into the store, from every source. Nothing else stores events. */
import { asksToVanishFrom } from "../../nostr/deletion.ts";
import { type Event, eventId, kindClass, parseEvent } from "../../nostr/event.ts";
import { VANISH } from "../../nostr/kinds.ts";
import type { Prefix, Refusal } from "../../nostr/message.ts";
import { normalizeRelayUrl } from "../../nostr/relay-url.ts";
import { searchableText } from "../../nostr/search.ts";
import { type Verify, WRONG_ID, WRONG_SIGNATURE } from "../../nostr/signature.ts";
import type { Fate } from "../../store/store.ts";
import { NO_ROOM } from "../../store/database/store-size.ts";
import type { TracePlace } from "../../telemetry/tracing.ts";
import { hasLongText } from "./event-weight.ts";
import type { Rule } from "../access/policy.ts";
import { hashingCost, SIGNATURE_COST, textCost } from "../limits/cost.ts";

/** The outcomes of ingest. If the store fails, there is no outcome and `ingest` rejects. */
export type Outcome =
  | Fate
  | { kind: "passed-on" }
  /** A request to vanish that is for other relays (NIP-62). */
  | { kind: "not-meant-for-us" }
  | { kind: "refused"; prefix: Prefix; reason: string };

/** The sender of an event. */
export interface Sender {
  /** Keys that the sender has authenticated as (NIP-42). */
  keys: ReadonlySet<string>;
  /** The addresses of this relay. */
  addresses: readonly string[];
  /** Identifies the sender in the queue. */
  client?: unknown;
  /** Where the event is in its trace. */
  trace?: TracePlace | undefined;
}

export interface IngestDeps {
  rules: Rule[];
  /** Returns why the relay's operators refuse the event. Called if no rule refuses it. */
  refuseWrite(event: Event, sender: Sender): Promise<Refusal | undefined>;
  verify: Verify;
  /** Computes the id of an event. A platform may pass a faster function than the default. */
  idOf?: ((event: Event) => string) | undefined;
  /** Resolves when the sender's turn for work of this cost comes. */
  turn(client: unknown, cost: number): Promise<void>;
  /** Unix seconds. */
  now(): number;
  commit(event: Event, sender: Sender): Promise<Fate>;
  /** Delivers an ephemeral event to live subscriptions, unless it was deleted before it arrived. */
  passOn(event: Event, sender: Sender): Promise<Outcome>;
}

export type Ingest = (value: unknown, sender: Sender) => Promise<Outcome>;

export function ingestPath(deps: IngestDeps): Ingest {
  const idOf = deps.idOf ?? eventId;
  return async (value, sender) => {
    const parsed = parseEvent(value);
    if (!parsed.ok) return refused("invalid", parsed.reason);
    const { event } = parsed;
    const isPassing = kindClass(event.kind) === "ephemeral";
    const isCutHere = !isPassing && !hasLongText(event);
    const cuttingCost = isCutHere ? textCost(event) : 0;
    await deps.turn(sender.client, SIGNATURE_COST + hashingCost(event) + cuttingCost);
    if (idOf(event) !== event.id) return refused("invalid", WRONG_ID);
    const context = { now: deps.now(), keys: sender.keys };
    for (const rule of deps.rules) {
      const refusal = rule(event, context);
      if (refusal) return refused(refusal.prefix, refusal.reason);
    }
    const refusal = await deps.refuseWrite(event, sender);
    if (refusal) return refused(refusal.prefix, refusal.reason);
    if (!deps.verify(event)) return refused("invalid", WRONG_SIGNATURE);
    if (event.kind === VANISH && !asksToVanishFrom(event, sender.addresses, normalizeRelayUrl)) {
      return { kind: "not-meant-for-us" };
    }
    if (isPassing) return deps.passOn(event, sender);
    // Split the text now, because this turn has room for it: a batch needs the texts of all its events at once. The commit
    // splits long texts, if the event is new.
    if (isCutHere) searchableText(event);
    return deps.commit(event, sender);
  };
}

/** Returns the refusal of an outcome; undefined if the event was accepted. */
export function refusalOf(outcome: Outcome): Refusal | undefined {
  if (outcome.kind === "refused") return outcome;
  if (outcome.kind === "banned")
    return { prefix: "blocked", reason: "this event or its author is banned on this relay" };
  if (outcome.kind === "no-room") return { prefix: "error", reason: NO_ROOM };
  if (outcome.kind !== "deleted") return undefined;
  return { prefix: "blocked", reason: "its author or its recipient has deleted it" };
}

/** Returns the last two fields of the OK message for an outcome. */
export function okFields(outcome: Outcome): [accepted: boolean, message: string] {
  const refusal = refusalOf(outcome);
  if (refusal) return [false, `${refusal.prefix}: ${refusal.reason}`];
  return [true, REMARKS[outcome.kind] ?? ""];
}

const REMARKS: Partial<Record<Outcome["kind"], string>> = {
  duplicate: "duplicate: this event is already stored",
  superseded: "duplicate: a newer version of this event is stored",
  "not-meant-for-us": "mute: this request to vanish is for other relays",
};

function refused(prefix: Prefix, reason: string): Outcome {
  return { kind: "refused", prefix, reason };
}
