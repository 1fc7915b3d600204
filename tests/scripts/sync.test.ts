/** `sync`: what two relays lack, both ways, over NIP-77 and page by page. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { PUBKEY, SECRET_HEX, signed } from "../fixtures/author.ts";
import { freshFolder, lines, RUNTIMES, runCli, startCli } from "../fixtures/cli.ts";
import { answererOf } from "../fixtures/negentropy-upstream.ts";
import { startScriptedRelay } from "../fixtures/scripted-relay.ts";
import "../fixtures/seed.ts";
import { type StoringRelay, startStoringRelay } from "../fixtures/storing-relay.ts";

const START = 1_700_000_000;
const folder = freshFolder();
const sync = (here: { url: string }, there: { url: string }, ...args: string[]) =>
  runCli("node", ["sync", there.url, "--relay", here.url, ...args], {
    cwd: folder.path,
    env: { NOSTR_SECRET_KEY: SECRET_HEX },
  });

const note = (n: number, more: Partial<Event> = {}) =>
  signed(`note ${n}`, { created_at: START + n, ...more });
const notes = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => note(from + n));

async function comparing(most = 1000): Promise<StoringRelay> {
  const relay = await startStoringRelay();
  relay.mostCompared = most;
  return relay;
}

async function filled(relay: StoringRelay, events: Event[]): Promise<void> {
  await relay.api.store.commit(events);
}

const idsOf = (events: Event[]) => events.map(({ id }) => id).toSorted();
const verbs = ({ received }: StoringRelay) => new Set(received.map(([verb]) => verb));

describe("sync over NIP-77", () => {
  it("brings each relay what it lacks, and then nothing", async () => {
    await using here = await comparing();
    await using there = await comparing();
    await filled(here, notes(0, 300));
    await filled(there, notes(200, 500));
    expect(await sync(here, there)).toEqual({
      code: 0,
      stdout: "down: 200 stored, 0 refused\nup: 200 stored, 0 refused\n",
      stderr: "",
    });
    expect(idsOf(await here.stored())).toEqual(idsOf(notes(0, 500)));
    expect(idsOf(await there.stored())).toEqual(idsOf(notes(0, 500)));
    here.received.length = 0;
    expect(await sync(here, there)).toMatchObject({
      code: 0,
      stdout: "down: 0 stored, 0 refused\nup: 0 stored, 0 refused\n",
    });
    expect([...verbs(here)].map(String).toSorted()).toEqual(["NEG-CLOSE", "NEG-OPEN"]);
  });

  it("--down and --up go one way, and a filter selects", async () => {
    await using here = await comparing();
    await using there = await comparing();
    await filled(here, [note(1), note(2, { kind: 7 })]);
    await filled(there, [note(3), note(4, { kind: 7 }), note(9, { kind: 7 })]);
    const until = String(START + 5);
    expect(await sync(here, there, "--down", "--kinds", "7", "--until", until)).toMatchObject({
      stdout: "down: 1 stored, 0 refused\n",
    });
    expect(idsOf(await here.stored())).toEqual(idsOf([note(1), note(2, { kind: 7 }), note(4, { kind: 7 })]));
    expect(await sync(here, there, "--up", "--authors", PUBKEY)).toMatchObject({
      stdout: "up: 2 stored, 0 refused\n",
    });
    expect(await there.stored()).toHaveLength(5);
  });

  it("--dry-run transfers nothing and prints what would be", async () => {
    await using here = await comparing();
    await using there = await comparing();
    await filled(here, [note(1)]);
    await filled(there, [note(2), note(3)]);
    const { code, stdout, stderr } = await sync(here, there, "--dry-run");
    expect(lines(stdout).toSorted()).toEqual(
      [`down ${note(2).id}`, `down ${note(3).id}`, `up ${note(1).id}`].toSorted(),
    );
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: "down: 2 would be transferred; up: 1 would be transferred\n",
    });
    expect(idsOf(await here.stored())).toEqual([note(1).id]);
    expect(verbs(here)).not.toContain("EVENT");
    expect(verbs(there)).not.toContain("REQ");
  });

  it("learns how many events a relay compares at once", async () => {
    await using here = await comparing(50);
    await using there = await comparing(70);
    await filled(here, notes(0, 300));
    await filled(there, notes(100, 400));
    expect(await sync(here, there)).toMatchObject({ code: 0, stderr: "" });
    expect(idsOf(await there.stored())).toEqual(idsOf(await here.stored()));
    expect(idsOf(await here.stored())).toEqual(idsOf(notes(0, 400)));
  });

  it("counts what a relay refuses, has a newer version of, or lists and does not send", async () => {
    await using here = await comparing();
    await using there = await comparing();
    const versions = [1, 2].map((at) => signed("", { kind: 10_000, created_at: START + at })) as [
      Event,
      Event,
    ];
    await filled(here, [note(1), note(2), versions[1]]);
    await filled(there, [versions[0]]);
    there.refused.set(note(1).id, "blocked: not here");
    const { code, stdout, stderr } = await sync(here, there);
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout: "down: 0 stored, 1 superseded by a newer version, 0 refused\nup: 2 stored, 1 refused\n",
    });
    expect(lines(stderr)).toEqual([
      `up: event ${note(1).id} was refused: blocked: not here`,
      "one event was refused",
    ]);
    expect(await there.stored()).toEqual(expect.arrayContaining([versions[1]]));
  });

  it("stores nothing that is forged, or that was not asked for", async () => {
    await using here = await comparing();
    const forged = { ...note(1), content: "other" };
    const { id } = forged;
    const answerer = answererOf([note(1), note(2)]);
    await using there = await startScriptedRelay(([verb, subscription, , message], say) => {
      if (verb === "NEG-OPEN") say(["NEG-MSG", subscription, answerer(message as string)]);
      if (verb !== "REQ") return;
      for (const event of [forged, note(3)]) say(["EVENT", subscription, event]);
      say(["EOSE", subscription]);
    });
    const { code, stdout, stderr } = await sync(here, there, "--since", String(START));
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout: "down: 0 stored, 1 refused, 1 listed, but not sent\nup: 0 stored, 0 refused\n",
    });
    expect(stderr).toContain(`down: event ${id} was refused: id is not the hash of the event`);
    expect(await here.stored()).toEqual([]);
  });

  it("comes to an end with a relay that always sends something else", async () => {
    await using here = await comparing();
    const answerer = answererOf([note(1), note(2)]);
    let sent = 10;
    await using there = await startScriptedRelay(([verb, subscription, , message], say) => {
      if (verb === "NEG-OPEN") say(["NEG-MSG", subscription, answerer(message as string)]);
      if (verb !== "REQ") return;
      say(["EVENT", subscription, note((sent += 1))]);
      say(["EOSE", subscription]);
    });
    expect(await sync(here, there, "--since", String(START))).toMatchObject({
      code: 0,
      stdout: "down: 0 stored, 0 refused, 2 listed, but not sent\nup: 0 stored, 0 refused\n",
    });
  });

  it("generated sets are equal afterwards, also if the first attempts are killed", async () => {
    const places = fc.uniqueArray(
      fc.record({
        n: fc.integer({ min: 0, max: 5000 }),
        kind: fc.constantFrom(1, 1, 7, 30_023, 10_002),
        where: fc.constantFrom("here", "there", "both"),
      }),
      { selector: ({ n }) => n, minLength: 1, maxLength: 400, size: "max" },
    );
    await fc.assert(
      fc.asyncProperty(places, fc.constantFrom(40, 1000), async (all, most) => {
        await using here = await comparing(most);
        await using there = await comparing(most);
        const eventsOn = (side: string) =>
          all
            .filter(({ where }) => where === side || where === "both")
            .map(({ n, kind }) => note(n, { kind, tags: [["d", `${n % 3}`]] }));
        await filled(here, eventsOn("here"));
        await filled(there, eventsOn("there"));
        const running = startCli("node", ["sync", there.url, "--relay", here.url], { cwd: folder.path });
        await Promise.race([here.has(1), there.has(1), running.ended]);
        running.process.kill("SIGKILL");
        await running.ended;
        expect(await sync(here, there)).toMatchObject({ code: 0 });
        expect(idsOf(await here.stored())).toEqual(idsOf(await there.stored()));
        expect(await sync(here, there, "--dry-run")).toMatchObject({ code: 0, stdout: "" });
      }),
      { numRuns: Number(process.env["RUNS"] ?? 4) },
    );
  });

  it("Ctrl-C ends it after what is on its way, and another sync goes on", async () => {
    await using here = await comparing();
    await using there = await comparing();
    await filled(there, notes(0, 900));
    const running = startCli("node", ["sync", there.url, "--relay", here.url], { cwd: folder.path });
    await here.has(1);
    running.process.kill("SIGINT");
    const { code, stderr } = await running.ended;
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(
        /^interrupted: down: \d+ stored, 0 refused; up: .*; sync again to go on\n$/,
      ),
    });
    expect(await sync(here, there)).toMatchObject({ code: 0 });
    expect(await here.stored()).toHaveLength(900);
  });

  it("authenticates where it is asked to, and says so if it may not", async () => {
    await using here = await comparing();
    await filled(here, [note(1)]);
    let isProven = false;
    await using there = await startScriptedRelay(([verb, first], say) => {
      if (verb === "AUTH") {
        isProven = true;
        return say(["OK", (first as Event).id, true, ""]);
      }
      const reason = "auth-required: members only";
      if (!isProven) say(["AUTH", "challenge"]);
      if (verb === "REQ") say(isProven ? ["EOSE", first] : ["CLOSED", first, reason]);
      if (verb === "NEG-OPEN") say(isProven ? ["NEG-MSG", first, "6100000200"] : ["NEG-ERR", first, reason]);
      if (verb === "EVENT") say(["OK", (first as Event).id, isProven, isProven ? "" : reason]);
    });
    expect(await sync(here, there)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`${there.url}: it wants authentication (use --auth to authenticate)`),
    });
    expect(await sync(here, there, "--auth", "--until", String(START + 5), "--since", "9")).toMatchObject({
      code: 0,
      stdout: "down: 0 stored, 0 refused\nup: 1 stored, 0 refused\n",
    });
  });
});

describe("sync with a relay without NIP-77", () => {
  it("reads both page by page, and says so", async () => {
    await using here = await comparing();
    await using there = await startStoringRelay(60);
    await filled(here, notes(0, 300));
    await filled(there, notes(200, 500));
    const { code, stdout, stderr } = await sync(here, there);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: "down: 200 stored, 0 refused\nup: 200 stored, 0 refused\n",
    });
    expect(stderr).toContain(
      `${there.url} cannot be compared with NIP-77 (it says: error: unknown command): reading all events that match, page by page\n`,
    );
    expect(idsOf(await here.stored())).toEqual(idsOf(notes(0, 500)));
    expect(idsOf(await there.stored())).toEqual(idsOf(notes(0, 500)));
  });

  it("sends no message of NIP-77 if the document does not list it, and names a second of which it gets only a part", async () => {
    await using here = await comparing();
    await using there = await startStoringRelay(10);
    there.answer = (_request, response) => response.writeHead(404).end();
    const second = Array.from({ length: 20 }, (_, n) => signed(`${n}`, { created_at: START }));
    await filled(there, [note(-1), ...second]);
    expect(lines((await sync(here, there, "--dry-run")).stdout)).toHaveLength(11);
    expect(await here.stored()).toEqual([]);
    const { code, stdout, stderr } = await sync(here, there);
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout: "down: 11 stored, 0 refused\nup: 0 stored, 0 refused\n",
    });
    expect(verbs(there)).not.toContain("NEG-OPEN");
    expect(stderr).toContain(`${there.url} sent only a part of the events of 2023-11-14 22:13:20`);
  });
});

it("runs on every runtime", async () => {
  await using here = await comparing();
  await using there = await comparing();
  for (const [n, runtime] of RUNTIMES.entries()) {
    await filled(there, [note(n)]);
    const run = await runCli(runtime, ["sync", there.url, "--relay", here.url], { cwd: folder.path });
    expect(run).toMatchObject({ code: 0, stdout: expect.stringContaining("down: 1 stored, 0 refused") });
  }
});
