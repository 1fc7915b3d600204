/** A file of settings, named on the command line: NAME=VALUE on each line. */
import { readFileSync } from "node:fs";
import { assertSetting } from "./setting-name.ts";
import { messageOf, UsageError } from "./usage.ts";

/** Reads a settings file. Ignores blank lines and lines that begin with #. A value may be in quotes. */
export function readSettingsFile(path: string): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const [at, line] of textOf(path).split(/\r?\n/).entries()) {
    const text = line.trim();
    if (text === "" || text.startsWith("#")) continue;
    const where = `${path} line ${at + 1}`;
    const [, name, value] = /^([^=\s]+)\s*=\s*(.*)$/.exec(text) ?? [];
    // The message does not quote the line: it may contain a misplaced secret.
    if (name === undefined || value === undefined) throw new UsageError(`${where} is not NAME=VALUE`);
    assertSetting(name, where);
    if (name in settings) throw new UsageError(`${where} sets ${name} a second time`);
    settings[name] = unquoted(value);
  }
  return settings;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8").replace(/^\uFEFF/, "");
  } catch (error) {
    throw new UsageError(`--config ${path} cannot be read: ${messageOf(error)}`);
  }
}

function unquoted(value: string): string {
  return /^(["'])(.*)\1$/s.exec(value)?.[2] ?? value;
}
