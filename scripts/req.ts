/** Asks a relay for events, and goes on listening if told so. */
import { parseArgs } from "node:util";
import { AUTH_HELP, AUTH_OPTION, authenticate, refusal } from "./auth-option.ts";
import { type Conversation, noteNotice, openConversation, textOf } from "./conversation.ts";
import { FILTER_OPTIONS, filterOf } from "./filter-options.ts";
import { printEvent } from "./received-event.ts";
import { RELAY_HELP, RELAY_OPTION, relayUrl } from "./relay-option.ts";
import { CommandError } from "./usage.ts";

export const summary = "ask for events over WebSocket";
export const help = `Usage: npm run nostr -- req [options]

Prints the stored events that match, newest first. Lists are separated by commas, and may be repeated.

  --ids LIST         event ids: hex, note1… or nevent1…
  --authors LIST     public keys: hex, npub1… or nprofile1…
  --kinds LIST       kinds
  --tag LETTER=LIST  the event has this tag with one of these values; all tags given must be there. Inside
                     a value a comma is written \\, and a backslash \\\\; = needs nothing
  --since SECONDS    created then or later (Unix time)
  --until SECONDS    created then or earlier
  --limit N          at most so many stored events
  --search TEXT      has all of these words (NIP-50); the best match comes first
  --follow           go on printing what is published, until Ctrl-C
  --json             one event in JSON on each line
${AUTH_HELP}${RELAY_HELP}`;

const SUBSCRIPTION = "req";
/** A relay that is still looking may take its time, but not for ever. */
const SILENCE_MILLISECONDS = 60_000;

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      ...RELAY_OPTION,
      ...AUTH_OPTION,
      ...FILTER_OPTIONS,
      follow: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
  });
  const relay = relayUrl(values.relay);
  const filter = filterOf(values);
  await using conversation = await openConversation(relay);
  const interrupted = closeOnInterrupt(conversation);
  if (values.auth) await authenticate(conversation, relay);
  conversation.send(["REQ", SUBSCRIPTION, filter]);
  await printAnswers(conversation, values, interrupted);
}

async function printAnswers(
  conversation: Conversation,
  options: { json: boolean; follow: boolean; auth: boolean },
  interrupted: AbortSignal,
): Promise<void> {
  for (let isLive = false; ;) {
    const message = await conversation.receive(isLive ? undefined : SILENCE_MILLISECONDS);
    if (interrupted.aborted) return;
    if (!message) throw new CommandError("the relay closed the connection");
    const [verb, first, second] = message;
    if (verb === "NOTICE") noteNotice(first);
    if (first !== SUBSCRIPTION) continue;
    if (verb === "EVENT") await printEvent(second, options.json);
    if (verb === "CLOSED") throw new CommandError(`the relay refused: ${refusal(textOf(second), options)}`);
    if (verb !== "EOSE") continue;
    if (!options.follow) return conversation.send(["CLOSE", SUBSCRIPTION]);
    isLive = true;
  }
}

/** Ctrl-C is how a user ends what would go on for ever: no failure. */
function closeOnInterrupt(conversation: Conversation): AbortSignal {
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      interrupted.abort();
      conversation.close();
    });
  }
  return interrupted.signal;
}
