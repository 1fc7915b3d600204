/** `npm run bill`: its figures, measured again, and what it prints. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { beginPull, leaseDue, settlePull } from "../../aggregator/pull/schedule.ts";
import { pulledUpTo } from "../fixtures/pulls.ts";
import { retentionOf } from "../../relay/retention.ts";
import { sweep } from "../../relay/sweep.ts";
import { MEASURED, type Measured } from "../../scripts/bill/measured.ts";
import { readBillOptions } from "../../scripts/bill/options.ts";
import { type Billed, DATABASE_GB, PRICES } from "../../telemetry/prices.ts";
import { billText, totalOf } from "../../scripts/bill/table.ts";
import { type Traffic, usageOf } from "../../scripts/bill/usage.ts";
import { unneeded } from "../../store/upstreams/unneeded.ts";
import { noTracer } from "../../telemetry/tracing.ts";
import { connect, type Frame, NOW } from "../fixtures/hubs.ts";
import { ROOT, startProgram } from "../fixtures/program.ts";
import { type Bill, type MeasuredRelay, openMeasuredRelay } from "../fixtures/measured-relay.ts";
import {
  type Published,
  typicalQuestions,
  typicalSubscriptions,
  typicalTraffic,
} from "../fixtures/typical-traffic.ts";

const EVENTS = 1000;
const CONNECTIONS = 20;
const UPSTREAMS = Array.from({ length: 10 }, (_, n) => `wss://relay${n}.example/`);
const DAY = 86_400;
/** A commit of workerd takes 25 ms, and several times as long on a busy machine. In milliseconds. */
const LONG = 300_000;

/** Returns figures of one, of the figures of so many, to a tenth. */
function each<K extends keyof Bill>(bill: Bill, count: number, ...names: K[]): Record<K, number> {
  const figures = names.map((name) => [name, tenths(bill[name] / count)]);
  return Object.fromEntries(figures) as Record<K, number>;
}

function tenths(figure: number): number {
  return Math.round(10 * figure) / 10;
}

