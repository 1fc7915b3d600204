import { describe, expect, it, vi } from "vitest";
import { type Event, eventId } from "../../nostr/event.ts";
import { verifySignature } from "../../nostr/signature.ts";
import { NOW } from "../../tests/fixtures/hubs.ts";
import { EVERYBODY_WRITES } from "../../tests/fixtures/moderation.ts";
import { AUTHORS, signedEvent } from "../../tests/fixtures/signed-events.ts";
import type { Fate } from "../../store/store.ts";
import { STRANGER, TRACED_STRANGER } from "../../tests/fixtures/strangers.ts";
import { SIGNATURE_COST } from "../limits/cost.ts";
import { ingestPath, okFields, type Outcome } from "./ingest.ts";

function doorway(fate: Fate = { kind: "stored", seq: 1 }) {
  const committed: [Event, string | undefined][] = [];
  const passedOn: [Event, string | undefined][] = [];
  const ingest = ingestPath({
    rules: [
      (event, { now }) =>
        event.created_at > now ? { prefix: "invalid", reason: "from the future" } : undefined,
      ({ content }) => (content === "spam" ? { prefix: "blocked", reason: "spam" } : undefined),
      ({ content }) => (content === "spam" ? { prefix: "pow", reason: "asked too late" } : undefined),
    ],
    ...EVERYBODY_WRITES,
    verify: verifySignature,
    turn: async () => undefined,
    now: () => NOW,
    commit: async (event, { trace }) => {
      committed.push([event, trace?.traceparent]);
      return fate;
    },
    passOn: async (event, { trace }) => {
      passedOn.push([event, trace?.traceparent]);
      return { kind: "passed-on" };
    },
  });
  return { ingest, committed, passedOn };
}

it("[2] what enters holds the seven fields of an event and nothing else, and its trace", async () => {
  const { ingest, committed } = doorway();
  const event = signedEvent({ content: "hello" });
  expect(await ingest({ ...event, extra: 1 }, TRACED_STRANGER)).toEqual({ kind: "stored", seq: 1 });
  expect(committed).toEqual([[event, "00-trace"]]);
});

it.each<[string, (event: Event) => unknown]>([
  ["[1] the id of something else", (event) => ({ ...event, id: "0".repeat(64) })],
  ["[1] other content than the id says", (event) => ({ ...event, content: "other" })],
  ["[1] other tags than the id says", (event) => ({ ...event, tags: [["t", "x"]] })],
  ["[2] no event at all", () => undefined],
  ["[2] a missing signature", (event) => ({ ...event, sig: undefined })],
  ["[2] a signature that is no signature", (event) => ({ ...event, sig: "0".repeat(128) })],
  [
    "[2] the signature of another event",
    (event) => ({ ...event, sig: signedEvent({ content: "other" }).sig }),
  ],
  [
    "[2] the pubkey of somebody else",
    (event) => {
      const stolen = { ...event, pubkey: AUTHORS[1]! };
      return { ...stolen, id: eventId(stolen) };
    },
  ],
])("%s is invalid, whatever the kind", async (_, spoil) => {
  for (const kind of [1, 0, 20_001, 30_000]) {
    const { ingest, committed, passedOn } = doorway();
    expect(await ingest(spoil(signedEvent({ kind })), STRANGER)).toMatchObject({
      kind: "refused",
      prefix: "invalid",
    });
    expect([committed, passedOn]).toEqual([[], []]);
  }
});

describe("rules", () => {
  it("are asked in their order, with the time it is", async () => {
    const { ingest } = doorway();
    expect(await ingest(signedEvent({ content: "spam" }), STRANGER)).toEqual({
      kind: "refused",
      prefix: "blocked",
      reason: "spam",
    });
    expect(await ingest(signedEvent({ content: "spam", created_at: NOW + 1 }), STRANGER)).toMatchObject({
      reason: "from the future",
    });
    expect(await ingest(signedEvent({ created_at: NOW }), STRANGER)).toMatchObject({ kind: "stored" });
  });

  it("are asked before the signature is looked at, which costs more", async () => {
    const { ingest } = doorway();
    const event = { ...signedEvent({ content: "spam" }), sig: "0".repeat(128) };
    expect(await ingest(event, STRANGER)).toMatchObject({ prefix: "blocked" });
  });
});

