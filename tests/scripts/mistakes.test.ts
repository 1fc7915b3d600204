/** Typical mistakes and the answers to them. The test runs each line as it is written. */
import { rmSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { noteEncode, npubEncode, nsecEncode } from "nostr-tools/nip19";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PUBKEY, SECRET, SECRET_HEX } from "../fixtures/author.ts";
import { ROOT, startProgram } from "../fixtures/program.ts";
import { type ScriptedRelay, startScriptedRelay } from "../fixtures/scripted-relay.ts";

const NOTE = noteEncode("1".repeat(64));
const NPUB = npubEncode("1".repeat(64));
const NSEC = nsecEncode(SECRET);

/** RELAY is a relay that answers, whose admin is somebody else. SITE is a web server that is not a relay. */
type Mistake = [typed: string, code: number, answer: string];

const CLIENT: Mistake[] = [
  [
    "nope",
    2,
    'there is no command "nope", there are keygen, publish, req, count, events, relay-info, health',
  ],
  ["pubish hello", 2, 'there is no command "pubish", did you mean publish?'],
  ["req --kin 1", 2, "there is no option --kin, did you mean --kind?"],
  ["req --author x", 2, "there is no option --author, did you mean --authors?"],
  ["req --limit -5", 2, '--limit has "-5", expected a number from 0'],
  ["req --limit", 2, "--limit needs a value"],
  ["req --kinds one", 2, '--kinds has "one", expected a number from 0'],
  ["req --kinds 70000", 2, "kinds has 70000, expected an integer from 0 to 65535"],
  ["req --authors npub1xyz", 2, '--authors has "npub1xyz", expected 64 lower-case hex characters, npub1… or'],
  [`req --ids ${NPUB}`, 2, `--ids has "${NPUB}", expected 64 lower-case hex characters, note1… or nevent1…`],
  ["req --tag topic=x", 2, '--tag is "topic=x", expected one letter and its value, such as t=nostr'],
  ["req --since yesterday", 2, '--since has "yesterday", expected a number from 0'],
  ["req 1", 2, 'unexpected argument "1"'],
  ["req --timeout soon", 2, '--timeout is "soon", expected seconds, such as 30'],
  ["req --relay localhost:8787", 2, '--relay is "localhost:8787": write ws://localhost:8787'],
  ["req --relay relay.example", 2, '--relay is "relay.example": write wss://relay.example'],
  [
    "req --relay ws://localhost:9",
    1,
    "no relay answers at ws://localhost:9: is it running? npm start -- --port 9",
  ],
  [
    "req --relay wss://nowhere.invalid",
    1,
    "cannot connect to wss://nowhere.invalid: the name nowhere.invalid is",
  ],
  ["req --relay wss:SITE", 1, "TLS failed. If the relay uses ws://, try ws:SITE"],
  ["req --relay ws:SITE", 1, "ws:SITE refused the WebSocket with HTTP 404"],
  [
    "relay-info --relay http:SITE",
    1,
    "ws:SITE answered 200 without JSON: does this relay serve it over HTTP?",
  ],
  [
    "import x --everything",
    2,
    "--everything needs --admin: only admins may move what operators have decided",
  ],
  [
    "export --admin --everything --kinds 1",
    2,
    "--everything moves a whole relay: remove the options that select events",
  ],
  ["sync", 2, "the other relay is missing: name its address, such as wss://relay.example"],
  ["sync relay.example", 2, 'the other relay is "relay.example": write wss://relay.example'],
  ["sync ws://localhost:8787", 2, "both relays are the same: ws://localhost:8787"],
  ["sync ws://localhost:9 --limit 5", 2, "there is no option --limit"],
  ["sync ws://localhost:9 --relay RELAY", 1, "no relay answers at ws://localhost:9: is it running?"],
  ["publish", 2, "there is no content: pass it as an argument or on standard input, or use --allow-empty"],
  ["publish hello world", 2, 'unexpected argument "world": put text with spaces in quotes'],
  ["publish -5", 2, "there is no option -5: put text that begins with - after --"],
  ["publish hi --kinds 1", 2, "there is no option --kinds, did you mean --kind?"],
  ["publish hi --kind 70000", 2, "--kind is 70000, expected a number from 0 to 65535"],
  [
    "publish hi --tag e=abc",
    2,
    '--tag e has "abc", expected 64 lower-case hex characters, note1… or nevent1…',
  ],
  [`publish hi --tag p=${NOTE}`, 2, `--tag p has "${NOTE}", expected 64 lower-case hex characters, npub1…`],
  [`publish hi --tag p=${NSEC}`, 2, "--tag has a secret key, which would be published"],
  ["publish hi --tag =x", 2, '--tag is "=x", expected NAME=VALUE'],
  [
    "publish hi --created-at tomorrow",
    2,
    '--created-at is "tomorrow", expected Unix seconds, such as 1700000000',
  ],
  [
    "KEY= publish hi",
    1,
    "there is no secret key: set NOSTR_SECRET_KEY, or make one with npm run nostr -- keygen",
  ],
  [
    "KEY=abc publish hi",
    1,
    "NOSTR_SECRET_KEY is not a secret key: expected 64 lower-case hex characters or nsec1…",
  ],
  ["keygen --force", 2, "--force works only with --save"],
  ["keygen --save", 1, ".env already has a NOSTR_SECRET_KEY: --force replaces it, and the old key is lost"],
  ["events --amount 0", 2, '--amount is "0", expected a number from 1'],
  ["events --orderBy newest", 2, '--orderBy is "newest", expected asc or desc'],
  ["events --search x --order asc", 2, "--search puts the best match first: remove --order"],
  ["count --limit 5", 2, "there is no option --limit"],
  ["admin", 2, "a method is missing"],
  [`admin ban ${NPUB}`, 2, 'there is no method "ban", did you mean banpubkey or banevent?'],
  ["admin banpubkey", 2, "pubkey is missing, expected 64 lower-case hex characters"],
  ["admin allowkind seven", 2, 'kind is "seven", expected a number from 0 to 65535'],
  ["upstream", 2, "a subcommand is missing, there are add, change, remove, list, status"],
  ["upstream ad wss://relay.example", 2, 'there is no subcommand "ad", did you mean add?'],
  ["upstream add", 2, "the address of the upstream is missing, such as wss://relay.example"],
  ["upstream add relay.example", 2, 'the upstream is "relay.example": write wss://relay.example'],
  ["upstream add wss://me:secret@relay.example", 2, "expected an address without a user name or password"],
  ["upstream add wss://relay.example --filter {kinds:[1]}", 2, '--filter is "{kinds:[1]}", expected JSON'],
  ["upstream add wss://relay.example --filter [1]", 2, '--filter is "[1]", expected JSON, such as'],
  ['upstream add wss://relay.example --filter {"kind":[1]}', 2, "kind"],
  ["upstream add wss://relay.example --filter {} --kinds 1", 2, "--filter and --kinds exclude each other"],
  ["upstream add wss://relay.example --kinds one", 2, '--kinds has "one", expected a number from 0'],
  ["upstream add wss://relay.example --direction up", 2, 'direction is "up", expected in or out or both'],
  ["upstream add wss://relay.example --interval 5", 2, "interval is 5, expected a number from 60 to 86400"],
  ["upstream add wss://relay.example --history ever", 2, 'history is "ever", expected all or a number'],
  ["upstream add wss://relay.example --since 5", 2, "there is no option --since"],
  ["upstream change wss://relay.example", 2, "nothing to change: give at least one setting"],
  ["upstream change wss://relay.example --live --no-live", 2, "--live and --no-live exclude each other"],
  ["upstream backfill wss://relay.example", 2, "--since is missing: from which time on, in Unix seconds"],
  ["upstream backfill wss://relay.example --since monday", 2, '--since is "monday", expected Unix seconds'],
  ["upstream list wss://relay.example", 2, 'unexpected argument "wss://relay.example"'],
  ["upstream list --relay RELAY", 1, "to be an admin, start or deploy the relay with --var RELAY_ADMINS="],
  ["outbox", 2, "a subcommand is missing, there are add, list, remove"],
  ["outbox add", 2, "the key is missing, as npub1… or 64 hex characters"],
  ["outbox add npub1short", 2, 'the key is "npub1short", expected npub1… or 64 lower-case hex characters'],
  [`outbox remove ${NPUB} more`, 2, 'unexpected argument "more"'],
  [
    `outbox add ${NPUB} --relay RELAY`,
    1,
    "to be an admin, start or deploy the relay with --var RELAY_ADMINS=",
  ],
  ["import", 2, "the file is missing: name one, or - for standard input"],
  ["import nowhere.jsonl", 1, "nowhere.jsonl cannot be read: ENOENT"],
  ["import - --resume", 2, "standard input cannot be resumed: import it again, duplicates are harmless"],
  ["import .env --limit 5", 2, "there is no option --limit"],
  ["export .env", 1, ".env is there already: choose another name, or remove it"],
  ["export --search x", 2, "there is no option --search"],
  ["dead", 2, "a subcommand is missing, there are list, show, redrive, purge"],
  ["dead purge", 2, "choose dead letters: by their ids, or --upstream URL, or --all"],
  ["dead redrive 7 --all", 2, "choose dead letters: by their ids, or --upstream URL, or --all"],
  ["dead redrive seven", 2, 'the id is "seven", expected a number'],
  ["dead purge --upstream relay.example", 2, '--upstream is "relay.example", expected an address such as'],
  ["dead show", 2, "the id of a dead letter is missing: dead list shows them"],
  ["dead list --limit 0", 2, '--limit is "0", expected a number'],
  ["dead list --limit 5000 --relay RELAY", 1, "to be an admin, start or deploy the relay with --var"],
  [
    "admin addupstream wss://relay.example {interval:60}",
    2,
    'settings is "{interval:60}", expected JSON such as',
  ],
  [
    "admin listbannedpubkeys --relay RELAY",
    1,
    `to be an admin, start or deploy the relay with --var RELAY_ADMINS=${npubEncode(PUBKEY)}`,
  ],
];

