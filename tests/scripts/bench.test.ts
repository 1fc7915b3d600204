/** `npm run bench`: its events and its answers, its client, and a small run on a relay. */
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { verifyEvent } from "nostr-tools/pure";
import { describe, expect, it, onTestFinished } from "vitest";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import type { Event } from "../../nostr/event.ts";
import { authorsOf, newcomers, storedEvents } from "../../scripts/bench/corpus/corpus.ts";
import { Oracle } from "../../scripts/bench/corpus/oracle.ts";
import { ASKED, firstQuestions, type Question, questionsOf } from "../../scripts/bench/corpus/questions.ts";
import { WORDS } from "../../scripts/bench/corpus/text.ts";
import { problemOf } from "../../scripts/bench/load/answer.ts";
import { eventIdIn, nameIn, verbOf } from "../../scripts/bench/load/messages.ts";
import { percentile } from "../../scripts/bench/load/meter.ts";
import { usedBy } from "../../scripts/bench/load/processes.ts";
import { frameOf, openLine } from "../../scripts/bench/load/socket.ts";
import { comparison } from "../../scripts/bench/report/compare.ts";
import { median, type Report, type Result } from "../../scripts/bench/report/report.ts";
import { figure } from "../../scripts/bench/report/table.ts";
import { freePort } from "../../scripts/bench/relays/free-port.ts";
import { startRelay, temporaryFolder } from "../e2e/programs.ts";
import { ROOT, startProgram } from "../fixtures/program.ts";
import { matches } from "../reference/matcher.ts";

const CORPUS = { count: 2000, end: 1_800_000_000, seed: 1 };
const events = [...storedEvents(CORPUS)];

function run(...args: string[]) {
  return startProgram(`${ROOT}node_modules/.bin/node`, [`${ROOT}scripts/bench.ts`, ...args], { cwd: ROOT })
    .ended;
}

describe("the events", () => {
  it("are valid, oldest first, and no two are of one second", () => {
    expect(events).toHaveLength(CORPUS.count);
    for (const event of events.filter((_, n) => n % 50 === 0)) expect(verifyEvent({ ...event })).toBe(true);
    const times = events.map(({ created_at }) => created_at);
    expect(times).toEqual([...new Set(times)].toSorted((a, b) => a - b));
    expect(times.at(-1)).toBe(CORPUS.end);
    expect(new Set(events.map(({ id }) => id)).size).toBe(CORPUS.count);
  });

  it("are the same for the same numbers, and others for another seed", () => {
    const idsOf = (seed: number) => [...storedEvents({ ...CORPUS, count: 100, seed })].map(({ id }) => id);
    expect(idsOf(1)).toEqual(idsOf(1));
    expect(idsOf(2)).not.toEqual(idsOf(1));
  });

  it("take about 1 KB and have about five tags, as many as 50,000 would have", () => {
    const later = events.slice(500);
    const mean = (of: (event: Event) => number) =>
      later.reduce((sum, event) => sum + of(event), 0) / later.length;
    expect(mean((event) => JSON.stringify(event).length)).toBeGreaterThan(600);
    expect(mean((event) => JSON.stringify(event).length)).toBeLessThan(1200);
    expect(mean(({ tags }) => tags.length)).toBeGreaterThan(1.5);
  });

  it("that are published later are by other people, and all differ", () => {
    const authors = new Set(authorsOf(CORPUS).all.map(({ pubkey }) => pubkey));
    const maker = newcomers(5);
    const later = Array.from({ length: 5000 }, () => maker.next(CORPUS.end + 1));
    expect(later.filter(({ pubkey }) => authors.has(pubkey))).toEqual([]);
    expect(new Set(later.map(({ id }) => id)).size).toBe(later.length);
    for (const event of later.slice(0, 50)) expect(verifyEvent({ ...event })).toBe(true);
  });

  it("have words of which none is part of another", () => {
    const text = ` ${WORDS.join(" ")} `;
    for (const word of WORDS.slice(0, 1000)) expect(text.split(word)).toHaveLength(2);
  });
});

