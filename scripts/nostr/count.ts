/** `count`: asks a relay how many events match (NIP-45). */
import { AUTH_HELP, AUTH_OPTION, refusal } from "./auth-option.ts";
import { authenticate } from "./authentication.ts";
import { type Conversation, noteNotice, openConversation, textOf, within } from "./conversation.ts";
import { FILTER_HELP, FILTER_OPTIONS, filterOf } from "./filter-options.ts";
import { readOptions } from "../shared/options.ts";
import { note, print, printableJson } from "../shared/printing.ts";
import { RELAY_HELP, RELAY_OPTION, relayUrl } from "../shared/relay-option.ts";
import { timeoutHelp, TIMEOUT_OPTION, timeoutOf } from "./timeout-option.ts";
import { CommandError } from "../shared/usage.ts";

export const summary = "ask how many events match (NIP-45)";
export const help = `Usage: npm run nostr -- count [options]

Prints the number of stored events that match all options. If the number is an estimate, a line on standard
error says so. Separate the items of a LIST by commas, or repeat the option.

${FILTER_HELP}  --json             print the whole answer as JSON
${AUTH_HELP}${timeoutHelp("30")}${RELAY_HELP}`;

const SUBSCRIPTION = "count";
const ANSWER_MILLISECONDS = 30_000;

export async function run(args: string[]): Promise<void> {
  const { limit: _limit, ...conditions } = FILTER_OPTIONS;
  const { values } = readOptions(args, {
    ...RELAY_OPTION,
    ...AUTH_OPTION,
    ...TIMEOUT_OPTION,
    ...conditions,
    json: { type: "boolean", default: false },
  });
  const relay = relayUrl(values.relay);
  const filter = filterOf(values);
  const timeout = timeoutOf(values.timeout);
  await using conversation = await openConversation(relay, timeout);
  if (values.auth) await authenticate(conversation, relay, filter);
  conversation.send(["COUNT", SUBSCRIPTION, filter]);
  const answer = countFrom(conversation, values);
  const { count, ...rest } = await within(timeout ?? ANSWER_MILLISECONDS, "the relay did not answer", answer);
  if (values.json) return print(printableJson({ count, ...rest }));
  if (rest.approximate === true) note("this is an estimate");
  await print(String(count));
}

async function countFrom(
  conversation: Conversation,
  options: { auth: boolean },
): Promise<{ count: number; approximate?: unknown }> {
  for (;;) {
    const message = await conversation.receive();
    if (!message) throw new CommandError("the relay closed the connection");
    const [verb, first, second] = message;
    if (verb === "NOTICE") noteNotice(first);
    if (first !== SUBSCRIPTION) continue;
    if (verb === "CLOSED") throw new CommandError(`the relay refused: ${refusal(textOf(second), options)}`);
    if (verb !== "COUNT") continue;
    const { count } = (second ?? {}) as { count?: unknown };
    if (!Number.isSafeInteger(count)) throw new CommandError("the relay's answer has no count");
    return second as { count: number };
  }
}
