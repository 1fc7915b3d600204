/** An event that fits in no message of a queue. It takes the path of the consumer, but at once. */
import { type Bundle, bytesOf } from "../queue/bundle.ts";
import { consume, type ConsumeDeps, LAST_PATIENCE } from "../queue/consume.ts";
import { NO_ROOM } from "./handover.ts";

export interface LargeEventDeps extends ConsumeDeps {
  /** Maximum size of an event that may be stored, in bytes. */
  longest: number;
}

/** Rejects if it can neither be stored nor be a dead letter now. Then the pull asks for it again. */
export async function ingestLarge(
  event: unknown,
  head: Pick<Bundle, "upstream" | "traceparent">,
  { longest, ...deps }: LargeEventDeps,
): Promise<void> {
  let failure: unknown;
  const message = {
    body: { version: 1, ...head, events: [event] },
    attempts: 1,
    ack: () => undefined,
    // If nothing was reported, there is no room.
    retry: () => void (failure ??= new Error(NO_ROOM)),
  };
  const ingest: ConsumeDeps["ingest"] = async (value, sender) =>
    bytesOf(value) > longest
      ? { kind: "refused", prefix: "invalid", reason: `the event is longer than ${longest} bytes` }
      : deps.ingest(value, sender);
  await consume([message], { ...deps, ingest, report: (error) => void (failure = error) }, LAST_PATIENCE);
  if (failure !== undefined) throw failure;
}