it("[7] an ephemeral event is passed on and never committed, with an expiration too", async () => {
  for (const tags of [[], [["expiration", String(NOW + 60)]]]) {
    const { ingest, committed, passedOn } = doorway();
    const event = signedEvent({ kind: 20_001, tags });
    expect(await ingest(event, TRACED_STRANGER)).toEqual({ kind: "passed-on" });
    expect([committed, passedOn]).toEqual([[], [[event, "00-trace"]]]);
  }
});

it("hashes and verifies when it is the sender's turn, and tells what that will cost", async () => {
  const turns: [client: unknown, cost: number][] = [];
  const { promise: turn, resolve } = Promise.withResolvers<void>();
  const verified: string[] = [];
  const ingest = ingestPath({
    rules: [],
    ...EVERYBODY_WRITES,
    verify: (event) => verified.push(event.id) > 0,
    turn: (client, cost) => {
      turns.push([client, cost]);
      return turn;
    },
    now: () => NOW,
    commit: async () => ({ kind: "stored", seq: 1 }),
    passOn: async () => ({ kind: "passed-on" }),
  });
  const long = signedEvent({ content: "x".repeat(100_000), tags: [["t", "y".repeat(2400)]] });
  const outcomes = [signedEvent(), long].map((event) => ingest(event, { ...STRANGER, client: "a client" }));
  await Promise.resolve();
  expect(verified).toEqual([]);
  expect(turns).toEqual([
    ["a client", SIGNATURE_COST],
    ["a client", SIGNATURE_COST + 800],
  ]);
  resolve();
  await Promise.all(outcomes);
  expect(verified).toHaveLength(2);
});

it("a store that fails is no outcome", async () => {
  const ingest = ingestPath({
    rules: [],
    ...EVERYBODY_WRITES,
    verify: verifySignature,
    turn: async () => undefined,
    now: () => NOW,
    commit: () => Promise.reject(new Error("the disk is full")),
    passOn: async () => ({ kind: "passed-on" }),
  });
  await expect(ingest(signedEvent(), STRANGER)).rejects.toThrow("the disk is full");
});

it.each<[Outcome, boolean, RegExp]>([
  [{ kind: "stored", seq: 1 }, true, /^$/],
  [{ kind: "passed-on" }, true, /^$/],
  [{ kind: "duplicate" }, true, /^duplicate: ./],
  [{ kind: "superseded" }, true, /^duplicate: .*newer/],
  [{ kind: "banned" }, false, /^blocked: ./],
  [{ kind: "refused", prefix: "pow", reason: "too easy" }, false, /^pow: too easy$/],
])("[18] %j is told as %j with a message that has its prefix", (outcome, accepted, message) => {
  const [flag, text] = okFields(outcome);
  expect(flag).toBe(accepted);
  expect(text).toMatch(message);
});

it("cuts the text of an event that is stored in the sender's turn, which is told what that costs, unless it is long", async () => {
  const normalize = vi.spyOn(String.prototype, "normalize");
  const costs: number[] = [];
  const cuts: boolean[] = [];
  const isCut = () => void cuts.push(normalize.mock.calls.length > 0);
  const ingest = ingestPath({
    rules: [],
    ...EVERYBODY_WRITES,
    verify: () => true,
    turn: async (_, cost) => void costs.push(cost),
    now: () => NOW,
    commit: async () => {
      isCut();
      return { kind: "stored", seq: 1 };
    },
    passOn: async () => {
      isCut();
      return { kind: "passed-on" };
    },
  });
  for (const [kind, length] of [
    [1, 1500],
    [20_001, 1500],
    [1, 1700],
    [20_001, 1700],
  ] as const) {
    normalize.mockClear();
    await ingest(signedEvent({ kind, content: "words ".repeat(length) }), STRANGER);
  }
  normalize.mockRestore();
  expect(cuts).toEqual([true, false, false, false]);
  const [short = 0, passing = 0, long = 0, longPassing = 0] = costs;
  expect([short - passing, long - longPassing]).toEqual([(6 * 1500) / 5, 0]);
});
