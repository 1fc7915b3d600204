/** Opens what is imported: a file or standard input, plain or compressed with gzip or zstd. */
import { createReadStream, openSync, readSync, closeSync, statSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { PassThrough, type Readable } from "node:stream";
import zlib from "node:zlib";
import { CommandError, messageOf, UsageError } from "../shared/usage.ts";
import { framesOf } from "./zstd-frames.ts";

export type Compression = "gzip" | "zstd";

export interface Source {
  /** The bytes, decompressed. A broken file ends them with a CommandError. */
  bytes: AsyncIterable<Uint8Array>;
  /** How many bytes of the file have been read, before they are decompressed. */
  read(): number;
  /** The size of the file. Undefined for standard input. */
  size: number | undefined;
}

const CHUNK = 65_536;
const MAGIC_BYTES = 4;

/** Opens a file, or standard input for `-`. `skip` decompressed bytes are left out. */
export async function openSource(name: string, skip = 0): Promise<Source> {
  return name === "-" ? openInput() : openFile(name, skip);
}

function openFile(name: string, skip: number): Source {
  const { size, first } = lookAt(name, MAGIC_BYTES);
  const compression = compressionOf(first);
  refuseUtf16(name, first);
  const start = compression === undefined ? skip : 0;
  const file = createReadStream(name, { start, highWaterMark: CHUNK });
  const bytes = compression === undefined ? file : decompressed(file, compression);
  const left = compression === undefined ? bytes : without(bytes, skip);
  return { bytes: orCommandError(name, left), read: () => start + file.bytesRead, size };
}

async function openInput(): Promise<Source> {
  if (process.stdin.isTTY) throw new UsageError("name a file, or pass the events on standard input");
  const input = process.stdin;
  let read = 0;
  const counted = new PassThrough({ highWaterMark: CHUNK });
  input.on("data", (chunk: Uint8Array) => (read += chunk.length));
  // The reader of `counted` gets its error.
  pipeline(input, counted).catch((error: unknown) => counted.destroy(error as Error));
  const first = await firstBytes(counted);
  const compression = compressionOf(first);
  refuseUtf16("standard input", first);
  const bytes = compression === undefined ? counted : decompressed(counted, compression);
  return { bytes: orCommandError("standard input", bytes), read: () => read, size: undefined };
}

/** Waits for the first chunk and puts it back. */
async function firstBytes(stream: Readable): Promise<Uint8Array> {
  while (stream.readableLength === 0 && !stream.readableEnded && !stream.destroyed) {
    await new Promise<void>((resolve) => {
      stream.once("readable", resolve);
      stream.once("error", () => resolve());
    });
    if (stream.readableLength === 0) break;
  }
  const chunk = stream.read() as Uint8Array | null;
  if (chunk) stream.unshift(chunk);
  return chunk ?? new Uint8Array();
}

/** Returns the size of a file and its first bytes. */
export function lookAt(name: string, most: number): { size: number; first: Uint8Array } {
  try {
    const info = statSync(name);
    if (!info.isFile()) throw new Error("it is not a file; pass a pipe on standard input, as -");
    const file = openSync(name, "r");
    try {
      const first = new Uint8Array(most);
      return { size: info.size, first: first.subarray(0, readSync(file, first, 0, most, 0)) };
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw new CommandError(`${name} cannot be read: ${messageOf(error)}`);
  }
}

/** Returns how bytes are compressed, by the first of them. */
export function compressionOf(first: Uint8Array): Compression | undefined {
  if (first[0] === 0x1f && first[1] === 0x8b) return "gzip";
  return [0x28, 0xb5, 0x2f, 0xfd].every((byte, n) => first[n] === byte) ? "zstd" : undefined;
}

function refuseUtf16(name: string, [one, two]: Uint8Array): void {
  const isUtf16 = (one === 0xff && two === 0xfe) || (one === 0xfe && two === 0xff);
  if (isUtf16) throw new CommandError(`${name} is UTF-16: convert it to UTF-8 first`);
}

function decompressed(stream: Readable, compression: Compression): Readable {
  const through = compression === "gzip" ? zlib.createGunzip() : createZstdDecompress();
  const piped = compression === "gzip" ? pipeline(stream, through) : pipeline(stream, framesOf, through);
  // The reader of `through` gets its error.
  piped.catch((error: unknown) => through.destroy(error as Error));
  return through;
}

function createZstdDecompress() {
  // Types promise it, but not every runtime has it.
  if (typeof zlib.createZstdDecompress !== "function")
    throw new CommandError("this runtime cannot read zstd: use Node 24, or zstd -dc FILE | … import -");
  return zlib.createZstdDecompress();
}

/** Leaves out the first bytes. */
async function* without(bytes: AsyncIterable<Uint8Array>, skip: number): AsyncGenerator<Uint8Array> {
  let left = skip;
  for await (const chunk of bytes) {
    if (left < chunk.length) yield chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}

async function* orCommandError(name: string, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`${name} cannot be read to its end: ${messageOf(error)}`);
  }
}
