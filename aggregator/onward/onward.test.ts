import * as fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { Killed, onwardRelay } from "../../tests/fixtures/onward-relay.ts";
import { signedEvent } from "../../tests/fixtures/signed-events.ts";
import type { Offered } from "../conversation/offer.ts";

const note = (n: number | string) => signedEvent({ content: String(n) });
const NOTES = Array.from({ length: 60 }, (_, n) => note(n));
const HOUR = 3600;

let relay: ReturnType<typeof onwardRelay>;
beforeEach(async () => {
  relay = onwardRelay();
  await relay.direct({ direction: "out" });
});

const idsOf = (events: Event[]) => events.map(({ id }) => id);
const refusing = (reason: string) => (): Offered["ending"] => ({ how: "closed", reason });

describe("what is published", () => {
  it("are the events of clients, in the order in which they came, once", async () => {
    const [one, two, three] = NOTES as [Event, Event, Event];
    await relay.commit(false, one);
    await relay.commit(true, note("pulled"));
    await relay.commit(false, two);
    await relay.minute();
    await relay.commit(false, three);
    await relay.minute();
    expect(idsOf(relay.got)).toEqual(idsOf([one, two, three]));
    expect((await relay.status())?.answers).toMatchObject({ accepted: 3, known: 0, refused: 0 });
    expect(await relay.minute()).toBe(false);
  });

  it("begins when the direction is set, and again when it is set again", async () => {
    await relay.direct({ direction: "in" });
    await relay.commit(false, note("before"));
    await relay.direct({ direction: "both" });
    await relay.commit(false, note("one"));
    await relay.direct({ direction: "out", rate: 100 });
    await relay.minute();
    await relay.direct({ direction: "in" });
    await relay.commit(false, note("between"));
    await relay.minute();
    await relay.direct({ direction: "out" });
    await relay.commit(false, note("two"));
    await relay.minute();
    expect(relay.got.map(({ content }) => content)).toEqual(["one", "two"]);
  });

  it("are only events that match the filters, also deletions", async () => {
    await relay.direct({ direction: "out", filters: [{ kinds: [7] }] });
    const reaction = signedEvent({ kind: 7 });
    const deletion = signedEvent({ kind: 5, tags: [["e", "a".repeat(64)]] });
    await relay.commit(false, note(1), reaction, deletion);
    await relay.minute();
    expect(idsOf(relay.got)).toEqual([reaction.id, deletion.id]);
  });

  it("are also events that an upstream brought first, whenever a client publishes them", async () => {
    const [early, late] = [note("early"), note("late")];
    await relay.commit(true, early, late);
    await relay.commit(false, early);
    await relay.minute();
    expect(idsOf(relay.got)).toEqual([early.id]);
    await relay.commit(false, late);
    await relay.commit(false, late);
    await relay.minute();
    await relay.minute();
    // The first one counts as adopted too, and the relay knows it by now.
    expect(new Set(idsOf(relay.got))).toEqual(new Set([early.id, late.id]));
    expect((await relay.status())?.answers).toMatchObject({ accepted: 2, known: 1 });
    expect(await relay.minute()).toBe(false);
  });

  it("are not those that an upstream brought and that are removed or do not match when a client publishes them", async () => {
    await relay.direct({ direction: "out", filters: [{ kinds: [7] }] });
    const [gone, reaction] = [signedEvent({ kind: 7, content: "gone" }), signedEvent({ kind: 7 })];
    await relay.commit(true, note(1), gone, reaction);
    await relay.minute();
    await relay.commit(false, note(1), gone, reaction);
    relay.db.exec(`DELETE FROM event WHERE id = x'${gone.id}'`);
    await relay.minute();
    expect(idsOf(relay.got)).toEqual([reaction.id]);
    expect(await relay.minute()).toBe(false);
  });

  it("takes no connection if there is nothing", async () => {
    await relay.commit(true, note("pulled"));
    expect(await relay.minute()).toBe(true);
    expect(relay.connections).toBe(0);
    expect(await relay.minute()).toBe(false);
  });

  it("is bounded by the rate and by time", async () => {
    await relay.direct({ direction: "out", rate: 30 });
    await relay.commit(false, ...NOTES);
    relay.answer = () => {
      relay.now += 2;
      return undefined;
    };
    await relay.minute();
    expect(relay.got).toHaveLength(30);
    expect(relay.pauses).toEqual(Array.from({ length: 29 }, () => 2000));
    await relay.minute();
    expect(idsOf(relay.got)).toEqual(idsOf(NOTES));
  });
});

