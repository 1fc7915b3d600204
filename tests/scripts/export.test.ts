/** `export`: every event once, over HTTP and over WebSocket, and what cannot be had is said. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { newestFirst } from "../../nostr/event.ts";
import { signed } from "../fixtures/author.ts";
import { freshFolder, lines, runCli } from "../fixtures/cli.ts";
import { type StoringRelay, startStoringRelay } from "../fixtures/storing-relay.ts";

const folder = freshFolder();
const exporting = (relay: StoringRelay, ...args: string[]) =>
  runCli("node", ["export", ...args, "--relay", relay.url], { cwd: folder.path });

/** Two events in each second. */
const EVENTS = Array.from({ length: 200 }, (_, n) =>
  signed(`note ${n}`, { created_at: 1_700_000_000 + (n >> 1) }),
).toSorted(newestFirst);
const TEXT = EVENTS.map((event) => `${JSON.stringify(event)}\n`).join("");

/** A relay that is not a Tributary sends at most `most` events at once. */
async function foreignRelay(most: number, limit?: number): Promise<StoringRelay> {
  const relay = await startStoringRelay(most);
  relay.answer = (_request, response) =>
    limit === undefined
      ? response.writeHead(404).end()
      : response.end(JSON.stringify({ limitation: { max_limit: limit } }));
  await relay.api.store.commit(EVENTS);
  return relay;
}

it("over HTTP from a Tributary, over WebSocket from another relay: every event once, newest first", async () => {
  await using own = await startStoringRelay();
  await own.api.store.commit(EVENTS);
  expect(await exporting(own)).toEqual({ code: 0, stdout: TEXT, stderr: "200 events\n" });
  expect(own.received).toEqual([]);
  for (const limit of [undefined, 7]) {
    await using foreign = await foreignRelay(7, limit);
    expect(await exporting(foreign)).toEqual({ code: 0, stdout: TEXT, stderr: "200 events\n" });
    const stdout = EVENTS.slice(0, 9)
      .map((event) => `${JSON.stringify(event)}\n`)
      .join("");
    expect(await exporting(foreign, "--limit", "9", "--until", "1700000099")).toMatchObject({ stdout });
  }
});

it("standard output cannot steer a terminal, and has the same events", async () => {
  await using relay = await startStoringRelay();
  const event = signed("\u001b[31m \u009b31m \u007f \u202e \u2066 é", { created_at: 1_700_000_000 });
  await relay.api.store.commit([event]);
  const { stdout } = await exporting(relay);
  expect(stdout).toMatch(/^[\u0020-\u007eé]+\n$/);
  expect(JSON.parse(stdout)).toEqual(event);
});

it("a relay that takes until as exclusive, and needs a condition: every event once", async () => {
  await using relay = await foreignRelay(7);
  relay.isPeculiar = true;
  expect(await exporting(relay)).toEqual({ code: 0, stdout: TEXT, stderr: "200 events\n" });
});

it("a second with more events than the relay sends at once is named, and the exit status is 1", async () => {
  await using relay = await foreignRelay(3);
  const crowd = Array.from({ length: 5 }, (_, n) => signed(`crowd ${n}`, { created_at: 1_600_000_000 }));
  await relay.api.store.commit([...crowd, signed("older", { created_at: 1_500_000_000 })]);
  const { code, stdout, stderr } = await exporting(relay);
  expect(lines(stdout)).toHaveLength(200 + 3 + 1);
  expect({ code, stderr: lines(stderr) }).toEqual({
    code: 1,
    stderr: [
      "204 events",
      "the relay sent only a part of the events of 2020-09-13 12:26:40 (second 1600000000): some may be missing",
    ],
  });
});

it("a file is compressed as its name says, is never replaced, and has its name only when it is complete", async () => {
  await using relay = await foreignRelay(50);
  const path = join(folder.path, "all.jsonl.gz");
  expect(await exporting(relay, path)).toEqual({ code: 0, stdout: "", stderr: "200 events\n" });
  expect(gunzipSync(readFileSync(path)).toString()).toBe(TEXT);
  expect(statSync(path).mode & 0o777, "private events may be in it").toBe(0o600);
  const again = await exporting(relay, path);
  expect(again).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("is there already: choose another name"),
  });
  relay.refuse = true;
  const other = join(folder.path, "other.jsonl");
  expect((await exporting(relay, other)).code).toBe(1);
  expect([existsSync(other), existsSync(`${other}.part`)]).toEqual([false, false]);
});

it("an invalid event is left out, and said", async () => {
  await using relay = await foreignRelay(50);
  await relay.api.store.commit([{ ...signed("forged", { created_at: 1_800_000_000 }), content: "other" }]);
  const { code, stdout, stderr } = await exporting(relay);
  expect({ code, stdout }).toEqual({ code: 1, stdout: TEXT });
  expect(stderr).toContain("skipped an invalid event: id is not the hash of the event");
});
