/** `health`: asks whether the relay serves its clients. */
import { readJson } from "./http-client.ts";
import { readOptions } from "../shared/options.ts";
import { print, printableJson } from "../shared/printing.ts";
import { RELAY_HELP, RELAY_OPTION, relayUrl } from "../shared/relay-option.ts";
import { timeoutHelp, TIMEOUT_OPTION, timeoutOf } from "./timeout-option.ts";

export const summary = "ask whether the relay serves its clients";
export const help = `Usage: npm run nostr -- health [options]

Prints what /health/ready of this relay answers, as JSON. The exit status is 0 if it serves its clients, otherwise 1.

${timeoutHelp("30")}${RELAY_HELP}`;

export async function run(args: string[]): Promise<void> {
  const { values } = readOptions(args, { ...RELAY_OPTION, ...TIMEOUT_OPTION });
  const timeout = timeoutOf(values.timeout);
  await print(printableJson(await readJson(relayUrl(values.relay), "health/ready", { timeout }), 2));
}
