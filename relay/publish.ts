/** One EVENT, from the door to its OK. */
import { type Event, isHex64 } from "../nostr/event.ts";
import { okFrame } from "../nostr/message.ts";
import { idOf } from "./authenticate.ts";
import type { Hub } from "./hub.ts";
import { okFields, type Outcome, type Source } from "./ingest.ts";
import type { Session } from "./session.ts";
import { SIGNATURE_COST, storingCost } from "./toll.ts";

export async function publish(
  hub: Hub,
  session: Session,
  value: unknown,
  traceparent: string | undefined,
): Promise<void> {
  const { keys, addresses, ip, network } = session;
  const author = authorOf(value);
  const client = { network, keys: author === undefined ? keys : [...keys, author] };
  const refusal = hub.tooMuch(client);
  hub.toll.pay(session, SIGNATURE_COST);
  const outcome: Outcome = refusal
    ? { kind: "refused", ...refusal }
    : await enter(hub, value, { keys, addresses, ip, traceparent });
  // A key pays for what is new of it, and not for what others send again.
  if (outcome.kind === "stored") hub.toll.pay(client, storingCost(value as Event));
  const [accepted, message] = okFields(outcome);
  if (!accepted) hub.deps.metrics.add("events_refused_counts", "websocket");
  session.send(okFrame(idOf(value), accepted, message));
}

async function enter(hub: Hub, value: unknown, source: Source): Promise<Outcome> {
  try {
    return await hub.ingest(value, source);
  } catch (error) {
    hub.deps.report(error);
    return { kind: "refused", prefix: "error", reason: "the event could not be stored, try again" };
  }
}

function authorOf(event: unknown): string | undefined {
  const author = typeof event === "object" && event !== null && "pubkey" in event ? event.pubkey : undefined;
  return isHex64(author) ? author : undefined;
}
