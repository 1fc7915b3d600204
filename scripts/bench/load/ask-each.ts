/** Asks one question on each of many connections, all at the same time. */
import type { Question } from "../corpus/questions.ts";
import { problemOf } from "./answer.ts";
import { PATIENCE_MILLISECONDS, within } from "./measure.ts";
import { eventIdIn, verbOf } from "./messages.ts";
import type { Meter } from "./meter.ts";
import { frameOf, type Line } from "./socket.ts";

/** Resolves when all are answered, and has checked the answers. There are as many questions as connections. */
export async function askEach(
  lines: readonly Line[],
  questions: readonly Question[],
  meter: Meter,
): Promise<void> {
  let answered = 0;
  const answers = lines.map((line, at) => {
    const question = questions[at] as Question;
    return new Promise<void>((resolve) => {
      const got: string[] = [];
      line.onEnd = (reason) => {
        meter.failed(reason);
        resolve();
      };
      line.onMessage = (message) => {
        const verb = verbOf(message);
        if (verb === "EVENT") got.push(eventIdIn(message));
        if (verb === "CLOSED" || verb === "NOTICE") meter.failed(message.toString());
        if (verb !== "EOSE") return;
        answered += 1;
        meter.checked(problemOf(question, got, new Set(question.ids)));
        resolve();
      };
      line.send(frameOf(["REQ", "first", question.filter]));
    });
  });
  await within(2 * PATIENCE_MILLISECONDS, Promise.all(answers));
  for (let n = answered; n < lines.length; n += 1) meter.failed("no answer within 60 s");
}
