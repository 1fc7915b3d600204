/** Several kinds of clients at the same time. */
import type { Question } from "../corpus/questions.ts";
import { askers } from "../load/asker.ts";
import { measure, together } from "../load/measure.ts";
import { publishers } from "../load/publisher.ts";
import type { Bench, Case } from "./case.ts";

const READ = ["home40", "thread", "notifications", "author", "profiles"];
const MOST_PER_SECOND = 3000;

/** Two writers and 18 readers. What is published answers none of the questions. */
export const MIXED: Case = {
  scenario: "mixed",
  name: "mixed, 2 writers, 18 readers",
  unit: "query",
  run: (relay, bench) => {
    const publications = bench.publications(MOST_PER_SECOND).values();
    return measure(relay, bench.pace, async (meter) =>
      together([
        await askers(relay, meter, mixed(bench), { connections: 18 }),
        await publishers(relay, meter.beside("stored"), publications, {
          connections: 2,
          pace: { inFlight: 1 },
        }),
      ]),
    );
  },
};

/** A writer that does not wait and a reader of big answers, and ten clients that ask a few times a second: these are measured. */
export const FAIRNESS: Case = {
  scenario: "fairness",
  name: "fairness, 10 clients",
  unit: "query",
  run: (relay, bench) => {
    const publications = bench.publications(MOST_PER_SECOND).values();
    const big = bench
      .questionsOf("newest500-same")
      .map((question): Question => ({ ...question, answer: "open" }));
    return measure(relay, bench.pace, async (meter) =>
      together([
        await askers(relay, meter, mixed(bench), { connections: 10, pause: 100 }),
        await askers(relay, meter.beside("big answers"), big, { connections: 1 }),
        await publishers(relay, meter.beside("stored"), publications, {
          connections: 1,
          pace: { inFlight: 64 },
        }),
      ]),
    );
  },
};

/** Returns questions of several kinds, one of each in turns. */
function mixed(bench: Bench): Question[] {
  const kinds = READ.map((name) => bench.questionsOf(name));
  const longest = Math.max(...kinds.map(({ length }) => length));
  return Array.from({ length: longest }, (_, n) =>
    kinds.map((kind) => kind[n % kind.length] as Question),
  ).flat();
}