const START: Mistake[] = [
  ["--port 0", 2, "--port is 0, expected a number from 1 to 65535"],
  ["--prot 9000", 2, "there is no option --prot, did you mean --port?"],
  ["9000", 2, 'unexpected argument "9000"'],
  [
    "--host example.com",
    2,
    '--host is "example.com", expected localhost or an address, such as 0.0.0.0 for all addresses',
  ],
  ["--upstream relay.example", 2, '--upstream is "relay.example": write wss://relay.example'],
  ["--var MAX_LIMT=5", 2, "--var names MAX_LIMT, which is not a setting, did you mean MAX_LIMIT?"],
  ["--var MAX_LIMIT=many", 2, 'MAX_LIMIT is "many", expected an integer from 1 to 5000'],
  ["--var MAX_LIMIT", 2, "--var is MAX_LIMIT, expected NAME=VALUE"],
  ["--config nowhere.env", 2, "--config nowhere.env cannot be read: ENOENT"],
  ["--config .env", 2, ".env line 1 names NOSTR_SECRET_KEY, which is not a setting"],
  ["--state .env", 1, "--state .env cannot be used: it is a file, expected a folder"],
];

const DEPLOY: Mistake[] = [
  ["--upstreem wss://relay.example", 2, "there is no option --upstreem, did you mean --upstream?"],
  ["", 1, "you are not logged in to Cloudflare: run npx wrangler login, or set CLOUDFLARE_API_TOKEN"],
  ["--var RELAY_NAM=x", 2, "--var names RELAY_NAM, which is not a setting, did you mean RELAY_NAME?"],
  ["--domain https://relay.example", 2, '--domain is "https://relay.example", expected a hostname'],
];