describe("the figures of scripts/bill/measured.ts are what this code takes", () => {
  let measuring: MeasuredRelay;
  let traffic: Published;
  let stored: Bill;
  let bytes = 0;
  let refused: Frame[];

  beforeAll(async () => {
    measuring = await openMeasuredRelay({ RATE_LIMIT: "off", RETENTION: "*:2592000" });
    traffic = typicalTraffic(EVENTS, NOW - EVENTS);
    const { relay, hub, measured } = measuring;
    const publisher = connect(hub);
    // A hub with a subscription keeps its position in the log.
    await connect(hub).say("REQ", "live", { kinds: [1], limit: 0 });
    await measuring.settle();
    const empty = relay.size.bytes ?? 0;
    stored = await measured(async () => {
      for (const event of traffic.events) {
        await publisher.say("EVENT", event);
        await relay.settled();
      }
    });
    bytes = (relay.size.bytes ?? 0) - empty;
    refused = publisher.take().filter(([, , isStored]) => isStored !== true);
  }, LONG);
  afterAll(() => measuring[Symbol.asyncDispose]());

  it("for an EVENT", () => {
    expect(refused).toEqual([]);
    expect<Measured["event"]>({
      ...each(stored, EVENTS, "rowsRead", "rowsWritten", "calls", "objectRows"),
      bytes: 10 * Math.round(bytes / EVENTS / 10),
    }).toEqual(MEASURED.event);
  });

  it("for a REQ and its CLOSE", async () => {
    const questions = typicalQuestions(traffic);
    const client = connect(measuring.hub);
    const bill = await measuring.measured(async () => {
      for (const filters of questions) {
        await client.say("REQ", "q", ...filters);
        await client.say("CLOSE", "q");
      }
      await measuring.settle();
    });
    const frames = client.take();
    expect(frames.filter(([verb]) => verb === "EOSE")).toHaveLength(questions.length);
    expect(frames.filter(([verb]) => verb === "EVENT").length).toBeGreaterThan(150);
    expect<Measured["req"]>(each(bill, questions.length, "rowsRead", "calls")).toEqual(MEASURED.req);
  });

  it("for a connection with its subscriptions", async () => {
    const { hub, relay, settle, measured } = measuring;
    let messages = 0;
    const bill = await measured(async () => {
      for (let user = 0; user < CONNECTIONS; user += 1) {
        expect(await hub.admits("192.0.2.1")).toBe(true);
        const client = connect(hub);
        for (const [n, filters] of typicalSubscriptions(traffic, user, NOW - 60).entries()) {
          await client.say("REQ", `${n}`, ...filters);
          messages += 1;
        }
        await settle();
      }
    });
    expect(relay.reported).toEqual([]);
    expect<Measured["connection"]>({
      ...each(bill, CONNECTIONS, "rowsRead", "calls"),
      messages: messages / CONNECTIONS,
    }).toEqual(MEASURED.connection);
  });

  it("for a pull", async () => {
    const { db, measured } = measuring;
    const pulled = pulledUpTo({ pulledTo: NOW, pending: [] });
    const pullAll = async (now: number) => {
      const leases = await leaseDue(db, UPSTREAMS, now);
      expect(leases).toHaveLength(UPSTREAMS.length);
      for (const lease of leases) {
        const begun = await beginPull(db, lease, now);
        await settlePull(db, begun!, pulled, { failures: 0, nextPull: now + 60, now });
      }
    };
    await pullAll(NOW);
    const bill = await measured(() => pullAll(NOW + 60));
    expect<Measured["pull"]>(each(bill, UPSTREAMS.length, "rowsRead", "rowsWritten")).toEqual(MEASURED.pull);
  });

  it("for an event that an upstream sends and that is stored", async () => {
    const ids = traffic.events.slice(-500).map(({ id }) => id);
    const asked = { upstream: UPSTREAMS[0]!, ids };
    const bill = await measuring.measured(() => unneeded(measuring.db, "settings", asked));
    expect<Measured["known"]>(each(bill, ids.length, "rowsRead")).toEqual(MEASURED.known);
  });

  it("for a minute, and for the removal of an event", async () => {
    const { relay, measured } = measuring;
    const { store, moderation, size, config, metrics } = relay;
    const sweepAt = (now: number) => {
      const deps = { store, moderation, size, metrics, tracer: noTracer, retention: retentionOf(config) };
      const pause = async () => undefined;
      return sweep({ ...deps, now: () => now, pause, report: (error) => void relay.reported.push(error) });
    };
    const minute = await measured(() => sweepAt(NOW));
    expect<Measured["minute"]>(each(minute, 1, "rowsRead")).toEqual(MEASURED.minute);
    const { head, events } = await store.log(0, 1);
    expect(events).toHaveLength(1);
    const removal = await measured(() => sweepAt(NOW + 30 * DAY));
    expect((await store.log(0, 1)).events).toEqual([]);
    expect(head).toBe(EVENTS);
    const left = metrics.total("events_pruned_total");
    expect<Measured["removal"]>(each(removal, left, "rowsRead", "rowsWritten")).toEqual(MEASURED.removal);
  });
});

const GUIDE = readFileSync(`${ROOT}docs/operating.md`, "utf8");
/** The rows of the guide's table of prices. */
const ROWS: Record<Billed, string> = {
  requests: "Workers: requests, and new connections",
  cpu: "Workers: CPU time",
  objectRequests: "objects: requests",
  objectDuration: "objects: duration",
  objectRowsWritten: "objects: rows written",
  rowsRead: "D1: rows read",
  rowsWritten: "D1: rows written",
  storage: "D1: storage of all databases",
  queueOperations: "Queues: operations",
  points: "Analytics Engine: points",
  logs: "logs",
};

