/** Writes lines to a file, or to standard output for `-`. The name of a file says how to compress it: .gz or .zst. */
import { once } from "node:events";
import { createWriteStream, existsSync, renameSync, rmSync } from "node:fs";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import zlib from "node:zlib";
import { print } from "../shared/printing.ts";
import { CommandError, messageOf } from "../shared/usage.ts";

export interface Output {
  write(line: string): Promise<void>;
  /** Writes what is left, and gives the file its name. */
  finish(): Promise<void>;
  /** Removes the unfinished file. */
  drop(): void;
}

export function openOutput(name: string): Output {
  return name === "-" ? STANDARD_OUTPUT : openFile(name);
}

const STANDARD_OUTPUT: Output = { write: print, finish: async () => undefined, drop: () => undefined };

/** Until it is complete, the file has another name. */
function openFile(name: string): Output {
  if (existsSync(name)) throw new CommandError(`${name} is there already: choose another name, or remove it`);
  const draft = `${name}.part`;
  const file = createWriteStream(draft);
  const compression = compressionFor(name);
  compression?.pipe(file);
  const first: Writable = compression ?? file;
  const failed = new Promise<never>((_resolve, reject) => {
    const fail = (error: unknown) =>
      reject(new CommandError(`${draft} cannot be written: ${messageOf(error)}`));
    file.on("error", fail);
    compression?.on("error", fail);
  });
  failed.catch(() => undefined);
  return {
    async write(line) {
      if (first.write(`${line}\n`)) return;
      await Promise.race([once(first, "drain"), failed]);
    },
    async finish() {
      first.end();
      await Promise.race([finished(file), failed]);
      renameSync(draft, name);
    },
    drop() {
      file.destroy();
      rmSync(draft, { force: true });
    },
  };
}

function compressionFor(name: string) {
  if (name.endsWith(".gz")) return zlib.createGzip();
  if (!name.endsWith(".zst")) return undefined;
  // Types promise it, but not every runtime has it.
  if (typeof zlib.createZstdCompress !== "function")
    throw new CommandError("this runtime cannot write zstd: use Node 24, or a name that ends in .gz");
  return zlib.createZstdCompress();
}
