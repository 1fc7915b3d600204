/** `outbox`: authors that some keys follow are pulled from the relays where they write (NIP-65). */
import { npubEncode } from "nostr-tools/nip19";
import { parsePublicKey } from "../../nostr/public-key.ts";
import type { OutboxFound, OutboxKey } from "../../store/upstreams/outbox.ts";
import { readOptions } from "../shared/options.ts";
import { note, print, printableJson } from "../shared/printing.ts";
import { UsageError } from "../shared/usage.ts";
import { callWith, JSON_OPTION, MANAGEMENT_HELP, MANAGEMENT_OPTIONS, SIGNED } from "./management-options.ts";
import { helpOn, runSubcommand, type Subcommand } from "./subcommands.ts";
import { textTable } from "./table.ts";
import { countOf, severalOf, timeOf } from "../shared/units.ts";

export const summary = "pull the authors that a key follows from where they write";

const SUBCOMMANDS: Record<string, Subcommand> = {
  add: {
    usage: "NPUB",
    summary: "pull all that a key follows, and the key itself",
    about: `Pulls all that a key (npub1… or hex) follows, and the key itself, from the relays where they write. The relay looks for their lists
among its events and on its other upstreams, and chooses relays again each hour by itself. ${SIGNED}

${MANAGEMENT_HELP}`,
    run: (args) => withKey("addoutbox", args),
  },
  list: {
    usage: "[--json]",
    summary: "show the keys, and the relays that were chosen for them",
    about: `Shows the keys, and the relays that were chosen, with how many authors each is asked for and how many of its pulls
have failed in a row. ${SIGNED}

  --json             print it as one line of JSON
${MANAGEMENT_HELP}`,
    run: list,
  },
  remove: {
    usage: "NPUB",
    summary: "stop pulling what a key follows",
    about: `Stops pulling what a key follows, unless another key follows it too. The events stay. ${SIGNED}

${MANAGEMENT_HELP}`,
    run: (args) => withKey("removeoutbox", args),
  },
};

export const help = helpOn(
  "outbox",
  "Makes upstreams of the relays where the authors write that a key follows (NIP-65), each asked only for its authors.",
  SUBCOMMANDS,
);

export function run(args: string[]): Promise<void> {
  return runSubcommand(SUBCOMMANDS, args);
}

interface Listed extends Omit<OutboxFound, "version" | "relays"> {
  keys: OutboxKey[];
  relays: { url: string; authors: number; failures: number; isPaused: boolean }[];
}

async function withKey(method: "addoutbox" | "removeoutbox", args: string[]): Promise<void> {
  const { values, positionals } = readOptions(args, MANAGEMENT_OPTIONS, 1);
  const [given] = positionals;
  if (given === undefined) throw new UsageError("the key is missing, as npub1… or 64 hex characters");
  const pubkey = parsePublicKey(given);
  if (pubkey === undefined)
    throw new UsageError(
      `the key is ${JSON.stringify(given)}, expected npub1… or 64 lower-case hex characters`,
    );
  await callWith(values, method, [pubkey]);
  const done = method === "addoutbox" ? "is pulled from now on" : "is no longer pulled";
  await print(`what ${npubEncode(pubkey)} follows ${done}`);
}

async function list(args: string[]): Promise<void> {
  const { values } = readOptions(args, { ...MANAGEMENT_OPTIONS, ...JSON_OPTION });
  const listed = (await callWith(values, "listoutboxes", [])) as Listed;
  if (values.json) return print(printableJson(listed));
  if (listed.keys.length === 0) return print("no key's follows are pulled: outbox add NPUB");
  const { keys, relays, chosenAt } = listed;
  await print(
    textTable(
      ["KEY", "SINCE"],
      keys.map(({ pubkey, addedAt }) => [npubEncode(pubkey), timeOf(addedAt)]),
    ),
  );
  if (chosenAt === undefined) return note("the relays will be chosen within a minute");
  const state = (failures: number, isPaused: boolean) =>
    isPaused ? "paused" : failures > 0 ? severalOf(failures, "failure") : "ok";
  const rows = relays.map(({ url, authors, failures, isPaused }) => [
    url,
    countOf(authors),
    state(failures, isPaused),
  ]);
  if (rows.length > 0) await print(`\n${textTable(["RELAY", "AUTHORS", "STATE"], rows)}`);
  const { authors, onOne, onNone, withoutList } = listed;
  note(
    `${severalOf(authors, "author")}, chosen ${timeOf(chosenAt)}: on one relay ${countOf(onOne)}, on none ${countOf(onNone)}, without a list ${countOf(withoutList)}`,
  );
}
