/** Reads the JSON body of a request, with bounded length and nesting. Does not trust Content-Length. */
import { readBounded } from "../relay/limits/read-bounded.ts";
import { type JsonShape, MOST_LEVELS, nestedTooDeeply, shapeOf } from "../nostr/json.ts";

type ParsedBody = { ok: true; value: unknown } | { ok: false; code: "too-long" | "invalid"; reason: string };

/** Returns the media type of a body, without parameters, in lower case. */
export function mediaTypeOf({ headers }: Request): string | undefined {
  return headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
}

/** Reads and parses a body. Calls `charge` before it parses, with the shape of the JSON and its length. */
export async function readJson(
  request: Request,
  longest: number,
  charge: (shape: JsonShape, bytes: number) => void,
): Promise<(ParsedBody & { ok: false }) | { ok: true; value: unknown; bytes: Uint8Array }> {
  const bytes = await readBounded(request.body, longest);
  if (!bytes) return { ok: false, code: "too-long", reason: `the body is longer than ${longest} bytes` };
  const parsed = parseJsonBytes(bytes, (shape) => charge(shape, bytes.length));
  return parsed.ok ? { ...parsed, bytes } : parsed;
}

export function parseJsonBytes(bytes: Uint8Array, charge: (shape: JsonShape) => void): ParsedBody {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    return { ok: false, code: "invalid", reason: "the body is not UTF-8" };
  }
  const shape = shapeOf(text);
  charge(shape);
  if (shape.levels > MOST_LEVELS)
    return { ok: false, code: "invalid", reason: `the body is ${nestedTooDeeply(shape.levels)}` };
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false, code: "invalid", reason: "the body is not JSON" };
  }
}
