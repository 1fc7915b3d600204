/** Reads messages of relays without parsing those that contain events. */

export type Verb = "EVENT" | "EOSE" | "OK" | "CLOSED" | "COUNT" | "NOTICE" | "AUTH" | "NEG-MSG" | "NEG-ERR";

const QUOTE = 0x22;
const START = '["'.length;
const ID = Buffer.from('"id":"');

export function verbOf(message: Buffer): Verb {
  return message.toString("latin1", START, message.indexOf(QUOTE, START)) as Verb;
}

/** Returns the id of the event in a message. The text `"id":"` is nowhere else in it: inside of text, quotes are escaped. */
export function eventIdIn(message: Buffer): string {
  const at = message.indexOf(ID) + ID.length;
  return message.toString("latin1", at, at + 64);
}

/** Returns the element after the verb, which must be short text. */
export function nameIn(message: Buffer): string {
  const start = message.indexOf(QUOTE, message.indexOf(QUOTE, START) + 1) + 1;
  return message.toString("latin1", start, message.indexOf(QUOTE, start));
}
