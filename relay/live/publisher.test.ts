import { expect, it } from "vitest";
import { signedEvent } from "../../tests/fixtures/signed-events.ts";
import { Publisher } from "./publisher.ts";
import type { Publication, PublishAnswer } from "./switchboard.ts";
import { noTracer } from "../../telemetry/tracing.ts";

const publication = (last: number): Publication => ({
  version: 1,
  prev: last - 1,
  last,
  events: [],
  ephemeral: [],
});

/** Returns a publisher whose first attempts fail. */
function publisher(failures: number, answered: () => void = () => undefined) {
  const sent: number[][] = [];
  const answers: PublishAnswer[] = [];
  const pauses: number[] = [];
  const reported: unknown[] = [];
  let left = failures;
  const subject = new Publisher({
    send: async (publications) => {
      sent.push(publications.map(({ last }) => last));
      if (left > 0) {
        left -= 1;
        throw new Error("the switchboard is away");
      }
      return { skipped: [], head: publications.at(-1)!.last };
    },
    pause: async (milliseconds) => void pauses.push(milliseconds),
    answered(answer) {
      answers.push(answer);
      answered();
    },
    report: (error) => void reported.push(error),
    tracer: noTracer,
  });
  return { subject, sent, answers, pauses, reported };
}

it("sends at once, and in order what gathers meanwhile in one batch", async () => {
  const { subject, sent, answers } = publisher(0);
  const all = [1, 2, 3].map((last) => subject.send(publication(last)));
  await Promise.all(all);
  expect(sent).toEqual([[1], [2, 3]]);
  expect(answers.map(({ head }) => head)).toEqual([1, 3]);
  await subject.send(publication(4));
  expect(sent[2]).toEqual([4]);
});

it("tries the same batch again, each time after a longer pause", async () => {
  const { subject, sent, pauses, reported } = publisher(3);
  const first = subject.send(publication(1));
  const second = subject.send(publication(2));
  await Promise.all([first, second]);
  expect(sent).toEqual([[1], [1], [1], [1], [2]]);
  expect(pauses).toEqual(pauses.toSorted((a, b) => a - b));
  expect(pauses).toHaveLength(3);
  expect(reported).toEqual([]);
});

it("gives a batch up after that, says so, and goes on with the next", async () => {
  const { subject, sent, reported, answers } = publisher(4);
  await subject.send(publication(1));
  await subject.send(publication(2));
  expect(sent).toEqual([[1], [1], [1], [1], [2]]);
  expect(reported).toEqual([new Error("the switchboard is away")]);
  expect(answers).toEqual([{ skipped: [], head: 2 }]);
});

it("sends what comes at the very moment when it has nothing more to send", async () => {
  let last = 1;
  const late: Promise<void>[] = [];
  const { subject, sent } = publisher(0, () => {
    if (last === 5) return;
    last += 1;
    queueMicrotask(() => late.push(subject.send(publication(last))));
  });
  await subject.send(publication(1));
  for (let n = 0; n < 100; n += 1) await Promise.resolve();
  await Promise.all(late);
  expect(sent).toEqual([[1], [2], [3], [4], [5]]);
});

it("sends in several messages what would be too large for one, and what is too large in one of its own", async () => {
  const { subject, sent } = publisher(0);
  const event = signedEvent({ content: "x".repeat(900_000) });
  const large = (last: number, count: number): Publication => ({
    ...publication(last),
    events: Array.from({ length: count }, () => ({ seq: last, event })),
  });
  const sizes = [1, 1, 2, 1, 1, 9, 1];
  await Promise.all(sizes.map((count, at) => subject.send(large(at, count))));
  expect(sent).toEqual([[0], [1, 2, 3], [4], [5], [6]]);
});
