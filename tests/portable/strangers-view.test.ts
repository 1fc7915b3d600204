/** Two relays have the same public history, and one has private events too. A stranger cannot tell them apart. */
import * as fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { RateLimiter } from "../../relay/limits/rate-limiter.ts";
import { ALICE, BOB, CAROL } from "../fixtures/people.ts";
import { openHttpApi } from "../fixtures/http-api.ts";
import { connect, NOW, openRelay } from "../fixtures/hubs.ts";
import { signedEvent } from "../fixtures/signed-events.ts";
import { migratedSqlite } from "../fixtures/sqlite.ts";
import {
  aHistory,
  aQuestion,
  describeQuestion,
  type History,
  interleaved,
  type Question,
} from "../reference/private-history.ts";

const ADDRESS = "203.0.113.7";
const RUNS = Number(process.env.HISTORIES ?? 10);

/** All charges of a stranger, in order. */
const paid: number[] = [];
beforeAll(() => {
  // Answers tell how much of an allowance is left, and it grows back with time.
  vi.useFakeTimers({ toFake: ["Date"] });
  const { charge } = RateLimiter.prototype;
  vi.spyOn(RateLimiter.prototype, "charge").mockImplementation(function (this: RateLimiter, client, cost) {
    if (client.network === ADDRESS) paid.push(cost);
    charge.call(this, client, cost);
  });
});
afterAll(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});
beforeEach(() => void (paid.length = 0));

async function open(batches: Event[][]) {
  const db = migratedSqlite();
  const settings = { EOSE_HINTS: "on", RELAY_URL: "ws://relay.test" };
  const relay = openRelay(settings, db);
  const api = openHttpApi(settings, db);
  for (const batch of batches) await relay.store.commit(batch);
  const hub = relay.hub("a");
  return {
    relay,
    api,
    publisher: connect(relay.hub("b"), { keys: [ALICE] }),
    stranger: connect(hub, { ip: ADDRESS }),
    third: connect(hub, { ip: ADDRESS, keys: [CAROL] }),
  };
}

type Opened = Awaited<ReturnType<typeof open>>;

/** What a client can observe: everything that was sent, and everything that was charged. */
interface Shown {
  sent: unknown;
  paid: number[];
}

async function ask({ stranger, third, api }: Opened, question: Question): Promise<Shown[]> {
  const shown: Shown[] = [];
  const show = (sent: unknown) => void shown.push({ sent, paid: paid.splice(0) });
  if (question.via === "http") {
    for (let path: string | undefined = question.path, pages = 0; path && pages < 4; pages += 1) {
      const response = await api.request(path, { headers: { "cf-connecting-ip": ADDRESS } });
      const text = await response.text();
      show([response.status, [...response.headers], text]);
      const { cursor } = JSON.parse(text.startsWith("{") ? text : "{}") as { cursor?: string | null };
      path = cursor ? `${question.path}&cursor=${encodeURIComponent(cursor)}` : undefined;
    }
    return shown;
  }
  for (const client of [stranger, third]) {
    await client.say(...question.message);
    show(client.take());
    for (const end of question.ending) await client.say(...end);
    show(client.take());
  }
  return shown;
}

/** Checks that nothing failed, because two relays that fail alike would look the same. Then closes them. */
function closeAll(...opened: Opened[]): void {
  for (const { relay, api } of opened) {
    expect([...relay.reported, ...api.reported]).toEqual([]);
    relay.close();
  }
}

function batchesOf(events: Event[]): Event[][] {
  const batches: Event[][] = [];
  for (let from = 0; from < events.length; from += 20) batches.push(events.slice(from, from + 20));
  return batches;
}

async function bothAnswer({ publicEvents, privateEvents, order }: History, questions: Question[]) {
  const [without, withPrivate] = await Promise.all([
    open(batchesOf(publicEvents)),
    open(batchesOf(interleaved({ publicEvents, privateEvents, order }))),
  ]);
  for (const question of questions) {
    const expected = await ask(without, question);
    expect(await ask(withPrivate, question), describeQuestion(question)).toEqual(expected);
  }
  closeAll(without, withPrivate);
}