const BINARY: Mistake[] = [
  [
    "--target windows",
    2,
    '--target is "windows", expected one of linux-x64, linux-arm64, darwin-x64, darwin-arm64',
  ],
  ["--output nowhere/tributary", 1, "--output nowhere/tributary: there is no folder nowhere"],
  ["--output .", 1, "--output .: it is a folder, expected a file"],
];

/** npm takes options before -- for itself. */
const NPM: Mistake[] = [
  ["start --port 9000", 2, "npm took --port for itself, write: npm start -- --port 9000"],
  ["run serve --port 9000", 2, "npm took --port for itself, write: npm run serve -- --port 9000"],
  [
    "run binary --target linux-x64",
    2,
    "npm took --target for itself, write: npm run binary -- --target linux-x64",
  ],
  ["run nostr req --kinds 1", 2, "npm took --kinds for itself, write: npm run nostr -- req --kinds 1"],
  ["run deploy --dry-run", 2, "npm took --dry-run for itself, write: npm run deploy -- --dry-run"],
];

const HTTP: Mistake[] = [
  ["kind=1", 400, '"kind" is not a parameter here, expected ids, authors, kinds'],
  ["kinds=1,,2", 400, 'kinds has "", expected an integer from 0 to 65535'],
  ["authors=npub1xyz", 400, 'authors has "npub1xyz", expected 64 lower-case hex characters, npub1… or'],
  ["tag.p=bob", 400, 'tag.p has "bob", expected 64 lower-case hex characters, npub1… or nprofile1…'],
  ["since=yesterday", 400, 'since is "yesterday", expected an integer from 0'],
  ["cursor=2", 400, 'cursor is "2", expected a cursor from an earlier answer'],
  ["limit=5&limit=6", 400, '"limit" is given 2 times, expected once'],
];

