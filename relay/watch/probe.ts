/**
 * The relay tests itself as a client: it connects, authenticates, publishes an ephemeral and a stored event, and reads both
 * back. Both are gift wraps to the test's own key, so nobody else may see them. The stored one expires and is protected, so it
 * goes nowhere and is gone soon. What the relay's settings refuse is no failure.
 */
import { authentication } from "../../nostr/authentication.ts";
import type { Event } from "../../nostr/event.ts";
import { EPHEMERAL_GIFT_WRAP, GIFT_WRAP } from "../../nostr/kinds.ts";
import { publicKeyOf, signEvent } from "../../nostr/secret-key.ts";
import type { ProbeOutcome } from "../../store/watch/probe.ts";
import { NO_ROOM } from "../../store/database/store-size.ts";
import { ProbeLine, type ProbeSocket } from "./probe-line.ts";

export interface ProbeDeps {
  /** Opens a connection as a client's request would. Rejects with what the relay answered. */
  connect(): Promise<ProbeSocket>;
  /** The key of the test, in hex. */
  secret: string;
  /** The address that the relay believes it has. */
  address: string;
  /** Unix seconds. */
  now(): number;
  milliseconds(): number;
  /** Resolves after some milliseconds, and rejects when it is aborted. */
  wait(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export interface ProbeResult {
  outcome: ProbeOutcome;
  /** The last try, from the connection to the last answer. */
  milliseconds: number;
  /** What was refused or failed. */
  problem?: string;
}

/** A deployment restarts the hubs, so one failure says little. */
export const TRIES = 3;
const PAUSE_MILLISECONDS = 20_000;
const ANSWER_MILLISECONDS = 15_000;
/** How long the stored event lives. Long enough for the clock of a hub to be off. */
export const LIFE_SECONDS = 300;

/** Tries until nothing fails, at most so many times. */
export async function probe(deps: ProbeDeps, most = TRIES): Promise<ProbeResult> {
  let result = await probeOnce(deps);
  for (let tries = 1; tries < most && result.outcome === "failed"; tries += 1) {
    await deps.wait(PAUSE_MILLISECONDS);
    result = await probeOnce(deps);
  }
  return result;
}

async function probeOnce(deps: ProbeDeps): Promise<ProbeResult> {
  const began = deps.milliseconds();
  const took = () => Math.max(0, deps.milliseconds() - began);
  let line: ProbeLine | undefined;
  const limit = new AbortController();
  const late = async (): Promise<never> => {
    await deps.wait(ANSWER_MILLISECONDS, limit.signal);
    throw new Error(`no ${line?.awaited ?? "connection"} within ${ANSWER_MILLISECONDS / 1000} s`);
  };
  const test = async () => {
    line = new ProbeLine(await deps.connect());
    return talk(line, deps);
  };
  try {
    const timeout = late();
    // Aborted when the test has ended: then nobody waits for it.
    timeout.catch(() => undefined);
    const refusals = await Promise.race([test(), timeout]);
    return refusals.length === 0
      ? { outcome: "ok", milliseconds: took() }
      : { outcome: "refused", milliseconds: took(), problem: refusals.join("; ") };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { outcome: "failed", milliseconds: took(), problem };
  } finally {
    limit.abort();
    line?.close();
  }
}

/** Returns what the relay's settings refuse. Throws what failed. */
async function talk(line: ProbeLine, deps: ProbeDeps): Promise<string[]> {
  const passing = event(EPHEMERAL_GIFT_WRAP, [], deps);
  const expiration = String(deps.now() + LIFE_SECONDS);
  const stored = event(GIFT_WRAP, [["expiration", expiration], ["-"]], deps);
  await authenticate(line, stored.pubkey, deps);
  const refusals: string[] = [];
  const live = await line.subscribe("live", { kinds: [EPHEMERAL_GIFT_WRAP], "#p": [passing.pubkey] });
  if (live.refusal !== undefined) refusals.push(refused("a REQ", live.refusal));
  const passed = await line.publish(passing);
  if (passed !== undefined) refusals.push(refused("an ephemeral event", passed));
  else if (live.refusal === undefined) await line.event("live", passing.id);
  const kept = await line.publish(stored);
  if (kept !== undefined) return [...refusals, refused("an event", kept)];
  const found = await line.subscribe("stored", {
    kinds: [GIFT_WRAP],
    ids: [stored.id],
    "#p": [stored.pubkey],
  });
  if (found.refusal !== undefined) return [...refusals, refused("a REQ", found.refusal)];
  if (!found.ids.includes(stored.id)) throw new Error("an event that was stored is not found");
  return refusals;
}

/** A filter for private kinds draws the challenge. */
async function authenticate(line: ProbeLine, pubkey: string, deps: ProbeDeps): Promise<void> {
  const drawn = await line.subscribe("auth", { kinds: [GIFT_WRAP], "#p": [pubkey], limit: 1 });
  if (drawn.refusal === undefined) throw new Error("gift wraps are shown to everybody");
  const { now, address: relay, secret } = deps;
  const refusal = await line.authenticate(
    authentication({ relay, challenge: await line.challenge(), now: now() }, secret),
  );
  if (refusal !== undefined) throw new Error(`the relay did not accept its own authentication: ${refusal}`);
}

function event(kind: number, tags: string[][], { now, secret }: ProbeDeps): Event {
  const recipient = ["p", publicKeyOf(secret)];
  return signEvent({ kind, created_at: now(), tags: [recipient, ...tags], content: "" }, secret);
}

/** Returns what a refusal says. Throws if it says that something failed: only then the prefix is `error:` (NIP-01). */
function refused(what: string, reason: string): string {
  const text = `${what} was refused: ${reason}`;
  // A full database has an alert of its own.
  if (reason.startsWith("error:") && !reason.includes(NO_ROOM)) throw new Error(text);
  return text;
}
