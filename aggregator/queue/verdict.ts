/** What becomes of an event of an upstream after ingest has judged it. Pure. */
import type { Prefix } from "../../nostr/message.ts";
import { type Outcome, refusalOf } from "../../relay/ingest/ingest.ts";

export type Verdict =
  /** It is stored or delivered, or a newer version is. */
  | { kind: "taken" }
  /** The database has no room. It has to come again. */
  | { kind: "no-room" }
  /** It is dated too far ahead. A later pull asks for it again. */
  | { kind: "too-early" }
  /**
   * It is not stored, and need not be sent again. `refused`: the prefix of the reason, if it counts as a refusal. `letter`: the
   * reason, if an operator may want to look at the event.
   */
  | { kind: "unwanted"; refused?: Prefix; letter?: string };

/** `latest` is the last second that an event may be dated, in Unix seconds. */
export function verdictOn(outcome: Outcome, event: unknown, latest: number): Verdict {
  if (outcome.kind === "no-room") return { kind: "no-room" };
  if (outcome.kind === "superseded" || outcome.kind === "not-meant-for-us") {
    return { kind: "unwanted" };
  }
  const refusal = refusalOf(outcome);
  if (!refusal) return { kind: "taken" };
  if (createdAt(event) > latest) return { kind: "too-early" };
  const { prefix, reason } = refusal;
  // What is blocked here was decided here: nobody needs to look at it again.
  return {
    kind: "unwanted",
    refused: prefix,
    ...(prefix !== "blocked" && { letter: `${prefix}: ${reason}` }),
  };
}

function createdAt(event: unknown): number {
  const time = typeof event === "object" && event !== null && "created_at" in event ? event.created_at : 0;
  return typeof time === "number" ? time : 0;
}
