/**
 * `POST /api/v1/import`: a batch of events for admins, and of what an export has besides them. Events take the common path of ingest in
 * one turn, so they share its commits. A request is bounded, so that its body can be signed as a whole; a long file is many requests.
 */
import type { Context, Hono } from "hono";
import type { Event } from "../../nostr/event.ts";
import { HTTP_AUTH_SECONDS } from "../../nostr/http-auth.ts";
import type { Config } from "../../relay/config.ts";
import { type Ingest, okFields, refusalOf } from "../../relay/ingest/ingest.ts";
import { lengthCost } from "../../relay/limits/cost.ts";
import { adminOf } from "../admin.ts";
import type { AppEnv } from "../app-env.ts";
import { orUnavailable, problem } from "../problem.ts";
import {
  answered,
  type LineAnswer,
  linesOf,
  MOST_BATCH_BYTES,
  type ReadLine,
  readLine,
  tooMany,
  UNREACHABLE,
} from "../publish-batch.ts";
import { clientOf } from "../rate-limit.ts";
import { restoreAll, stateName } from "./restore.ts";
import { refused } from "../refusal.ts";
import { readBody } from "../request-body.ts";

export const IMPORT_PATH = "/api/v1/import";

export function addImport(app: Hono<AppEnv>): void {
  app.post(IMPORT_PATH, importEvents);
}

async function importEvents(c: Context<AppEnv>): Promise<Response> {
  // Before the body is read: only an admin may use so much of the relay.
  const sender = adminOf(c);
  if (!sender.ok) return refused(c, sender.refusal);
  const body = await readBody(c, MOST_BATCH_BYTES);
  if (!body.ok) return c.json(problem(body.code, body.reason), body.status);
  const { bytes } = body;
  c.env.limiter.charge(clientOf(c), lengthCost(bytes.length));
  const admin = adminOf(c, bytes);
  if (!admin.ok) return refused(c, admin.refusal);
  const lines = linesOf(bytes);
  const refusal = tooMany(lines);
  if (refusal !== undefined) return c.json(problem("too-long", refusal), 413);
  // Only the length of the body is charged.
  const read = lines.map((line) => readLine(line, longestOf(line, c.env.config), () => undefined));
  const states = read.filter(isState);
  const events = read.filter((line) => !isState(line));
  if (states.length > MOST_STATE_LINES)
    return c.json(problem("too-long", `the body has ${states.length} decisions, ${FEW_STATE_LINES}`), 413);
  if (states.length > 0 && !(await isFirstUse(c, admin.signature))) return refused(c, USED);
  const store = (ingest: Ingest) =>
    Promise.all(events.map((line) => storeLine(c, line, { ingest, admin: admin.pubkey })));
  const stored = (
    events.length === 0 ? [] : await c.env.ingestMany(clientOf(c).network ?? c, store)
  ).values();
  const values = states.map(({ value }) => value);
  const restored = (await restoreAll(c, values, admin.pubkey)).values();
  const answers = read.map((line) => (isState(line) ? restored : stored).next().value);
  return answered(
    c,
    answers.filter((answer) => answer !== undefined),
  );
}

const USED = {
  prefix: "auth-required",
  reason: "the signature has been used before: sign each request on its own",
} as const;

/** Decisions must not be made again by anyone who has read the request, as in the management API. Events that come twice are harmless. */
async function isFirstUse(
  c: Context<AppEnv>,
  { id, created_at }: Pick<Event, "id" | "created_at">,
): Promise<boolean> {
  const { management, now } = c.env;
  return orUnavailable(() => management.store.useAuthorization(id, created_at + HTTP_AUTH_SECONDS, now()));
}

/** Each takes several statements, of which a Worker may make few. */
export const MOST_STATE_LINES = 20;
const FEW_STATE_LINES = `and at most ${MOST_STATE_LINES} are restored at once`;
const LIST = 0x5b;

/** An upstream with its progress may be longer than a message. */
function longestOf(line: Uint8Array, config: Config): number {
  return line.find((byte) => byte > 0x20) === LIST ? MOST_BATCH_BYTES : config.MAX_MESSAGE_LENGTH;
}

function isState(read: ReadLine): read is Extract<ReadLine, { ok: true }> {
  return read.ok && stateName(read.value) !== undefined;
}

/** Never rejects, as in a batch of anybody. */
async function storeLine(
  c: Context<AppEnv>,
  read: ReadLine,
  { ingest, admin }: { ingest: Ingest; admin: string },
): Promise<LineAnswer> {
  const { config, metrics, report } = c.env;
  if (!read.ok) {
    metrics.add("events_refused_total", { source: "http", reason: "invalid" });
    return read.answer;
  }
  const { id, value } = read;
  const { origin } = new URL(c.req.url);
  try {
    const outcome = await ingest(value, {
      // An admin vouches for what authors have published elsewhere, such as their protected events (NIP-70).
      keys: new Set([admin, ...authorOf(value)]),
      addresses: [config.RELAY_URL || origin.replace(/^http/, "ws")],
      client: admin,
    });
    const refusal = refusalOf(outcome);
    if (refusal) metrics.add("events_refused_total", { source: "http", reason: refusal.prefix });
    const [ok, reason] = okFields(outcome);
    return { id, ok, reason };
  } catch (error) {
    report(error);
    return { id, ok: false, reason: UNREACHABLE };
  }
}

function authorOf(value: unknown): string[] {
  const { pubkey } = (value ?? {}) as { pubkey?: unknown };
  return typeof pubkey === "string" ? [pubkey] : [];
}
