/** Decodes npub1…, note1… and the like in a parameter, for filters. */
import { described } from "./characters.ts";
import { EVENT_ID, formOfTag, parseReference, PUBKEY, type ReferenceForm } from "./reference.ts";

const ENCODED = /^(?:nostr:)?(?:note|nevent|npub|nprofile|naddr)1/;
/** In characters. Longer values contain many relays, which are not needed. */
const LONGEST = 1000;
/** The parameters whose values must be ids or keys. All other tags may have any value. */
const ONLY_HEX = new Set(["ids", "authors", "tag.e", "tag.p"]);

/**
 * Returns a value in hex or as kind:pubkey:d. Text that cannot be decoded stays as it is, and the filter's parser
 * refuses it.
 */
export function plainValue(parameter: string, text: string): string {
  const form = formOf(parameter);
  if (!form || text.length > LONGEST || !ENCODED.test(text)) return text;
  return parseReference(text, form)?.value ?? text;
}

/** Returns what is wrong with the first value that is not an id or a key, if the parameter takes nothing else. */
export function wrongValue(parameter: string, values: readonly string[]): string | undefined {
  const form = ONLY_HEX.has(parameter) ? formOf(parameter) : undefined;
  const wrong = form && values.find((value) => !form.isPlain(value));
  return wrong === undefined ? undefined : `${parameter} has ${described(wrong)}, expected ${form?.expected}`;
}

function formOf(parameter: string): ReferenceForm | undefined {
  if (parameter === "ids") return EVENT_ID;
  if (parameter === "authors") return PUBKEY;
  return parameter.startsWith("tag.") ? formOfTag(parameter.slice(4)) : undefined;
}
