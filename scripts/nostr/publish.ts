/** `publish`: signs an event and sends it to a relay. */
import { buffer } from "node:stream/consumers";
import { finalizeEvent, type VerifiedEvent } from "nostr-tools/pure";
import { AUTH_HELP, AUTH_OPTION, refusal } from "./auth-option.ts";
import { authenticateIfAsked, authenticateNow, noteUnasked } from "./authentication.ts";
import { answerTo, openConversation } from "./conversation.ts";
import { readOptions } from "../shared/options.ts";
import { note, print } from "../shared/printing.ts";
import { RELAY_HELP, RELAY_OPTION, relayUrl } from "../shared/relay-option.ts";
import { readSecretKey } from "./secret-key.ts";
import { parseTag } from "./tag-option.ts";
import { timeoutHelp, TIMEOUT_OPTION, timeoutOf } from "./timeout-option.ts";
import { CommandError, UsageError } from "../shared/usage.ts";

export const summary = "sign an event and publish it";
export const help = `Usage: npm run nostr -- publish [content] [options]

Signs an event, publishes it, waits for the relay's answer, and prints the event's id. Without the argument,
the content is read from standard input. The key is NOSTR_SECRET_KEY (hex or nsec), from the environment or
from .env. The exit status is 0 if the relay accepted the event, otherwise 1.

  --kind N           the kind (default 1)
  --tag TAG          NAME=VALUE, NAME=VALUE,VALUE… (several values) or NAME; may be repeated. Inside a
                     value, write \\, for a comma and \\\\ for a backslash. The tags e, p, a and q also take
                     note1…, nevent1…, npub1…, nprofile1… and naddr1…
  --created-at SECONDS
                     the time of the event, in Unix seconds (default: now)
  --allow-empty      publish a profile, note or article without content
${AUTH_HELP}${timeoutHelp("5")}${RELAY_HELP}`;

/** Kinds that are probably a mistake without content: profile, note, article. */
const WITH_CONTENT = new Set([0, 1, 30_023]);

export async function run(args: string[]): Promise<void> {
  const { values, positionals } = readOptions(
    args,
    {
      ...RELAY_OPTION,
      ...AUTH_OPTION,
      ...TIMEOUT_OPTION,
      kind: { type: "string", default: "1" },
      tag: { type: "string", multiple: true, default: [] },
      "created-at": { type: "string" },
      "allow-empty": { type: "boolean", default: false },
    },
    1,
  );
  const relay = relayUrl(values.relay);
  const kind = parseKind(values.kind);
  const tags = values.tag.map(parseTag);
  const created_at = parseTime(values["created-at"]);
  const timeout = timeoutOf(values.timeout);
  const secret = readSecretKey();
  const needsContent = WITH_CONTENT.has(kind) && !values["allow-empty"];
  const content = positionals[0] ?? (await readStandardInput(needsContent));
  if (needsContent && content.trim() === "")
    throw new UsageError(
      "there is no content: pass it as an argument or on standard input, or use --allow-empty",
    );
  const event = finalizeEvent({ kind, content, tags, created_at }, secret);
  await send(event, relay, { auth: values.auth, timeout });
  await print(event.id);
}

async function send(
  event: VerifiedEvent,
  relay: string,
  { auth, timeout }: { auth: boolean; timeout: number | undefined },
): Promise<void> {
  await using conversation = await openConversation(relay, timeout);
  let isAsked = auth && (await authenticateIfAsked(conversation, relay, { ids: [event.id] }));
  const publish = () => {
    conversation.send(["EVENT", event]);
    return answerTo(conversation, event.id);
  };
  let [accepted, message] = await publish();
  if (!accepted && auth && message.startsWith("auth-required:")) {
    await authenticateNow(conversation, relay);
    isAsked = true;
    [accepted, message] = await publish();
  }
  if (!accepted) throw new CommandError(`the relay refused the event: ${refusal(message, { auth })}`);
  if (auth && !isAsked) noteUnasked();
  if (message !== "") note(message);
}

function parseKind(given: string): number {
  const kind = /^\d{1,5}$/.test(given) ? Number(given) : Number.NaN;
  if (!(kind <= 65_535)) throw new UsageError(`--kind is ${given}, expected a number from 0 to 65535`);
  return kind;
}

function parseTime(given: string | undefined): number {
  if (given === undefined) return Math.floor(Date.now() / 1000);
  if (!/^\d{1,12}$/.test(given))
    throw new UsageError(
      `--created-at is ${JSON.stringify(given)}, expected Unix seconds, such as 1700000000`,
    );
  return Number(given);
}

/** Reads standard input, without the last line feed, which `echo` adds. */
async function readStandardInput(isNeeded: boolean): Promise<string> {
  if (process.stdin.isTTY) {
    if (!isNeeded) return "";
    throw new UsageError("there is no content: pass it as an argument or on standard input");
  }
  const bytes = await buffer(process.stdin);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes).replace(/\r?\n$/, "");
  } catch {
    throw new CommandError("the content on standard input is not UTF-8");
  }
}