describe("an answer", () => {
  it.each(["blocked: no", "invalid: bad", "pow: more", "restricted: members", "mute: us", ""])(
    "of %j is kept, and the next event is sent",
    async (reason) => {
      await relay.commit(false, NOTES[0]!, NOTES[1]!);
      relay.answer = ({ id }) => (id === NOTES[0]!.id ? refusing(reason)() : undefined);
      await relay.minute();
      expect((await relay.status())?.answers).toEqual({
        version: 1,
        accepted: 1,
        known: 0,
        refused: 1,
        refusals: [{ id: NOTES[0]!.id, kind: 1, reason, at: relay.now }],
      });
      expect(await relay.minute()).toBe(false);
    },
  );

  it("has no control characters", async () => {
    await relay.commit(false, note(1));
    relay.answer = refusing("blocked: \u001b[2J");
    await relay.minute();
    expect((await relay.status())?.answers.refusals[0]?.reason).toBe("blocked: [2J");
  });

  it.each<[what: string, ending: Offered["ending"], problem: RegExp]>([
    ["error:", { how: "closed", reason: "error: full" }, /error: full/],
    ["rate-limited:", { how: "closed", reason: "rate-limited: wait" }, /rate-limited: wait/],
    ["auth-required:", { how: "closed", reason: "auth-required: who?" }, /auth-required: who\?/],
    ["no key", { how: "auth", reason: "set RELAY_SECRET_KEY" }, /set RELAY_SECRET_KEY/],
    ["silence", { how: "silence" }, /stopped answering/],
    ["a lost connection", { how: "disconnected", reason: "1006" }, /1006/],
  ])("of %s is tried again after a pause, which doubles", async (_, ending, problem) => {
    await relay.commit(false, NOTES[0]!, NOTES[1]!);
    relay.answer = () => ending;
    const times: number[] = [];
    for (let minute = 0; minute < 10; minute += 1) {
      if (await relay.minute()) times.push(minute);
      relay.now += 60;
    }
    expect(times).toEqual([0, 1, 3, 7]);
    expect((await relay.status())?.problem).toMatch(problem);
    relay.answer = () => undefined;
    relay.now += HOUR;
    await relay.minute();
    expect(idsOf([...relay.got].slice(-2))).toEqual(idsOf(NOTES.slice(0, 2)));
    expect(await relay.status()).toMatchObject({ failures: 0, problem: undefined });
    expect(relay.open).toBe(0);
  });

  it("may stay away for days: no event is given up as long as the relay takes none", async () => {
    await relay.commit(false, NOTES[0]!, NOTES[1]!);
    relay.answer = refusing("error: away");
    for (let n = 0; n < 100; n += 1) {
      relay.now += HOUR;
      await relay.minute();
    }
    relay.answer = () => undefined;
    relay.now += HOUR;
    await relay.minute();
    expect(relay.stored).toEqual(new Set(idsOf(NOTES.slice(0, 2))));
    expect((await relay.status())?.answers.refused).toBe(0);
  });
});

describe("an event that the relay can never take", () => {
  it.each<[string, Offered["ending"]]>([
    ["answers it with an error", { how: "closed", reason: "error: cannot parse" }],
    ["closes the connection", { how: "disconnected", reason: "1011" }],
    ["does not answer it", { how: "silence" }],
  ])("is given up, and kept as refused, if the relay %s but takes the next one", async (_, ending) => {
    const [bad, ...good] = NOTES.slice(0, 3) as [Event, Event, Event];
    await relay.commit(false, bad, ...good);
    relay.answer = ({ id }) => (id === bad.id ? ending : undefined);
    for (let n = 0; n < 8; n += 1) {
      relay.now += HOUR;
      await relay.minute();
    }
    expect(relay.stored).toEqual(new Set(idsOf(good)));
    const { answers, problem } = (await relay.status())!;
    expect(answers.refusals).toEqual([
      {
        id: bad.id,
        kind: 1,
        reason: expect.stringMatching(/^given up after 6 attempts: /),
        at: expect.any(Number),
      },
    ]);
    expect(problem).toBeUndefined();
    expect(relay.open).toBe(0);
  });

  it("holds up others even if these are far behind it in the log, and is then given up", async () => {
    const [bad, good] = NOTES as [Event, Event];
    await relay.direct({ direction: "out", filters: [{ kinds: [1] }] });
    await relay.commit(
      false,
      bad,
      ...Array.from({ length: 150 }, (_, n) => signedEvent({ kind: 7, content: String(n) })),
    );
    await relay.commit(false, good);
    relay.answer = ({ id }) => (id === bad.id ? { how: "silence" } : undefined);
    for (let n = 0; n < 8; n += 1) {
      relay.now += HOUR;
      await relay.minute();
    }
    expect([...relay.stored]).toEqual([good.id]);
  });
});

it("an event that the relay takes after all is not given up", async () => {
  const [late, next] = NOTES as [Event, Event];
  await relay.commit(false, late, next);
  let tries = 0;
  relay.answer = ({ id }) => (id === late.id && (tries += 1) < 6 ? { how: "silence" } : undefined);
  for (let n = 0; n < 5; n += 1) {
    relay.now += HOUR;
    await relay.minute();
  }
  // The relay was asked for the next one in between, and knows it when its turn comes.
  expect(idsOf(relay.got.slice(-4))).toEqual([late.id, next.id, late.id, next.id]);
  expect((await relay.status())?.answers).toMatchObject({ accepted: 1, known: 1, refused: 0 });
});

