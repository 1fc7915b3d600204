/** Signs an event and gives it to a relay. */
import { buffer } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { finalizeEvent } from "nostr-tools/pure";
import { splitCommaList } from "../http/comma-list.ts";
import { AUTH_HELP, AUTH_OPTION, authenticate, refusal } from "./auth-option.ts";
import { answerTo, openConversation } from "./conversation.ts";
import { note, print } from "./printing.ts";
import { RELAY_HELP, RELAY_OPTION, relayUrl } from "./relay-option.ts";
import { readSecretKey } from "./secret-key.ts";
import { CommandError, UsageError } from "./usage.ts";

export const summary = "sign an event and publish it";
export const help = `Usage: npm run nostr -- publish [content] [options]

Signs an event with the key in NOSTR_SECRET_KEY (hex or nsec; from the environment or from .env), publishes
it, waits up to 5 s for the relay's answer, and prints the event's id. Without content it is read from
standard input. Ends with 0 when the relay accepted the event, otherwise with 1.

  --kind N           kind (default 1)
  --tag TAG          NAME=VALUE, or NAME=VALUE,VALUE… for a tag of several values, or NAME alone; may be
                     repeated. Inside a value a comma is written \\, and a backslash \\\\; = needs nothing
${AUTH_HELP}${RELAY_HELP}`;

export async function run(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      ...RELAY_OPTION,
      ...AUTH_OPTION,
      kind: { type: "string", default: "1" },
      tag: { type: "string", multiple: true, default: [] },
    },
  });
  if (positionals.length > 1)
    throw new UsageError(`content is one argument, and there are ${positionals.length}: put it in quotes`);
  const relay = relayUrl(values.relay);
  const kind = parseKind(values.kind);
  const tags = values.tag.map(parseTag);
  const secret = readSecretKey();
  const content = positionals[0] ?? (await readStandardInput());
  const event = finalizeEvent({ kind, content, tags, created_at: Math.floor(Date.now() / 1000) }, secret);

  await using conversation = await openConversation(relay);
  if (values.auth) await authenticate(conversation, relay);
  conversation.send(["EVENT", event]);
  const [accepted, message] = await answerTo(conversation, event.id);
  if (!accepted) throw new CommandError(`the relay refused the event: ${refusal(message, values)}`);
  if (message !== "") note(message);
  await print(event.id);
}

function parseKind(given: string): number {
  const kind = /^\d{1,5}$/.test(given) ? Number(given) : Number.NaN;
  if (!(kind <= 65_535)) throw new UsageError(`--kind is ${given}, expected a number from 0 to 65535`);
  return kind;
}

function parseTag(given: string): string[] {
  const at = given.indexOf("=");
  const name = at < 0 ? given : given.slice(0, at);
  if (name === "") throw new UsageError(`--tag is ${JSON.stringify(given)}, expected NAME=VALUE`);
  return at < 0 ? [name] : [name, ...splitCommaList(given.slice(at + 1))];
}

/** Without the line feed that ends it: `echo` adds one. */
async function readStandardInput(): Promise<string> {
  if (process.stdin.isTTY)
    throw new UsageError("there is no content: give it as an argument or on standard input");
  const bytes = await buffer(process.stdin);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes).replace(/\r?\n$/, "");
  } catch {
    throw new CommandError("the content on standard input is not UTF-8");
  }
}
