/** Ids, keys and addresses as people write them on a command line. */
import { parseReference, type Reference, type ReferenceForm } from "../../nostr/reference.ts";
import { UsageError } from "../shared/usage.ts";

/** Parses a reference. `where` names its place in the error message, which never quotes a secret key. */
export function readReference(given: string, where: string, form: ReferenceForm): Reference {
  const found = parseReference(given, form);
  if (found) return found;
  const shown = isSecret(given) ? "a secret key" : JSON.stringify(given);
  throw new UsageError(`${where} has ${shown}, expected ${form.expected}`);
}

export function isSecret(text: string): boolean {
  return /nsec1/i.test(text);
}
