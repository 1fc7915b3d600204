/** `req`: asks a relay for events and, with --follow, waits for new ones. */
import { AUTH_HELP, AUTH_OPTION, refusal } from "./auth-option.ts";
import { authenticate } from "./authentication.ts";
import { type Conversation, noteNotice, openConversation, textOf } from "./conversation.ts";
import { FILTER_HELP, FILTER_OPTIONS, filterOf } from "./filter-options.ts";
import { readOptions } from "../shared/options.ts";
import { printEvent } from "./received-event.ts";
import { RELAY_HELP, RELAY_OPTION, relayUrl } from "../shared/relay-option.ts";
import { timeoutHelp, TIMEOUT_OPTION, timeoutOf } from "./timeout-option.ts";
import { CommandError } from "../shared/usage.ts";

export const summary = "ask for events over WebSocket";
export const help = `Usage: npm run nostr -- req [options]

Prints the stored events that match all options, newest first. Separate the items of a LIST by commas, or
repeat the option.

${FILTER_HELP}  --limit N          print at most N stored events
  --follow           then print new events as they arrive, until Ctrl-C
  --json             print each event as one line of JSON
${AUTH_HELP}${timeoutHelp("60")}${RELAY_HELP}`;

const SUBSCRIPTION = "req";
/** Maximum time without a message, while stored events are expected. */
const SILENCE_MILLISECONDS = 60_000;

export async function run(args: string[]): Promise<void> {
  const { values } = readOptions(args, {
    ...RELAY_OPTION,
    ...AUTH_OPTION,
    ...TIMEOUT_OPTION,
    ...FILTER_OPTIONS,
    follow: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  });
  const relay = relayUrl(values.relay);
  const filter = filterOf(values);
  const timeout = timeoutOf(values.timeout);
  await using conversation = await openConversation(relay, timeout);
  const interrupted = closeOnInterrupt(conversation);
  if (values.auth) await authenticate(conversation, relay, filter);
  conversation.send(["REQ", SUBSCRIPTION, filter]);
  await printAnswers(conversation, { ...values, silence: timeout ?? SILENCE_MILLISECONDS }, interrupted);
}

async function printAnswers(
  conversation: Conversation,
  options: { json: boolean; follow: boolean; auth: boolean; silence: number },
  interrupted: AbortSignal,
): Promise<void> {
  for (let isLive = false; ;) {
    const message = await conversation.receive(isLive ? undefined : options.silence);
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

/** Ends the conversation on Ctrl-C, which is not a failure. */
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
