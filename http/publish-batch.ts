/** Publishes many events with one request: one on each line, and an answer on each line (NDJSON). */
import type { Context } from "hono";
import { isHex64 } from "../nostr/event.ts";
import type { JsonShape } from "../nostr/json.ts";
import { okFields } from "../relay/ingest/ingest.ts";
import { lengthCost, parsingCost } from "../relay/limits/cost.ts";
import type { AppEnv } from "./app-env.ts";
import { problem } from "./problem.ts";
import { ingestOne } from "./publish-one.ts";
import { clientOf } from "./rate-limit.ts";
import { parseJsonBytes, readBody } from "./request-body.ts";

export const BATCH_TYPE = "application/x-ndjson";

/** A longer batch would take longer than a request should, and its events and their answers are in memory at once. */
export const MOST_LINES = 500;
export const MOST_BATCH_BYTES = 4_000_000;

/** So many events of a network are stored at once (`writes.ts`): more would only wait. */
const AT_ONCE = 2;

const LINE_FEED = 0x0a;

export interface LineAnswer {
  /** null: the line has no readable id. */
  id: string | null;
  ok: boolean;
  /** As in the OK message (NIP-01); may be empty. */
  reason: string;
}

export async function publishBatch(c: Context<AppEnv>): Promise<Response> {
  const { limiter } = c.env;
  const body = await readBody(c, MOST_BATCH_BYTES);
  if (!body.ok) return c.json(problem(body.code, body.reason), body.status);
  const { bytes } = body;
  limiter.charge(clientOf(c), lengthCost(bytes.length));
  const lines = linesOf(bytes);
  const refusal = tooMany(lines);
  if (refusal !== undefined) return c.json(problem("too-long", refusal), 413);
  const answers: LineAnswer[] = [];
  const left = lines.entries();
  const work = async () => {
    for (const [at, line] of left) answers[at] = await publishLine(c, line);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return answered(c, answers);
}

/** Returns why a batch is refused as a whole, if it has too many lines. */
export function tooMany({ length }: Uint8Array[]): string | undefined {
  return length > MOST_LINES ? `the body has ${length} lines, at most ${MOST_LINES} are allowed` : undefined;
}

export function answered(c: Context<AppEnv>, answers: LineAnswer[]): Response {
  const text = answers.map((answer) => `${JSON.stringify(answer)}\n`).join("");
  return c.body(text, 200, { "content-type": BATCH_TYPE });
}

/** Splits a body into its lines. Empty ones do not count. */
export function linesOf(body: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let from = 0; from < body.length;) {
    const found = body.indexOf(LINE_FEED, from);
    const end = found < 0 ? body.length : found;
    const line = body.subarray(from, end);
    if (line.some((byte) => byte > 0x20)) lines.push(line);
    from = end + 1;
  }
  return lines;
}

/** Never rejects: an event that could not be stored must not hide what happened to the others. */
async function publishLine(c: Context<AppEnv>, line: Uint8Array): Promise<LineAnswer> {
  const { config, limiter, metrics, report } = c.env;
  const limited = limiter.limit(clientOf(c));
  if (limited) return refused(null, `${limited.prefix}: ${limited.reason}`);
  const read = readLine(line, config.MAX_MESSAGE_LENGTH, (shape) =>
    limiter.charge(clientOf(c), parsingCost(shape)),
  );
  if (!read.ok) {
    metrics.add("events_refused_total", { source: "http", reason: "invalid" });
    return read.answer;
  }
  const { id, value } = read;
  try {
    const [ok, reason] = okFields(await ingestOne(c, value));
    return { id, ok, reason };
  } catch (error) {
    report(error);
    return refused(id, UNREACHABLE);
  }
}

export const UNREACHABLE = "error: the relay cannot reach its database; try again";

export type ReadLine = { ok: true; id: string | null; value: unknown } | { ok: false; answer: LineAnswer };

/** Parses a line. Calls `charge` before that, with the shape of the JSON. */
export function readLine(line: Uint8Array, longest: number, charge: (shape: JsonShape) => void): ReadLine {
  if (line.length > longest)
    return { ok: false, answer: refused(null, `invalid: the line is longer than ${longest} bytes`) };
  const json = parseJsonBytes(line, charge);
  if (!json.ok)
    return { ok: false, answer: refused(null, `invalid: ${json.reason.replace("the body", "the line")}`) };
  const { id } = (json.value ?? {}) as { id?: unknown };
  return { ok: true, id: isHex64(id) ? id : null, value: json.value };
}

function refused(id: string | null, reason: string): LineAnswer {
  return { id, ok: false, reason };
}
