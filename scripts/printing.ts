/** What commands print. What strangers wrote must not steer the terminal. */
import { stripVTControlCharacters } from "node:util";
import { CommandError, messageOf } from "./usage.ts";

/** All but tab and line feed, and what turns the direction of text. */
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Resolves once the line is out. */
export function print(line: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(`${line}\n`, (error) =>
      error ? reject(new CommandError(`cannot write the output: ${messageOf(error)}`)) : resolve(),
    );
  });
}

export function note(line: string): void {
  process.stderr.write(`${oneLine(line)}\n`);
}

/** Without escape sequences and control characters. */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replace(CONTROL, "");
}

/** The same on one line, and not without end. */
export function oneLine(text: string): string {
  return printable(text).replace(/\s+/g, " ").slice(0, 1000);
}

/** The same JSON value, with nothing in it that a terminal would act on. */
export function printableJson(value: unknown, indent?: number): string {
  return jsonOf(value, indent).replace(
    /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => {
      return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
    },
  );
}

/** What can be read as JSON may still be nested too deeply to be written as such, or grow too long. */
function jsonOf(value: unknown, indent?: number): string {
  try {
    return JSON.stringify(value, undefined, indent);
  } catch (error) {
    throw new CommandError(`what the relay answered cannot be shown: ${messageOf(error)}`);
  }
}
