/** Shows what a relay says of itself (NIP-11). */
import { parseArgs } from "node:util";
import { readJson } from "./http-client.ts";
import { print, printableJson } from "./printing.ts";
import { RELAY_HELP, RELAY_OPTION, relayUrl } from "./relay-option.ts";

export const summary = "show what a relay says of itself (NIP-11)";
export const help = `Usage: npm run nostr -- relay-info [options]

Prints the relay information document as JSON.

${RELAY_HELP}`;

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: RELAY_OPTION });
  const document = await readJson(relayUrl(values.relay), "", "application/nostr+json");
  await print(printableJson(document, 2));
}
