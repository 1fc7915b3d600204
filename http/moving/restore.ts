/**
 * Restores lines of `relay-state.ts`. Each is decided and audited as a call of the management API by the admin who imports it. A line
 * that was restored before changes nothing.
 */
import type { Context } from "hono";
import { described } from "../../nostr/characters.ts";
import { type Call, type MethodName, parseCall } from "../../nostr/management.ts";
import { parseMovedCursor } from "../../store/upstreams/moved-cursor.ts";
import type { Change } from "../../store/moderation/moderation.ts";
import type { Origin } from "../../store/upstreams/upstreams.ts";
import type { AppEnv } from "../app-env.ts";
import { askedOf } from "../management/asked.ts";
import type { Asked, Decision } from "../decision.ts";
import { decide } from "../management/management-methods.ts";
import { METHOD_OF } from "../management/management-settings.ts";
import { type LineAnswer, UNREACHABLE } from "../publish-batch.ts";

export type StateName = "DECISION" | "UPSTREAM";

type Restored = { ok: true; isForHubs: boolean } | { ok: false; reason: string };

/** The methods whose calls are restored. */
const RESTORED: ReadonlySet<MethodName> = new Set<MethodName>([
  ...Object.values(METHOD_OF),
  "createrole",
  "assignrole",
  "allowpubkey",
  "banpubkey",
  "allowevent",
  "banevent",
  "allowkind",
  "disallowkind",
  "blockip",
  "addoutbox",
]);

/** Returns which line of a state it is; undefined if it is another one. */
export function stateName(value: unknown): StateName | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  return value[0] === "DECISION" || value[0] === "UPSTREAM" ? value[0] : undefined;
}

/** Restores lines (`stateName`), one after the other, and then tells all hubs. Never rejects. Returns an answer to each. */
export async function restoreAll(
  c: Context<AppEnv>,
  lines: readonly unknown[],
  admin: string,
): Promise<LineAnswer[]> {
  const answers: LineAnswer[] = [];
  let isForHubs = false;
  for (const line of lines) {
    try {
      const restored = await restore(c, line as [StateName, unknown], admin);
      if (restored.ok) isForHubs ||= restored.isForHubs;
      answers.push({ id: null, ok: restored.ok, reason: restored.ok ? "" : restored.reason });
    } catch (error) {
      c.env.report(error);
      answers.push({ id: null, ok: false, reason: UNREACHABLE });
    }
  }
  // A hub that does not answer applies the changes a minute later.
  if (isForHubs) await c.env.management.announce().catch((error: unknown) => c.env.report(error));
  return answers;
}

/** Restores one line. Rejects if the database does not answer. */
async function restore(
  c: Context<AppEnv>,
  [name, value]: [StateName, unknown],
  admin: string,
): Promise<Restored> {
  const asked = askedOf(c);
  const read = name === "DECISION" ? readDecision(value) : readUpstream(value, asked.now);
  if (typeof read === "string") return { ok: false, reason: `invalid: ${read}` };
  const { call, moved } = read;
  const decision = await decideAgain(call, asked, moved?.origin);
  const { method, params } = call;
  const entry = { at: asked.now, pubkey: admin, method, params };
  const { store } = c.env.management;
  if (decision.kind === "refuse") {
    await store.change([], { ...entry, outcome: decision.reason });
    return { ok: false, reason: `restricted: ${decision.reason}` };
  }
  const changes = decision.kind === "change" ? decision.changes : [];
  // The events of a banned key are removed within a minute (`relay/sweep.ts`).
  await store.change([...changes, ...(moved?.changes ?? [])], { ...entry, outcome: "done" });
  return { ok: true, isForHubs: decision.kind === "change" && decision.isForAggregator !== true };
}

interface Read {
  call: Call;
  /** Of an upstream, what a call cannot do. */
  moved?: { origin: Origin; changes: Change[] };
}

function readDecision(value: unknown): Read | string {
  const parsed = parseCall(value);
  if (!parsed.ok) return parsed.reason;
  const { call } = parsed;
  return RESTORED.has(call.method) ? { call } : `calls of ${call.method} are not restored`;
}

function readUpstream(value: unknown, now: number): Read | string {
  if (typeof value !== "object" || value === null)
    return `the upstream is ${described(value)}, expected an object`;
  const { url, origin, isPaused, settings, cursor } = value as Record<string, unknown>;
  if (origin !== "operator" && origin !== "outbox")
    return `origin is ${described(origin)}, expected operator or outbox`;
  if (typeof isPaused !== "boolean") return `isPaused is ${described(isPaused)}, expected true or false`;
  if (settings === undefined) return "the settings of the upstream are missing";
  const parsed = parseCall({ method: "addupstream", params: [url, settings] });
  if (!parsed.ok) return parsed.reason;
  const moved = parseMovedCursor(cursor, now);
  if (!moved.ok) return moved.reason;
  const address = parsed.call.values[0] as string;
  const changes: Change[] = [
    { do: isPaused ? "pause-upstream" : "resume-upstream", url: address },
    { do: "restore-cursor", url: address, cursor: moved.value },
  ];
  return { call: parsed.call, moved: { origin, changes } };
}

/** Decides on a call. If what it adds is there already, it is changed to be the same. `origin` is that of a new upstream. */
async function decideAgain(call: Call, asked: Asked, origin: Origin = "operator"): Promise<Decision> {
  const { method, values } = call;
  const [first, second] = values;
  if (method === "createrole" && (await asked.store.roles()).some(({ id }) => id === first))
    return decide({ ...call, method: "editrole" }, asked);
  if (method === "addoutbox" && (await asked.store.outbox()).keys.some(({ pubkey }) => pubkey === first))
    return { kind: "answer", result: true };
  if (method !== "addupstream") return decide(call, asked);
  const url = first as string;
  const { found } = await asked.store.upstream(url);
  if (asked.config.UPSTREAMS.includes(url) || (found && found.origin !== "settings")) {
    const absent = { interval: null, history: null, rate: null };
    const settings = { ...absent, ...(second as object) };
    return decide({ ...call, method: "changeupstream", values: [url, settings] }, asked);
  }
  const decision = await decide(call, asked);
  if (decision.kind !== "change") return decision;
  const changes = decision.changes.map((change) =>
    change.do === "put-upstream" ? { ...change, origin } : change,
  );
  return { ...decision, changes };
}
