/** `dead`: dead letters of a relay, over its management API (NIP-86): events of upstreams that could not be stored. */
import type { LetterChoice } from "../../nostr/management.ts";
import { normalizeUpstreamUrl } from "../../nostr/relay-url.ts";
import type { Letter, LetterHead, LetterPage } from "../../store/letters/letter-list.ts";
import { readOptions } from "../shared/options.ts";
import { note, oneLine, print, printableJson } from "../shared/printing.ts";
import { UsageError } from "../shared/usage.ts";
import { callWith, JSON_OPTION, MANAGEMENT_HELP, MANAGEMENT_OPTIONS, SIGNED } from "./management-options.ts";
import { helpOn, runSubcommand, type Subcommand } from "./subcommands.ts";
import { textTable } from "./table.ts";
import { countOf, sizeOf, timeOf } from "../shared/units.ts";

export const summary = "events of upstreams that could not be stored";

const CHOICE_OPTIONS = { upstream: { type: "string" }, all: { type: "boolean", default: false } } as const;
const CHOICE_USAGE = "ID… | --upstream URL | --all";
const CHOICE_HELP = `  --upstream URL     all letters of this upstream
  --all              all letters
`;

const SUBCOMMANDS: Record<string, Subcommand> = {
  list: {
    usage: "[--upstream URL] [--limit N] [--after ID] [--json]",
    summary: "show dead letters in a table, the latest first",
    about: `Shows dead letters, the latest first: when, from which upstream, how often the event has become one (TIMES), and why.
Times are in UTC. ${SIGNED}

  --upstream URL     only those of this upstream
  --limit N          at most this many (default 50, at most 1000)
  --after ID         go on behind this letter
  --json             print each letter as one line of JSON
${MANAGEMENT_HELP}`,
    run: list,
  },
  show: {
    usage: "ID [--json]",
    summary: "show one dead letter and its event",
    about: `Shows one dead letter, with the event as the upstream sent it: it was not verified. ${SIGNED}

  --json             print it as one line of JSON
${MANAGEMENT_HELP}`,
    run: show,
  },
  redrive: {
    usage: CHOICE_USAGE,
    summary: "try dead letters again",
    about: `Tries dead letters again: within about a minute they are on the queue of events, and are letters no more. An event that
fails again becomes a letter again. No event is stored twice, and none of a banned or vanished key. ${SIGNED}

${CHOICE_HELP}${MANAGEMENT_HELP}`,
    run: (args) => choose("redrivedeadletters", args),
  },
  purge: {
    usage: CHOICE_USAGE,
    summary: "remove dead letters",
    about: `Removes dead letters for good. ${SIGNED}

${CHOICE_HELP}${MANAGEMENT_HELP}`,
    run: (args) => choose("purgedeadletters", args),
  },
};

export const help = helpOn(
  "dead",
  "Dead letters are events of upstreams that could not be stored, with the reason. The relay keeps them for 30 days.",
  SUBCOMMANDS,
);

export function run(args: string[]): Promise<void> {
  return runSubcommand(SUBCOMMANDS, args);
}

async function list(args: string[]): Promise<void> {
  const options = {
    upstream: { type: "string" },
    limit: { type: "string" },
    after: { type: "string" },
  } as const;
  const { values } = readOptions(args, { ...MANAGEMENT_OPTIONS, ...JSON_OPTION, ...options });
  const limit = values.limit === undefined ? 50 : numberOf(values.limit, "--limit");
  const after = values.after === undefined ? null : numberOf(values.after, "--after");
  const from = values.upstream === undefined ? null : upstreamOf(values.upstream);
  const { letters, total, dropped } = (await callWith(values, "listdeadletters", [
    limit,
    from,
    after,
  ])) as LetterPage;
  if (values.json) {
    for (const letter of letters) await print(printableJson(letter));
    return;
  }
  const titles = ["ID", "WHEN", "UPSTREAM", "TIMES", "REASON"];
  if (letters.length > 0) await print(textTable(titles, letters.map(cellsOf)));
  else await print("there are no such dead letters");
  const lost = dropped === 0 ? "" : `; removed by age or for lack of room: ${countOf(dropped)}`;
  note(`${countOf(letters.length)} of ${countOf(total)}${lost}`);
}

function cellsOf({ id, at, upstream, attempts, reason, redrive }: LetterHead): string[] {
  const waits = redrive === null ? "" : "(will be tried again) ";
  return [String(id), timeOf(at), oneLine(upstream) || "-", countOf(attempts), `${waits}${oneLine(reason)}`];
}

async function show(args: string[]): Promise<void> {
  const { values, positionals } = readOptions(args, { ...MANAGEMENT_OPTIONS, ...JSON_OPTION }, 1);
  if (positionals[0] === undefined)
    throw new UsageError("the id of a dead letter is missing: dead list shows them");
  const letter = (await callWith(values, "showdeadletter", [numberOf(positionals[0], "the id")])) as Letter;
  await print(values.json ? printableJson(letter) : letterText(letter));
}

function letterText(letter: Letter): string {
  const { id, at, upstream, event, pubkey, attempts, reason, bytes, isKept, redrive, body } = letter;
  const lines: [name: string, value: string][] = [
    ["when", `${timeOf(at)} UTC`],
    ["upstream", upstream === "" ? "unknown" : upstream],
    ["reason", reason],
    ["times", countOf(attempts)],
    ["event", event],
    ["author", pubkey ?? "none that is valid"],
    ["size", sizeOf(bytes)],
    ...(redrive === null ? [] : ([["redrive", `since ${timeOf(redrive)} UTC`]] as [string, string][])),
  ];
  const what = isKept ? printableJson(body, 2) : "The event is not kept: it was too large.";
  return [
    `dead letter ${id}`,
    ...lines.map(([name, value]) => `  ${name.padEnd(9)} ${oneLine(value)}`),
    what,
  ].join("\n");
}

async function choose(method: "redrivedeadletters" | "purgedeadletters", args: string[]): Promise<void> {
  const { values, positionals } = readOptions(args, { ...MANAGEMENT_OPTIONS, ...CHOICE_OPTIONS }, Infinity);
  await callWith(values, method, [paramOf(choiceOf(positionals, values))]);
}

function choiceOf(
  ids: string[],
  { upstream, all }: { upstream?: string | undefined; all: boolean },
): LetterChoice {
  const ways = [ids.length > 0, upstream !== undefined, all].filter(Boolean).length;
  if (ways !== 1) throw new UsageError("choose dead letters: by their ids, or --upstream URL, or --all");
  if (all) return { by: "all" };
  if (upstream !== undefined) return { by: "upstream", upstream: upstreamOf(upstream) };
  return { by: "ids", ids: ids.flatMap((text) => text.split(",")).map((text) => numberOf(text, "the id")) };
}

/** Returns a choice as the management API takes it. */
function paramOf(choice: LetterChoice): string | number[] {
  if (choice.by === "ids") return choice.ids;
  return choice.by === "all" ? "all" : choice.upstream;
}

function upstreamOf(given: string): string {
  const url = normalizeUpstreamUrl(given);
  if (url === undefined)
    throw new UsageError(
      `--upstream is ${JSON.stringify(given)}, expected an address such as wss://relay.example`,
    );
  return url;
}

function numberOf(given: string, what: string): number {
  if (!/^[1-9]\d{0,14}$/.test(given))
    throw new UsageError(`${what} is ${JSON.stringify(given)}, expected a number`);
  return Number(given);
}
