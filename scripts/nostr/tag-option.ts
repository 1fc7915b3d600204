/** The --tag option of `publish`. */
import { splitCommaList } from "../../nostr/comma-list.ts";
import { formOfTag, type Reference } from "../../nostr/reference.ts";
import { isSecret, readReference } from "./references.ts";
import { UsageError } from "../shared/usage.ts";

/** Parses a tag. `e=nevent1…` becomes a tag with the id in hex and, as a hint, the relay that the nevent names. */
export function parseTag(given: string): string[] {
  if (isSecret(given)) throw new UsageError("--tag has a secret key, which would be published");
  const at = given.indexOf("=");
  const name = at < 0 ? given : given.slice(0, at);
  if (name === "") throw new UsageError(`--tag is ${JSON.stringify(given)}, expected NAME=VALUE`);
  if (at < 0) return [name];
  const [value = "", ...others] = splitCommaList(given.slice(at + 1));
  const form = formOfTag(name);
  if (!form) return [name, value, ...others];
  const reference = readReference(value, `--tag ${name}`, form);
  return [name, reference.value, ...withHints(name, others, reference)];
}

/** Adds hints of the reference. Given values take precedence; an empty one is filled in. */
function withHints(name: string, given: string[], { relays: [relay], author }: Reference): string[] {
  const [first, ...rest] = given;
  const hint = first || relay;
  // Only q has the author as third value (NIP-18). The others may have a marker there (NIP-10).
  const third = name === "q" && rest.length === 0 && author !== undefined ? [author] : rest;
  if (hint === undefined && third.length === 0) return given;
  return [hint ?? "", ...third];
}