describe("the answers", () => {
  const oracle = new Oracle(events);
  const people = authorsOf(CORPUS);
  const newest = new Map<string, Event>();
  for (const event of events) {
    const d = event.tags.find(([name]) => name === "d")?.[1] ?? "";
    const isReplaceable = [0, 3, 10_002, 30_023].includes(event.kind);
    newest.set(isReplaceable ? `${event.kind}:${event.pubkey}:${d}` : event.id, event);
  }
  const stored = [...newest.values()].toSorted((a, b) => b.created_at - a.created_at);

  it.each(ASKED.filter((name) => !name.startsWith("search")))("to %s are what a matcher finds", (name) => {
    const questions = questionsOf(name, oracle, people);
    expect(questions.length).toBeGreaterThan(0);
    for (const { filter, ids } of questions.slice(0, 20)) {
      const expected = stored.filter((event) => matches({ ...filter }, event)).slice(0, filter.limit);
      expect(ids).toEqual(expected.map(({ id }) => id));
    }
    expect(questions.some(({ ids }) => ids.length > 0)).toBe(true);
  });

  it("to the first question of each user are the newest events that name them", () => {
    const questions = firstQuestions(oracle, people, 100);
    expect(questions).toHaveLength(100);
    for (const { filter, ids } of questions) {
      const expected = stored.filter((event) => matches({ ...filter }, event)).slice(0, filter.limit);
      expect(ids).toEqual(expected.map(({ id }) => id));
    }
  });

  it.each(["search-rare", "search-common"])("to %s are the notes with the word", (name) => {
    for (const { filter, ids } of questionsOf(name, oracle, people)) {
      const word = filter.search ?? "";
      const found = stored.filter(({ kind, content }) => kind === 1 && ` ${content} `.includes(` ${word} `));
      expect(ids).toEqual(found.map(({ id }) => id));
    }
  });
});

describe("an answer", () => {
  const ids = ["a", "b", "c"];
  const set = new Set(ids);
  const question = (answer: Question["answer"], limit?: number): Question => ({
    verb: "REQ",
    filter: limit === undefined ? {} : { limit },
    ids,
    answer,
  });

  it.each<[answer: Question["answer"], limit: number | undefined, got: string, isRight: boolean]>([
    ["exact", undefined, "abc", true],
    ["exact", undefined, "acb", false],
    ["exact", undefined, "ab", false],
    ["exact", undefined, "abcd", false],
    ["exact", 2, "ab", true],
    ["exact", 2, "bc", false],
    ["some", 2, "ca", true],
    ["some", 2, "cc", false],
    ["some", 2, "cd", false],
    ["some", 4, "cab", true],
    ["open", 2, "xy", true],
    ["open", 2, "xx", false],
    ["open", 2, "x", false],
  ])("that must be %s, with limit %s: %s is right: %s", (answer, limit, got, isRight) => {
    expect(problemOf(question(answer, limit), got.split(""), set) === undefined).toBe(isRight);
  });

  it("that must be open may lack one in fifty", () => {
    const ids = Array.from({ length: 100 }, (_, n) => `${n}`);
    const asked = { ...question("open", 100), ids };
    expect(problemOf(asked, ids.slice(2), set)).toBeUndefined();
    expect(problemOf(asked, ids.slice(3), set)).toContain("97 events");
  });
});

