import { beforeEach, describe, expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import type { Ingest } from "../../relay/ingest/ingest.ts";
import { noMetrics } from "../../telemetry/metrics.ts";
import { noTracer } from "../../telemetry/tracing.ts";
import { signedEvent } from "../../tests/fixtures/signed-events.ts";
import { STRANGER } from "../../tests/fixtures/strangers.ts";
import { turn } from "../../tests/fixtures/turn.ts";
import { consume } from "../queue/consume.ts";
import type { Bundle } from "../queue/bundle.ts";
import { LiveIntake } from "./intake.ts";

const url = "wss://relay.example";
const [one, two] = [signedEvent(), signedEvent({ content: "two" })];

let stored: string[];
let dead: unknown[];
let queued: [Bundle[], delaySeconds: number][];
let lost: string[];
let refused: number;
let reported: unknown[];
/** Called before an event is stored. */
let before: () => Promise<void> | void;
let enqueue: (bundles: Bundle[], delaySeconds: number) => Promise<void>;
let intake: LiveIntake;
beforeEach(() => {
  [stored, dead, queued, lost, refused, reported] = [[], [], [], [], 0, []];
  before = () => undefined;
  enqueue = async (bundles, delay) => void queued.push([bundles, delay]);
  const ingest: Ingest = async (value) => {
    await before();
    const { id, content } = value as Event;
    if (content === "bad") return { kind: "refused", prefix: "invalid", reason: "the signature is wrong" };
    stored.push(id);
    return { kind: "stored", seq: stored.length };
  };
  intake = new LiveIntake({
    url,
    longest: 100_000,
    isOutdated: ({ created_at }) => created_at < 100,
    ingest,
    sender: STRANGER,
    consume: (messages, ingest) =>
      consume(messages, {
        ingest,
        sender: STRANGER,
        unneeded: async (_, ids) => ({
          stored: new Set(ids.filter((id) => stored.includes(id))),
          refused: new Set(),
          rules: "",
        }),
        remember: async () => undefined,
        hasRoom: () => true,
        deadLetter: async (letters) => void dead.push(...letters),
        farthest: 900,
        now: () => 1_700_000_000,
        report: (error) => void reported.push(error),
        metrics: noMetrics,
        tracer: noTracer,
      }),
    enqueue: (bundles, delay) => enqueue(bundles, delay),
    refused: () => (refused += 1),
    lost: (reason) => void lost.push(reason),
    report: (error) => void reported.push(error),
  });
});

describe("an event", () => {
  it("is stored at once, and not queued", async () => {
    intake.take(one, 100);
    intake.take(two, 100);
    await intake.settled();
    expect([stored, queued, lost]).toEqual([[one.id, two.id], [], []]);
  });

  it("that cannot be stored now goes to the queue, with the pause that the consumer wants", async () => {
    before = () => Promise.reject(new Error("D1 is away"));
    intake.take(one, 100);
    await intake.settled();
    expect(queued).toEqual([[[{ version: 1, upstream: url, events: [one] }], 2]]);
    expect([lost, reported]).toEqual([[], [new Error("D1 is away")]]);
  });

  it("that can be neither stored nor queued ends the connection: the pull will fetch it", async () => {
    before = () => Promise.reject(new Error("D1 is away"));
    enqueue = () => Promise.reject(new Error("the queue is full"));
    intake.take(one, 100);
    await intake.settled();
    expect(lost).toEqual(["an event could be neither stored nor queued"]);
    before = () => undefined;
    intake.take(two, 100);
    await intake.settled();
    expect(stored).toEqual([two.id]);
  });

  it("that is refused is told, and is a dead letter", async () => {
    const bad = signedEvent({ content: "bad" });
    intake.take(bad, 100);
    intake.take(one, 100);
    await intake.settled();
    expect([refused, stored]).toEqual([1, [one.id]]);
    expect(dead).toMatchObject([{ upstream: url, event: bad, reason: "invalid: the signature is wrong" }]);
  });

  it("that would be removed at once because of its age is left out", async () => {
    intake.take(signedEvent({ created_at: 99 }), 100);
    await intake.settled();
    expect(stored).toEqual([]);
  });

  it("that is longer than may be stored is left to the pull", async () => {
    intake.take(signedEvent({ content: "x".repeat(100_001) }), 100_500);
    await intake.settled();
    expect([stored, queued, lost]).toEqual([[], [], []]);
  });
});

it("holds a bounded number of characters while the database is slow", async () => {
  let answer: () => void = () => undefined;
  before = () => new Promise((resolve) => (answer = resolve));
  intake.take(one, 1_000_000);
  await turn();
  for (let n = 0; n < 3; n += 1) intake.take(two, 1_000_000);
  expect(lost).toEqual([]);
  intake.take(two, 1);
  expect(lost).toEqual(["events come faster than they can be stored"]);
  before = () => undefined;
  answer();
  await intake.settled();
  intake.take(two, 4_000_000);
  expect(lost).toHaveLength(1);
});

describe("[7] an ephemeral event", () => {
  it("is ingested once and never queued, even if that fails", async () => {
    before = () => Promise.reject(new Error("D1 is away"));
    await intake.pass(one);
    expect([queued, reported]).toEqual([[], [new Error("D1 is away")]]);
    before = () => undefined;
    await intake.pass(two);
    expect(stored).toEqual([two.id]);
  });

  it("is lost if 200 others wait", async () => {
    let answer: () => void = () => undefined;
    const waiting = new Promise<void>((resolve) => (answer = resolve));
    before = () => waiting;
    const passing = Array.from({ length: 201 }, () => intake.pass(one));
    answer();
    await Promise.all(passing);
    expect(stored).toHaveLength(200);
  });
});
