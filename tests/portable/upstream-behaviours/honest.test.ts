/** A generated honest upstream: any limits, any order within a second, failures at any moment, and events that arrive late. */
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { NOW } from "../../fixtures/puller.ts";
import { EOSE, SimulatedPulls, type Step } from "../../fixtures/simulated-upstream.ts";
import { matches } from "../../reference/matcher.ts";
import { seeded } from "../../reference/generators.ts";
import { author, note } from "./row.ts";

/** How an answer ends too early, after some of its events. */
const FAILURES: Step[] = [
  { disconnect: "1006" },
  { wait: 40 },
  ["CLOSED", "$", "error: busy"],
  ["CLOSED", "$", "rate-limited: wait 5 s"],
  ["NOTICE", "sorry"],
];

/** An upstream that gives fewer events than this at once, and does not announce it, is not noticed. No relay does that. */
const SILENT = 10;

const anUpstream = fc.record({
  seed: fc.nat(),
  most: fc.oneof(fc.constantFrom(2, 3, 5), fc.integer({ min: 10, max: 700 })),
  isAnnounced: fc.boolean(),
  hasEose: fc.boolean(),
  /** Events in each second of a few busy ones, and in quiet ones. */
  busy: fc.array(fc.integer({ min: 2, max: 40 }), { maxLength: 3 }),
  quiet: fc.integer({ min: 0, max: 120 }),
  span: fc.constantFrom(100, 2000, 1_000_000),
  /** The numbers of the questions that fail, and how: which failure, after how many events. */
  failures: fc.array(fc.record({ at: fc.integer({ min: 1, max: 30 }), how: fc.nat(4), after: fc.nat(20) }), {
    maxLength: 6,
  }),
  /** Events that arrive between pulls: before which one, and how many seconds late. */
  late: fc.array(fc.record({ before: fc.integer({ min: 2, max: 5 }), by: fc.nat(50) }), { maxLength: 5 }),
});

it(
  "whatever an honest upstream has is queued once, or its second is recorded as lost",
  { timeout: 120_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(
        anUpstream,
        async ({ seed, most, isAnnounced, hasEose, busy, quiet, span, failures, late }) => {
          const random = seeded(seed);
          const aNote = (age: number) =>
            note(age, { kind: Math.floor(random() * 3), pubkey: author(Math.floor(random() * 5)) });
          const events = [
            ...busy.flatMap((count, n) => Array.from({ length: count }, () => aNote(30 * n))),
            ...Array.from({ length: quiet }, () => aNote(Math.floor(random() * span))),
          ];
          let questions = 0;
          const pulls = new SimulatedPulls({
            ...((isAnnounced || most < SILENT) && { announces: most }),
            answer(question) {
              questions += 1;
              const failure = failures.find(({ at }) => at === questions);
              const shuffled = events
                .filter((event) => matches(question, event))
                .map((event) => ({ event, rank: random() }))
                .toSorted((a, b) => b.event.created_at - a.event.created_at || a.rank - b.rank)
                .slice(0, Math.min(question.limit, most))
                .map(({ event }) => event);
              if (failure) return [{ events: shuffled.slice(0, failure.after) }, FAILURES[failure.how]!];
              return hasEose || shuffled.length === 0 ? [{ events: shuffled }, EOSE] : [{ events: shuffled }];
            },
          });
          let last = await pulls.pull();
          for (let nth = 2; nth <= 6 || last.problem !== undefined || last.isUnfinished; nth += 1) {
            // Without EOSE there is always a problem.
            if (nth > (hasEose ? 200 : 12)) break;
            pulls.clock.milliseconds = Math.max(pulls.clock.milliseconds, (NOW + 60 * (nth - 1)) * 1000);
            const now = Math.floor(pulls.clock.milliseconds / 1000);
            for (const { by } of late.filter(({ before }) => before === nth))
              events.push(aNote(NOW - now + by));
            last = await pulls.pull();
            expect(last.seconds).toBeLessThanOrEqual(62);
          }
          const { lost = [], pending } = Object.values(pulls.cursor.filters)[0]!;
          const isRecorded = (time: number) =>
            [...lost, ...pending].some(({ since, until = Infinity }) => time >= since && time <= until);
          expect(new Set(pulls.queued).size).toBe(pulls.queued.length);
          const missing = events.filter(({ id }) => !pulls.queued.includes(id));
          expect(missing.filter(({ created_at }) => !isRecorded(created_at))).toEqual([]);
          // Only a second with more events than one answer has may be in doubt, or one whose answers failed.
          const crowded = (second: number) =>
            events.filter(({ created_at }) => created_at === second).length >= Math.min(most, 10);
          const isHonest = failures.length === 0 && hasEose;
          expect(lost.filter(({ since }) => isHonest && !crowded(since))).toEqual([]);
          expect(hasEose ? pending : []).toEqual([]);
        },
      ),
      { numRuns: Number(process.env["RUNS"] ?? 60) },
    );
  },
);
