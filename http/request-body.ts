/** Reads the JSON body of a request, with bounded length and nesting. Does not trust Content-Length. */
import type { Context } from "hono";
import { type JsonShape, MOST_LEVELS, nestedTooDeeply, shapeOf } from "../nostr/json.ts";
import type { AppEnv } from "./app-env.ts";
import { clientOf } from "./rate-limit.ts";

interface Unreadable {
  ok: false;
  status: 400 | 413 | 503;
  code: "invalid" | "too-long" | "unavailable";
  reason: string;
}
type ReadBody = { ok: true; bytes: Uint8Array<ArrayBuffer> } | Unreadable;
type ParsedBody = { ok: true; value: unknown } | Unreadable;

/** Returns the media type of a body, without parameters, in lower case. */
export function mediaTypeOf({ headers }: Request): string | undefined {
  return headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
}

/** Reads a body of at most `longest` bytes. Bodies of all clients share a bounded room. */
export async function readBody(c: Context<AppEnv>, longest: number): Promise<ReadBody> {
  const { network } = clientOf(c);
  const bytes = await c.env.bodies.read(c.req.raw.body, { client: network, longest });
  if (bytes === "too-long")
    return { ok: false, status: 413, code: "too-long", reason: `the body is longer than ${longest} bytes` };
  if (bytes === "broken") return invalid("the body is not complete");
  return bytes === "no-room" ? NO_ROOM : { ok: true, bytes };
}

const NO_ROOM: Unreadable = {
  ok: false,
  status: 503,
  code: "unavailable",
  reason: "your requests and those of others have too many bytes at once; try again",
};

/** Reads and parses a body. Calls `charge` before it parses, with the shape of the JSON and its length. */
export async function readJson(
  c: Context<AppEnv>,
  longest: number,
  charge: (shape: JsonShape, bytes: number) => void,
): Promise<Unreadable | { ok: true; value: unknown; bytes: Uint8Array }> {
  const body = await readBody(c, longest);
  if (!body.ok) return body;
  const { bytes } = body;
  const parsed = parseJsonBytes(bytes, (shape) => charge(shape, bytes.length));
  return parsed.ok ? { ...parsed, bytes } : parsed;
}

export function parseJsonBytes(bytes: Uint8Array, charge: (shape: JsonShape) => void): ParsedBody {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    return invalid("the body is not UTF-8");
  }
  const shape = shapeOf(text);
  charge(shape);
  if (shape.levels > MOST_LEVELS) return invalid(`the body is ${nestedTooDeeply(shape.levels)}`);
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return invalid("the body is not JSON");
  }
}

function invalid(reason: string): Unreadable {
  return { ok: false, status: 400, code: "invalid", reason };
}
