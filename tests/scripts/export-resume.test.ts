/** `export --resume`: what an interrupted export has written is continued, also if its file ends in the middle of a line. */
import { appendFileSync, existsSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { type Event, newestFirst } from "../../nostr/event.ts";
import { openConversation } from "../../scripts/nostr/conversation.ts";
import { PAGE } from "../../scripts/nostr/http-pages.ts";
import { type RequestPlace, requestPages } from "../../scripts/nostr/request-pages.ts";
import { openSource } from "../../scripts/move/source.ts";
import { PUBKEY, SECRET_HEX, signed } from "../fixtures/author.ts";
import { freshFolder, runCli } from "../fixtures/cli.ts";
import { type StoringRelay, startStoringRelay } from "../fixtures/storing-relay.ts";

const folder = freshFolder();
const path = (name: string) => join(folder.path, name);
const exporting = (relay: StoringRelay, ...args: string[]) =>
  runCli("node", ["export", ...args, "--relay", relay.url], {
    cwd: folder.path,
    env: { NOSTR_SECRET_KEY: SECRET_HEX },
  });

/** At least three pages, in the order of the log. Two events in each second. */
const EVENTS = Array.from({ length: 1200 }, (_, n) =>
  signed(`note ${n}`, { created_at: 1_700_000_000 + (n >> 1) }),
);
const textOf = (events: Event[]) => events.map((event) => `${JSON.stringify(event)}\n`).join("");
const NEWEST_FIRST = textOf(EVENTS.toSorted(newestFirst));

async function textIn(name: string): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of (await openSource(path(name))).bytes) parts.push(part);
  return Buffer.concat(parts).toString();
}

/** Lets the database of the relay answer all pages but the third, for which it `does` something else. */
function failing(relay: StoringRelay, does: () => Promise<never>): void {
  const { read } = relay.api.store;
  let pages = 0;
  relay.api.store.read = async function* (queries) {
    pages += 1;
    return yield* pages === 3 ? await does() : read(queries);
  };
}

const fail = () => Promise.reject(new Error("gone"));
const hang = () => new Promise<never>(() => undefined);

/** Whole texts would make a failure unreadable. */
const namesIn = (text: string) => text.split("\n").map((line) => /"content":"(.*?)"/.exec(line)?.[1] ?? line);

async function filledRelay(most = 500): Promise<StoringRelay> {
  const relay = await startStoringRelay(most, { RELAY_ADMINS: PUBKEY });
  for (let at = 0; at < EVENTS.length; at += 400) await relay.api.store.commit(EVENTS.slice(at, at + 400));
  return relay;
}

it.each(["all.jsonl", "all.gz", "all.zst"])("%s", async (name) => {
  await using relay = await filledRelay();
  failing(relay, fail);
  const { code, stderr } = await exporting(relay, name);
  expect(code).toBe(1);
  expect(stderr).toContain(`: ${2 * PAGE} events so far; --resume goes on\n`);
  expect(existsSync(path(name))).toBe(false);
  appendFileSync(path(`${name}.part`), '{"id":"the end of a li');
  expect(await exporting(relay, name, "--resume", "--kinds", "1")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("is of another export"),
  });
  expect(await exporting(relay, name, "--resume")).toEqual({
    code: 0,
    stdout: "",
    stderr: "1,200 events\n",
  });
  expect(namesIn(await textIn(name))).toEqual(namesIn(NEWEST_FIRST));
  for (const rest of ["part", "export"]) expect(existsSync(path(`${name}.${rest}`))).toBe(false);
});

it("over WebSocket, and as an admin", async () => {
  await using relay = await filledRelay(500);
  const { log } = relay.api.store;
  let isGone = true;
  relay.api.store.log = (after, limit) =>
    after >= 1000 && isGone ? Promise.reject(new Error("gone")) : log(after, limit);
  expect((await exporting(relay, "log", "--admin")).stderr).toContain("1,000 events so far");
  isGone = false;
  expect((await exporting(relay, "log", "--admin", "--resume")).code).toBe(0);
  expect(namesIn(await textIn("log"))).toEqual(namesIn(textOf(EVENTS)));

  relay.answer = (_request, response) => response.writeHead(404).end();
  failing(relay, hang);
  expect((await exporting(relay, "foreign", "--timeout", "1")).stderr).toContain("events so far");
  expect((await exporting(relay, "foreign", "--resume")).code).toBe(0);
  expect(namesIn(await textIn("foreign"))).toEqual(namesIn(NEWEST_FIRST));
});

it.each([false, true])(
  "over WebSocket, every page is a place to go on (peculiar: %s)",
  async (isPeculiar) => {
    await using relay = await startStoringRelay(3);
    relay.isPeculiar = isPeculiar;
    const at = (second: number, count: number) =>
      Array.from({ length: count }, (_, n) => signed(`${second} ${n}`, { created_at: second }));
    await relay.api.store.commit([...at(50, 2), ...at(40, 7), ...at(39, 1), ...at(38, 2), ...at(0, 1)]);
    await using conversation = await openConversation(relay.url, undefined);
    const options = { auth: false, silence: 60_000, maxLimit: 3, isCut: () => undefined };
    const pagesFrom = async (from?: RequestPlace) => {
      const pages = [];
      for await (const page of requestPages(conversation, {}, { ...options, from })) pages.push(page);
      return pages;
    };
    const all = await pagesFrom();
    expect(all.length).toBeGreaterThan(4);
    for (const [n, { next }] of all.entries()) {
      if (next === undefined) continue;
      const rest = await pagesFrom(JSON.parse(JSON.stringify(next)) as RequestPlace);
      const events = (pages: typeof all) => pages.flatMap((page) => page.events);
      expect(events(rest)).toEqual(events(all.slice(n + 1)));
    }
  },
);

it("what is missing in the unfinished file is said, and without --resume it begins again", async () => {
  await using relay = await filledRelay();
  expect((await exporting(relay, "new", "--resume")).stderr).toContain("no export to new was interrupted");
  failing(relay, fail);
  await exporting(relay, "all");
  truncateSync(path("all.part"), 10);
  const { code, stderr } = await exporting(relay, "all", "--resume");
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringMatching(
      /^all\.part cannot be written: it has 10 bytes, and \d+ were written: export without --resume/,
    ),
  });
  expect((await exporting(relay, "all")).code).toBe(0);
  expect(namesIn(await textIn("all"))).toEqual(namesIn(NEWEST_FIRST));
  expect((await exporting(relay, "-", "--resume")).code).toBe(2);
});