it("a job that is killed repeats only what came after its last save", async () => {
  await relay.commit(false, ...NOTES.slice(0, 40));
  relay.answer = ({ id }) => {
    if (id !== NOTES[35]!.id || relay.stored.has(id)) return undefined;
    relay.stored.add(id);
    throw new Killed();
  };
  await relay.minute();
  relay.now += HOUR;
  await relay.minute();
  expect(idsOf(relay.got)).toEqual(idsOf([...NOTES.slice(0, 36), ...NOTES.slice(30, 40)]));
  expect((await relay.status())?.answers).toMatchObject({ accepted: 34, known: 6 });
});

it("refusals are bounded, and old ones are forgotten", async () => {
  relay.answer = refusing("blocked: no");
  await relay.commit(false, ...NOTES.slice(0, 30));
  await relay.minute();
  expect((await relay.status())?.answers.refused).toBe(30);
  expect((await relay.status())?.answers.refusals.map(({ id }) => id)).toEqual(
    idsOf(NOTES.slice(10, 30)).toReversed(),
  );
  relay.now += 31 * 24 * HOUR;
  await relay.commit(false, NOTES[30]!);
  await relay.minute();
  expect((await relay.status())?.answers.refusals.map(({ id }) => id)).toEqual([NOTES[30]!.id]);
});

it("connections and messages are counted", async () => {
  await relay.commit(false, ...NOTES.slice(0, 3));
  await relay.minute();
  expect(relay.metrics.list()).toEqual([
    { name: "relay_connect_counts", labels: { source: "upstream" }, amounts: [1] },
    { name: "message_received_counts", labels: { source: "upstream" }, amounts: [3] },
    { name: "cleanup_counts", labels: { source: "upstream" }, amounts: [1] },
  ]);
});

it("whatever fails, and whenever it is killed: nothing is lost, and little is sent twice", async () => {
  const endings: (Offered["ending"] | "killed" | undefined)[] = [
    { how: "closed", reason: "error: busy" },
    { how: "closed", reason: "rate-limited: slow down" },
    { how: "silence" },
    { how: "disconnected", reason: "1006" },
    "killed",
    undefined,
    undefined,
    undefined,
    undefined,
  ];
  const failures = fc.record({
    answers: fc.array(fc.constantFrom(...endings), { maxLength: 60 }),
    connects: fc.array(fc.boolean(), { maxLength: 10 }),
    saves: fc.array(fc.boolean(), { maxLength: 10 }),
    pulled: fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }),
    // When a client publishes what an upstream has brought: in which minute, and never after the fourth.
    adopted: fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 40, maxLength: 40 }),
  });
  await fc.assert(
    fc.asyncProperty(failures, async ({ pulled, adopted, ...happenings }) => {
      const { answers, connects, saves } = structuredClone(happenings);
      relay = onwardRelay();
      await relay.direct({ direction: "out" });
      let killed = 0;
      // An event that is refused more often is given up.
      const tries = new Map<string, number>();
      relay.connect = () => {
        if (connects.pop() === false) throw new Error("cannot connect");
      };
      relay.save = () => {
        if (saves.pop() === false) throw new Error("D1 is away");
      };
      relay.answer = ({ id }) => {
        const ending = (tries.get(id) ?? 0) < 4 ? answers.pop() : undefined;
        tries.set(id, 1 + (tries.get(id) ?? 0));
        if (ending !== "killed") return ending;
        // The relay has it. Only its answer is lost.
        relay.stored.add(id);
        killed += 1;
        throw new Killed();
      };
      const failed = connects.length + saves.length + answers.length;
      const minuteOf = (n: number) => Math.max(Math.floor(n / 10), adopted[n]!);
      const own = NOTES.slice(0, 40).filter((_, n) => !pulled[n] || minuteOf(n) < 4);
      for (let minute = 0; minute < 4; minute += 1) {
        for (let n = 10 * minute; n < 10 * minute + 10; n += 1) await relay.commit(pulled[n]!, NOTES[n]!);
        for (let n = 0; n < 40; n += 1)
          if (pulled[n] && minuteOf(n) === minute) await relay.commit(false, NOTES[n]!);
        await relay.minute();
        relay.now += 60;
      }
      for (let n = 0; n < failed + 10; n += 1) {
        relay.now += HOUR;
        await relay.minute();
      }
      expect(relay.stored).toEqual(new Set(idsOf(own)));
      const { answers: kept } = (await relay.status())!;
      expect(kept.refused).toBe(0);
      // A kill or a failed save forgets at most the ten answers since the last save and the one that was under way. An event
      // that was tried before another one comes again too.
      const interruptions = killed + happenings.saves.length + happenings.answers.length;
      const twice = own.filter((one) => pulled[NOTES.indexOf(one)]).length;
      expect(kept.known).toBeLessThanOrEqual(11 * interruptions + twice);
      expect(relay.open).toBe(0);
    }),
    { numRuns: 60 },
  );
});