describe("the client", () => {
  async function server(onConnection: (socket: WebSocket) => void): Promise<string> {
    const http = createServer();
    const sockets = new WebSocketServer({ server: http, maxPayload: 0 });
    sockets.on("connection", onConnection);
    await new Promise<void>((done) => http.listen(0, "127.0.0.1", done));
    onTestFinished(() => void http.close());
    return `ws://127.0.0.1:${(http.address() as AddressInfo).port}/`;
  }

  it("sends and receives messages of every length, also in parts and between pings", async () => {
    const url = await server((socket) => {
      socket.on("message", (data: RawData) => {
        socket.ping();
        const text = (data as Buffer).toString();
        socket.send(text.slice(0, 1), { fin: false });
        socket.send(text.slice(1));
        socket.send(text);
      });
    });
    const line = await openLine(url);
    const got: string[] = [];
    const texts = [1, 2, 125, 126, 127, 65_535, 65_536, 300_000].map((length) => "é".padEnd(length, "x"));
    await new Promise<void>((done) => {
      line.onMessage = (message) => {
        got.push(message.toString());
        if (got.length === 2 * texts.length) done();
      };
      for (const text of texts) line.send(frameOf(text));
    });
    expect(got).toEqual(texts.flatMap((text) => [text, text]));
    line.end();
  });

  it("tells how a connection ended", async () => {
    const url = await server((socket) => socket.close(1013));
    const line = await openLine(url);
    expect(await new Promise((done) => void (line.onEnd = done))).toBe("closed with 1013");
    // Who asks later is told too.
    expect(await new Promise((done) => void (line.onEnd = done))).toBe("closed with 1013");
  });

  it("does not connect to what is no relay", async () => {
    await expect(openLine("ws://127.0.0.1:9/")).rejects.toThrow("cannot connect to ws://127.0.0.1:9/");
  });

  it("reads the verb, the name and the id of a message", () => {
    const event = { ...events[0], content: 'a "id":"b" c' };
    const message = Buffer.from(JSON.stringify(["EVENT", "q0", event]));
    expect([verbOf(message), nameIn(message), eventIdIn(message)]).toEqual(["EVENT", "q0", event.id]);
    expect(verbOf(Buffer.from('["EOSE","q1"]'))).toBe("EOSE");
  });
});

describe("the figures", () => {
  it("are medians, percentiles and three digits", () => {
    expect([median([3, undefined, 1, 2]), median([1, 2]), median([])]).toEqual([2, 1.5, undefined]);
    expect([percentile([1, 2, 3, 4], 0.5), percentile([1, 2], 0.99), percentile([], 0.5)]).toEqual([
      3,
      2,
      undefined,
    ]);
    expect([1234.5, 12.345, 0.012345, undefined].map(figure)).toEqual(["1235", "12.3", "0.0123", "-"]);
  });

  it.runIf(process.platform === "linux")(
    "contain the CPU and the memory of a process and its children",
    () => {
      expect(usedBy(process.pid)?.memory).toBeGreaterThan(10_000_000);
      expect(usedBy(process.pid)?.cpuMilliseconds).toBeGreaterThan(0);
      expect(usedBy(2 ** 22 + 1)).toBeUndefined();
    },
  );

  it("of two reports are compared case by case", () => {
    const result = { case: "thread", relay: "one", perSecond: 10, p50: 4, cpuMilliseconds: 1 } as Result;
    const report = (...results: Result[]) => ({ version: 1, relays: [{ name: "one" }], results }) as Report;
    const text = comparison(report(result), report({ ...result, perSecond: 25, p50: 1, relay: "other" }));
    expect(text).toMatch(/\| thread +\| other \/ one +\| 2\.5 +\| 0\.25 +\| - +\| 1 +\|/);
    expect(() => comparison(report(), report(result))).toThrow("the reports have no case in common");
  });
});

