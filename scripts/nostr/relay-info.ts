/** `relay-info`: prints the relay information document (NIP-11). */
import { readJson } from "./http-client.ts";
import { readOptions } from "../shared/options.ts";
import { print, printableJson } from "../shared/printing.ts";
import { RELAY_HELP, RELAY_OPTION, relayUrl } from "../shared/relay-option.ts";
import { timeoutHelp, TIMEOUT_OPTION, timeoutOf } from "./timeout-option.ts";

export const summary = "show the relay information document (NIP-11)";
export const help = `Usage: npm run nostr -- relay-info [options]

Prints the relay information document (NIP-11) as JSON.

${timeoutHelp("30")}${RELAY_HELP}`;

export async function run(args: string[]): Promise<void> {
  const { values } = readOptions(args, { ...RELAY_OPTION, ...TIMEOUT_OPTION });
  const timeout = timeoutOf(values.timeout);
  const document = await readJson(relayUrl(values.relay), "", { accept: "application/nostr+json", timeout });
  await print(printableJson(document, 2));
}
