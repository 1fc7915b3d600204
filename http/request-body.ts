/** A request's JSON, of bounded length whatever the request says of itself. */

export type ParsedBody =
  | { ok: true; value: unknown }
  | { ok: false; code: "too-long" | "invalid"; reason: string };

export async function readJson(request: Request, longest: number): Promise<ParsedBody> {
  const bytes = await readBounded(request.body, longest);
  if (!bytes) return { ok: false, code: "too-long", reason: `the body is longer than ${longest} bytes` };
  return parseJsonBytes(bytes);
}

export function parseJsonBytes(bytes: Uint8Array): ParsedBody {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    return { ok: false, code: "invalid", reason: "the body is not UTF-8" };
  }
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false, code: "invalid", reason: "the body is not JSON" };
  }
}

/** Undefined when there are more than `longest` bytes; the rest is not waited for. */
export async function readBounded(
  body: ReadableStream<Uint8Array> | null,
  longest: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = body?.getReader();
  for (let part = await reader?.read(); part?.value; part = await reader?.read()) {
    size += part.value.length;
    if (size > longest) {
      await reader?.cancel();
      return undefined;
    }
    chunks.push(part.value);
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