describe("docs/operating.md", () => {
  it.each(Object.entries(PRICES))("has the price of %s, and its page", (billed, price) => {
    const row = GUIDE.split("\n").find((line) => line.startsWith(`| ${ROWS[billed as Billed]} `)) ?? "";
    const paid = row.split("|").at(-2)?.trim() ?? "";
    const [, included = "", unit, dollars] =
      /^([\d,]+)( million)?\b.*then (\d+\.\d+) dollars? a (?:million|GB)/.exec(paid) ?? [];
    expect([Number(included.replaceAll(",", "")) * (unit ? 1_000_000 : 1), Number(dollars)]).toEqual([
      price.included,
      price.dollars,
    ]);
    expect(GUIDE).toContain(`(${price.page})`);
  });

  it("and README.md say how many events fit", () => {
    const readme = readFileSync(`${ROOT}README.md`, "utf8");
    const { rowsWritten, bytes } = MEASURED.event;
    const rounded = (count: number, to: number) => (to * Math.round(count / to)).toLocaleString("en");
    const perDay = rounded(PRICES.rowsWritten.included / 30 / rowsWritten, 10_000);
    const perFreeDay = rounded(100_000 / rowsWritten, 1000);
    const free = rounded(500_000_000 / bytes, 10_000);
    const paid = Math.round((DATABASE_GB * 1000) / bytes);
    for (const text of [
      `about ${free} events`,
      `about ${paid} million events`,
      `about ${perDay} `,
      `about ${perFreeDay} `,
    ]) {
      expect(GUIDE).toContain(text);
      expect(readme).toContain(text);
    }
  });
});

describe("npm run bill", () => {
  const run = (...args: string[]) =>
    startProgram(`${ROOT}node_modules/.bin/node`, [`${ROOT}scripts/bill.ts`, ...args], { cwd: ROOT }).ended;
  const given = (...args: string[]) => readBillOptions(args) as Traffic;

  it("prints a bill under 12 dollars for 1,000 connections, 100,000 events and 1,000,000 REQs a day", async () => {
    const { code, stdout } = await run();
    const total = Number(/^total +(\d+\.\d\d)$/m.exec(stdout)?.[1]);
    expect({ code, total }).toEqual({ code: 0, total: expect.closeTo(totalOf(given()), 2) });
    expect(total).toBeLessThan(12);
    for (const { line } of Object.values(PRICES)) expect(stdout).toContain(line);
  });

  it("an idle relay costs the plan, whatever happens to it", () => {
    const idle = given("--connections", "0", "--events", "0", "--reqs", "0", "--upstreams", "0");
    const text = billText(idle);
    expect(text).toMatch(/^total +5\.00$/m);
    expect(text).not.toMatch(/NaN|∞/);
  });

  it("each hub that is awake all day takes 11,059 GB-s a day", () => {
    const durationOf = (hubs: string) => usageOf(given("--hubs", hubs)).objectDuration;
    expect(durationOf("2") - durationOf("1")).toBeCloseTo(30 * 11_059.2, -4);
  });

  it("each upstream in live mode costs what the guide says, beyond what the plan includes", () => {
    const withLive = (count: string) => totalOf(given("--live", count));
    const each = withLive("12") - withLive("11");
    expect(GUIDE).toContain(`${each.toFixed(2)} dollars a month`);
  });

  it("counts each option", () => {
    const usual = usageOf(given());
    const lines: [option: string, value: string, line: Billed][] = [
      ["connections", "9000", "objectRequests"],
      ["connects", "90000", "requests"],
      ["events", "900000", "rowsWritten"],
      ["reqs", "9000000", "rowsRead"],
      ["upstreams", "90", "queueOperations"],
      ["live", "1", "objectDuration"],
      ["hubs", "9", "objectDuration"],
      ["days", "40", "storage"],
      ["rows-written", "90", "rowsWritten"],
      ["rows-read", "9000", "rowsRead"],
    ];
    for (const [option, value, line] of lines)
      expect(usageOf(given(`--${option}`, value))[line]).toBeGreaterThan(usual[line]);
    const removing = usageOf(given("--retention", "10"));
    expect(removing.storage).toBeCloseTo(usual.storage / 3);
    expect(removing.rowsWritten).toBeGreaterThan(usual.rowsWritten);
  });

  it.each<[args: string[], code: number, says: string]>([
    [["--help"], 0, "Usage: npm run bill"],
    [["--hub", "3"], 2, "there is no option --hub, did you mean --hubs?"],
    [["--events", "many"], 2, '--events is "many", expected a number from 0, such as 1000'],
    [["1000"], 2, 'unexpected argument "1000"'],
  ])("%j", async (args, code, says) => {
    const ended = await run(...args);
    expect(ended.code).toBe(code);
    expect(ended.stdout + ended.stderr).toContain(says);
  });
});