describe("a stranger's view is the same with and without private events", () => {
  it(`over every way of reading, in ${RUNS} generated histories`, async () => {
    const asked = aHistory.chain((history) =>
      fc.tuple(fc.constant(history), fc.array(aQuestion(history), { minLength: 10, maxLength: 40 })),
    );
    const property = fc.asyncProperty(asked, ([history, questions]) => bothAnswer(history, questions));
    // No shrinking: a smaller history seldom shows the same difference.
    const details = await fc.check(property, { numRuns: RUNS, endOnFailure: true });
    expect(details.failed, fc.defaultReportMessage(details)).toBe(false);
  }, 600_000);

  it("when events come live, between private ones", async () => {
    const subscriptions: [string, ...object[]][] = [
      ["everything", {}],
      ["kinds", { kinds: [1, 4, 1059, 21_059, 10_013, 31_234] }],
      ["to Alice", { "#p": [ALICE] }],
      ["of Alice", { authors: [ALICE] }],
      ["words", { "#p": [ALICE], search: "one two three four five six" }],
      ["tags", { "#p": [ALICE], "#t": ["a", "b", "c", "d"], "#e": ["a", "b", "c", "d"] }],
    ];
    const news = Array.from({ length: 40 }, (_, n) =>
      [4, 1059, 21_059, 10_013, 31_234, 1].map((kind) => {
        const tags = [
          ["p", ALICE],
          ["d", "x"],
          ["t", `${n}`],
          ...(n % 3 ? [] : [["expiration", `${NOW + 100 * (n - 20)}`]]),
        ];
        return signedEvent({ pubkey: BOB, kind, tags, created_at: NOW - 100 + n, content: `one ${n}` });
      }),
    );
    const run = async (hasPrivate: boolean) => {
      const opened = await open([]);
      const { stranger, third, publisher, relay } = opened;
      for (const client of [stranger, third]) {
        for (const [id, ...filters] of subscriptions) await client.say("REQ", id, ...filters);
      }
      for (const events of news) {
        for (const event of hasPrivate ? events : events.slice(-1)) await publisher.say("EVENT", event);
        await relay.settled();
      }
      // The end of the connection charges what is not charged yet.
      opened.stranger.hub.close(stranger.session);
      opened.third.hub.close(third.session);
      const shown = { stranger: stranger.take(), third: third.take(), paid: paid.splice(0) };
      closeAll(opened);
      return shown;
    };
    const expected = await run(false);
    expect(expected.stranger.length).toBeGreaterThan(80);
    const shown = await run(true);
    expect(shown.paid).toEqual(expected.paid);
    expect(shown).toEqual(expected);
  });

  it("when a deletion names an id that is private, or that nobody has", async () => {
    const secret = signedEvent({ pubkey: ALICE, kind: 1059, tags: [["p", BOB]], created_at: NOW - 100 });
    const deletion = signedEvent({ pubkey: CAROL, kind: 5, tags: [["e", secret.id]], created_at: NOW - 50 });
    const answer = async (stored: (typeof secret)[]) => {
      const opened = await open([stored]);
      await opened.stranger.say("EVENT", deletion);
      const shown = [opened.stranger.take(), paid.splice(0)];
      expect(await opened.relay.store.known([secret.id])).toEqual(new Set(stored.map(({ id }) => id)));
      closeAll(opened);
      return shown;
    };
    expect(await answer([secret])).toEqual(await answer([]));
  });

  it("in the relay document, and in /metrics, which are not theirs to read", async () => {
    const secrets = Array.from({ length: 20 }, (_, n) =>
      signedEvent({ pubkey: ALICE, kind: 1059, tags: [["p", BOB]], created_at: NOW - n }),
    );
    const answers = async (batch: typeof secrets) => {
      const opened = await open([batch]);
      const shown: unknown[] = [];
      for (const [path, accept] of [
        ["/", "application/nostr+json"],
        ["/", "text/html"],
        ["/metrics", "*/*"],
        ["/health", "*/*"],
        ["/health/ready", "*/*"],
        ["/api/v1/openapi.json", "*/*"],
      ] as const) {
        const response = await opened.api.request(path, { headers: { accept, "cf-connecting-ip": ADDRESS } });
        shown.push([path, response.status, [...response.headers], await response.text()]);
      }
      closeAll(opened);
      return shown;
    };
    const expected = await answers([]);
    expect(await answers(secrets)).toEqual(expected);
    expect(expected.map((one) => (one as unknown[]).slice(0, 2))).toContainEqual(["/metrics", 401]);
  });
});