describe("npm run bench", () => {
  const SMALL = ["--quick", "--events", "400"];
  const SHORT = "thread,count,negentropy,http,mixed,fan-out,storm,ingest";

  it("measures a relay, checks its answers and writes both figures and table", async () => {
    const folder = temporaryFolder();
    const relay = await startRelay(await freePort(), join(folder, "state"));
    const json = join(folder, "report.json");
    const args = ["--url", relay.url, "--pid", String(relay.process.pid), "--json", json];
    const { code, stdout, stderr } = await run(...SMALL, ...args, "--scenarios", SHORT);
    expect(code, stderr).toBe(0);
    const { results } = JSON.parse(readFileSync(json, "utf8")) as Report;
    const seen = results.map((result) => ({
      case: result.case,
      works: result.operations > 0 && (result.cpuMilliseconds ?? 0) > 0,
      isChecked: result.checked > 0 && result.wrong === 0,
      errors: result.errors,
      isInTable: stdout.includes(`| ${result.case} `),
    }));
    const cases = [
      "thread",
      "count",
      "negentropy",
      "http events",
      "http document",
      "mixed, 2 writers, 18 readers",
      "fan-out to 50, 20/s",
      "fan-out to 50, burst",
      "storm of 200",
      "ingest 8×64",
    ];
    const asked = { works: true, isChecked: true, errors: {}, isInTable: true };
    expect(seen).toEqual(cases.map((name) => ({ case: name, ...asked })));
    expect(results[0]?.rowsReadPerEvent).toBeGreaterThan(1);
    expect(results.at(-1)?.rowsWritten).toBeGreaterThan(5);
  });

  it("measures the least that a relay on Workers can do", async () => {
    const json = join(temporaryFolder(), "report.json");
    const names = ["thread", "notifications", "hashtag", "ids", "author", "address", "newest500", "storm"];
    const { code, stderr } = await run(
      ...SMALL,
      "--relay",
      "floor",
      "--scenarios",
      names.join(","),
      "--json",
      json,
    );
    expect(code, stderr).toBe(0);
    const { results } = JSON.parse(readFileSync(json, "utf8")) as Report;
    expect(results.map(({ case: name, checked, wrong }) => [name, checked > 0, wrong])).toEqual(
      [...names.slice(0, -1), "storm of 200"].map((name) => [name, true, 0]),
    );
  });

  it("fails loudly if a relay leaves out events", async () => {
    const http = createServer((_, response) => response.writeHead(404).end());
    new WebSocketServer({ server: http }).on("connection", (socket) => {
      socket.on("message", (data: RawData) => {
        const [verb, name] = JSON.parse((data as Buffer).toString()) as [string, Event | string];
        if (verb === "EVENT") socket.send(JSON.stringify(["OK", (name as Event).id, true, ""]));
        if (verb === "REQ") socket.send(JSON.stringify(["EOSE", name]));
      });
    });
    await new Promise<void>((done) => http.listen(0, "127.0.0.1", done));
    onTestFinished(() => http.closeAllConnections());
    onTestFinished(() => void http.close());
    const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}`;
    const { code, stdout, stderr } = await run(...SMALL, "--url", url, "--scenarios", "ids,ingest");
    expect(code).toBe(1);
    expect(stdout).toMatch(/\| ids .*0 %: WRONG/);
    expect(stdout).toMatch(/\| ingest 8×64 .*0 %: WRONG/);
    expect(stderr).toMatch(/wrong answers: .*ids: \d+, such as \{"ids":/);
  });

  it("compares two files", async () => {
    const folder = temporaryFolder();
    const result = { case: "ids", relay: "one", perSecond: 10, rowsRead: 4 };
    const files = [10, 30].map((perSecond) => {
      const file = join(folder, `${perSecond}.json`);
      writeFileSync(
        file,
        JSON.stringify({ version: 1, relays: [{ name: "one" }], results: [{ ...result, perSecond }] }),
      );
      return file;
    });
    const { code, stdout } = await run("--compare", ...files);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/\| ids +\| one +\| 3 /) });
  });

  it.each<[args: string[], code: number, says: string]>([
    [["--help"], 0, "Usage: npm run bench"],
    [["--scenario", "ids"], 2, "there is no option --scenario, did you mean --scenarios?"],
    [["--scenarios", "treads"], 2, '--scenarios has "treads", did you mean thread?'],
    [["--events", "0"], 2, '--events is "0", expected a number from 1'],
    [["--url", "relay.example"], 2, "write wss://relay.example"],
    [["--pid", "1"], 2, "there are more --pid than --url"],
    [["--compare", "a.json"], 2, "--compare needs two files"],
    [["--compare", "a.json", "b.json"], 1, "a.json cannot be read"],
    [["--quick", "--relay", "docs"], 1, "--relay is docs, which is not a checkout of this project"],
    [
      ["--quick", "--relay", "docs,MAX_LIMIT=5"],
      1,
      "--relay is docs,MAX_LIMIT=5, which is not a checkout of this project",
    ],
    [["ids"], 2, 'unexpected argument "ids"'],
  ])("%j", async (args, code, says) => {
    const ended = await run(...args);
    expect(ended.stdout + ended.stderr).toContain(says);
    expect(ended.code).toBe(code);
  });
});