let folder = "";
let relay: ScriptedRelay;
let site: ScriptedRelay;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "nostr-mistakes-"));
  writeFileSync(join(folder, ".env"), `NOSTR_SECRET_KEY=${SECRET_HEX}\n`);
  relay = await startScriptedRelay(() => {}, { RELAY_ADMINS: "a".repeat(64) });
  site = await startScriptedRelay();
  site.answer = (_request, response) => response.end("<html>");
  site.refuse = true;
});
afterAll(async () => {
  await relay[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const filled = (text: string) =>
  text
    .replaceAll("RELAY_", "\0")
    .replace("RELAY", relay.url)
    .replaceAll("\0", "RELAY_")
    .replace(/(\w+):SITE/g, `$1:${site.url.slice(3)}`);

/** Runs a mistake. If the output contains the expected answer, the outcome has only that. */
async function outcomeOf(program: string[], [typed, , answer]: Mistake, cwd: string): Promise<Outcome> {
  const [, key, rest = ""] = /^(?:KEY=(\S*) )?(.*)$/.exec(filled(typed)) ?? [];
  const nobody = { HOME: folder, XDG_CONFIG_HOME: folder, CLOUDFLARE_API_TOKEN: "" };
  const env = { ...nobody, ...(key !== undefined && { NOSTR_SECRET_KEY: key }) };
  // A folder without .env, so that there is no key.
  const here = key === "" ? tmpdir() : cwd;
  const [command = "", ...args] = [...program, ...rest.split(" ").filter((part) => part !== "")];
  const { code, stdout, stderr } = await startProgram(command, args, { cwd: here, env }).ended;
  // npm prints other lines too: the script that it runs, and warnings.
  const isNpm = command === "npm";
  return {
    code,
    stdout: isNpm ? "" : stdout,
    lines: isNpm ? 1 : stderr.trim().split("\n").length,
    answer: stderr.includes(filled(answer)) && !stderr.includes(NSEC) ? answer : stderr,
  };
}

interface Outcome {
  code: number | null;
  stdout: string;
  lines: number;
  answer: string;
}

function wanted([, code, answer]: Mistake): Outcome {
  return { code, stdout: "", lines: 1, answer };
}

const node = (script: string) => [process.execPath, `${ROOT}scripts/${script}.ts`];

describe.concurrent("mistakes", () => {
  it.each(CLIENT)("npm run nostr -- %s", async (...mistake) => {
    expect(await outcomeOf(node("nostr"), mistake, folder)).toEqual(wanted(mistake));
  });
  it.each(START)("npm start -- %s", async (...mistake) => {
    expect(await outcomeOf(node("start"), mistake, folder)).toEqual(wanted(mistake));
  });
  it.each(DEPLOY)("npm run deploy -- %s", async (...mistake) => {
    expect(await outcomeOf(node("deploy"), mistake, folder)).toEqual(wanted(mistake));
  });
  it.each(BINARY)("npm run binary -- %s", async (...mistake) => {
    expect(await outcomeOf(node("binary"), mistake, folder)).toEqual(wanted(mistake));
  });
  it.each(NPM)("npm %s", async (...mistake) => {
    expect(await outcomeOf(["npm"], mistake, ROOT)).toEqual(wanted(mistake));
  });
  it.each(HTTP)("GET /api/v1/events?%s", async (query, status, answer) => {
    const response = await relay.api.request(`/api/v1/events?${query}`);
    expect(response.status).toBe(status);
    expect(await response.text()).toContain(JSON.stringify(answer).slice(1, -1));
  });
});
