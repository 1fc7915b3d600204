/** The secret key in NOSTR_SECRET_KEY, from the environment or from .env. No message ever contains it. */
import { lstatSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { hexToBytes } from "@noble/hashes/utils.js";
import { parseSecretKey } from "../../nostr/secret-key.ts";
import { CommandError, messageOf } from "../shared/usage.ts";

export const SECRET_NAME = "NOSTR_SECRET_KEY";
const FILE = ".env";
const LINE = new RegExp(`^[ \\t]*(?:export[ \\t]+)?${SECRET_NAME}[ \\t]*=.*$`, "gm");

/** Returns the secret key, 32 bytes. */
export function readSecretKey(): Uint8Array {
  const given = (process.env[SECRET_NAME] || savedSecretKey() || "").trim();
  if (given === "") {
    throw new CommandError(
      `there is no secret key: set ${SECRET_NAME}, or make one with npm run nostr -- keygen --save`,
    );
  }
  const key = parseSecretKey(given);
  if (key === undefined)
    throw new CommandError(
      `${SECRET_NAME} is not a secret key: expected 64 lower-case hex characters or nsec1…`,
    );
  return hexToBytes(key);
}

/** Returns the key in .env. An empty value counts as none. */
export function savedSecretKey(): string | undefined {
  return parseEnv(readEnvFile())[SECRET_NAME] || undefined;
}

/**
 * Writes the key to .env and keeps all other lines. Replaces the file in one step. Only the owner can read a new file.
 */
export function saveSecretKey(hex: string): void {
  const line = `${SECRET_NAME}=${hex}`;
  const text = readEnvFile();
  const separator = text === "" || text.endsWith("\n") ? "" : "\n";
  const changed = text.search(LINE) >= 0 ? text.replace(LINE, line) : `${text}${separator}${line}\n`;
  orCommandError("cannot be written", () => replaceFile(changed));
}

function replaceFile(text: string): void {
  const isThere = lstatSync(FILE, { throwIfNoEntry: false }) !== undefined;
  const path = isThere ? realpathSync(FILE) : FILE;
  const mode = isThere ? statSync(path).mode & 0o777 : 0o600;
  const draft = `${path}.${process.pid}.new`;
  try {
    writeFileSync(draft, text, { mode, flag: "wx" });
    renameSync(draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
}

function readEnvFile(): string {
  return orCommandError("cannot be read", () => {
    return lstatSync(FILE, { throwIfNoEntry: false }) ? readFileSync(FILE, "utf8") : "";
  });
}

function orCommandError<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new CommandError(`${FILE} ${what}: ${messageOf(error)}`);
  }
}
