/** Printing. Text of other people must not be able to steer the terminal. */
import { stripVTControlCharacters } from "node:util";
import { CommandError, messageOf } from "./usage.ts";

/** Control characters except tab and line feed, and characters that change the direction of text. */
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Prints a line. Resolves when it is written. */
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

/** Removes escape sequences and control characters. */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replace(CONTROL, "");
}

/** Returns printable text on one line, at most 1000 characters. */
export function oneLine(text: string): string {
  return printable(text).replace(/\s+/g, " ").slice(0, 1000);
}

/** Returns a value as JSON, with control characters escaped. */
export function printableJson(value: unknown, indent?: number): string {
  return escapedJson(jsonOf(value, indent));
}

/** Escapes the control characters that JSON allows in its texts. The value stays the same. */
export function escapedJson(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Writes JSON. A value that was parsed may still become too long. */
function jsonOf(value: unknown, indent?: number): string {
  try {
    return JSON.stringify(value, undefined, indent);
  } catch (error) {
    throw new CommandError(`cannot print what the relay answered: ${messageOf(error)}`);
  }
}
