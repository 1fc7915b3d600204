/** Writes lines to a file, or to standard output for `-`. The name of a file says how to compress it: .gz or .zst. */
import { closeSync, existsSync, openSync, renameSync, rmSync, statSync, truncateSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { promisify } from "node:util";
import zlib from "node:zlib";
import { escapedJson, print } from "../shared/printing.ts";
import { CommandError, messageOf } from "../shared/usage.ts";

export interface Output {
  write(line: string): Promise<void>;
  /** Brings all lines to the disk. Resolves with the length of the unfinished file, at which it can go on. */
  settle(): Promise<number>;
  /** Writes what is left, and gives the file its name. */
  finish(): Promise<void>;
  /** Closes the unfinished file. It stays if it `isKept`. */
  leave(isKept: boolean): Promise<void>;
}

/** Opens the output. `length` bytes of an unfinished file are there already; what follows them is cut off. */
export function openOutput(name: string, length = 0): Promise<Output> {
  return name === "-" ? Promise.resolve(STANDARD_OUTPUT) : openFile(name, length);
}

/** It may be a terminal, or what goes through a pipe may end there. */
const STANDARD_OUTPUT: Output = {
  write: (line) => print(escapedJson(line)),
  settle: async () => 0,
  finish: async () => undefined,
  leave: async () => undefined,
};

/** Until it is complete, the file has another name. */
async function openFile(name: string, length: number): Promise<Output> {
  if (existsSync(name)) throw new CommandError(`${name} is there already: choose another name, or remove it`);
  const compress = compressionFor(name);
  const draft = `${name}.part`;
  try {
    prepareDraft(draft, length);
    return new FileOutput(await open(draft, "a"), { name, draft, length, compress });
  } catch (error) {
    throw cannotBeWritten(draft, error);
  }
}

/** Only its owner may read it, because events of private kinds may be in it. */
function prepareDraft(draft: string, length: number): void {
  if (length === 0) return closeSync(openSync(draft, "w", 0o600));
  const { size } = statSync(draft);
  if (size < length)
    throw new Error(`it has ${size} bytes, and ${length} were written: export without --resume`);
  truncateSync(draft, length);
}

function cannotBeWritten(draft: string, error: unknown): CommandError {
  return new CommandError(`${draft} cannot be written: ${messageOf(error)}`);
}

/** In characters. Each chunk is compressed for itself: gzip and zstd files may have many such parts. */
const CHUNK = 1_000_000;

type Compress = (text: Buffer) => Promise<Buffer>;

interface FileOptions {
  name: string;
  draft: string;
  length: number;
  compress: Compress;
}

class FileOutput implements Output {
  private readonly file: FileHandle;
  private readonly options: FileOptions;
  /** In bytes. */
  private length: number;
  private lines: string[] = [];
  /** In characters. */
  private waiting = 0;
  /** After it, nothing more is written: something would be missing before. */
  private failure: CommandError | undefined;

  constructor(file: FileHandle, options: FileOptions) {
    this.file = file;
    this.options = options;
    this.length = options.length;
  }

  async write(line: string): Promise<void> {
    this.lines.push(line, "\n");
    this.waiting += line.length + 1;
    if (this.waiting >= CHUNK) await this.flush();
  }

  async settle(): Promise<number> {
    await this.flush();
    await this.orCommandError(() => this.file.datasync());
    return this.length;
  }

  async finish(): Promise<void> {
    await this.settle();
    await this.orCommandError(async () => {
      await this.file.close();
      renameSync(this.options.draft, this.options.name);
    });
  }

  async leave(isKept: boolean): Promise<void> {
    await this.file.close();
    if (!isKept) rmSync(this.options.draft, { force: true });
  }

  private async flush(): Promise<void> {
    // An empty file that is compressed has an empty part.
    if (this.waiting === 0 && this.length > 0) return;
    const text = Buffer.from(this.lines.join(""));
    this.lines = [];
    this.waiting = 0;
    await this.orCommandError(async () => {
      const part = await this.options.compress(text);
      await this.file.appendFile(part);
      this.length += part.length;
    });
  }

  private async orCommandError(work: () => Promise<void>): Promise<void> {
    if (this.failure) throw this.failure;
    try {
      await work();
    } catch (error) {
      this.failure = cannotBeWritten(this.options.draft, error);
      throw this.failure;
    }
  }
}

function compressionFor(name: string): Compress {
  if (name.endsWith(".gz")) return promisify<Buffer, Buffer>(zlib.gzip);
  if (!name.endsWith(".zst")) return async (text) => text;
  // Types promise it, but not every runtime has it.
  if (typeof zlib.zstdCompress !== "function")
    throw new CommandError("this runtime cannot write zstd: use Node 24, or a name that ends in .gz");
  return promisify<Buffer, Buffer>(zlib.zstdCompress);
}
