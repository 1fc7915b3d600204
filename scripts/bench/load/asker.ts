/** Clients that ask one question after the other, each on its own connection, and check every answer. */
import type { Question } from "../corpus/questions.ts";
import { problemOf } from "./answer.ts";
import { loadOf } from "./clients.ts";
import { type Load, PATIENCE_MILLISECONDS, type Relay } from "./measure.ts";
import { eventIdIn, nameIn, verbOf } from "./messages.ts";
import type { Meter } from "./meter.ts";
import { frameOf, type Line } from "./socket.ts";

/** Two names in turns, so that what still comes for the last question is not taken for an answer to the next. */
const NAMES = ["q0", "q1"] as const;
const CLOSES = NAMES.map((name) => frameOf(["CLOSE", name]));

interface Prepared extends Question {
  frames: readonly Buffer[];
  set: ReadonlySet<string>;
}

interface AskerOptions {
  connections: number;
  /** How long a client waits after each answer, in milliseconds. By default it asks at once. */
  pause?: number;
}

/** Opens the connections. They ask when the load starts. */
export function askers(
  relay: Relay,
  meter: Meter,
  questions: readonly Question[],
  { connections, pause = 0 }: AskerOptions,
): Promise<Load> {
  const prepared = questions.map(prepare);
  const clientOf = (line: Line, at: number) => {
    // Apart from each other: what one has asked does not help the next.
    const first = Math.floor((at * prepared.length) / connections);
    return new Asker(line, prepared, { first, pause }, meter);
  };
  return loadOf(relay, connections, clientOf, (client) => client.ask());
}

function prepare(question: Question): Prepared {
  const frames = NAMES.map((name) => frameOf([question.verb, name, question.filter]));
  return { ...question, frames, set: new Set(question.ids) };
}

class Asker {
  readonly ended: Promise<void>;
  private end: () => void = () => undefined;
  private isStopped = false;
  private turn = 0;
  private begun = 0;
  private got: string[] = [];
  private timer: NodeJS.Timeout | undefined;
  private readonly line: Line;
  private readonly questions: readonly Prepared[];
  private at: number;
  private readonly pause: number;
  private readonly meter: Meter;

  constructor(
    line: Line,
    questions: readonly Prepared[],
    { first, pause }: { first: number; pause: number },
    meter: Meter,
  ) {
    this.line = line;
    this.questions = questions;
    this.at = first;
    this.pause = pause;
    this.meter = meter;
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
    line.onMessage = (message) => this.take(message);
    line.onEnd = (reason) => this.give(reason);
  }

  ask(): void {
    if (this.isStopped) return this.done();
    this.got = [];
    this.begun = performance.now();
    this.timer ??= setTimeout(() => this.give("no answer within 30 s"), PATIENCE_MILLISECONDS);
    this.timer.refresh();
    const frame = this.question.frames[this.turn];
    if (frame) this.line.send(frame);
  }

  stop(): void {
    this.isStopped = true;
  }

  private get question(): Prepared {
    return this.questions[this.at % this.questions.length] as Prepared;
  }

  private take(message: Buffer): void {
    const verb = verbOf(message);
    if (verb === "NOTICE") return this.meter.failed(message.toString());
    if (verb === "AUTH" || nameIn(message) !== NAMES[this.turn]) return;
    if (verb === "EVENT") this.got.push(eventIdIn(message));
    else this.finish(verb, message);
  }

  private finish(verb: string, message: Buffer): void {
    const { verb: asked } = this.question;
    if (verb === "CLOSED") this.meter.failed(message.toString());
    else {
      this.meter.answered(this.begun, this.got.length);
      this.meter.checked(
        asked === "COUNT" ? this.wrongCount(message) : problemOf(this.question, this.got, this.question.set),
      );
    }
    if (asked === "REQ") this.line.send(CLOSES[this.turn] as Buffer);
    this.turn = 1 - this.turn;
    this.at += 1;
    if (this.pause === 0) return this.ask();
    clearTimeout(this.timer);
    this.timer = undefined;
    setTimeout(() => this.ask(), this.pause);
  }

  private wrongCount(message: Buffer): string | undefined {
    const [, , answer] = JSON.parse(message.toString()) as [
      string,
      string,
      { count: number; approximate?: boolean },
    ];
    const { figures } = this.meter.run;
    if (answer.approximate) {
      figures["approximate"] = (figures["approximate"] ?? 0) + 1;
      return undefined;
    }
    const { ids, filter } = this.question;
    return answer.count === ids.length
      ? undefined
      : `${JSON.stringify(filter)}: ${answer.count}, not ${ids.length}`;
  }

  private give(reason: string): void {
    this.meter.failed(reason);
    this.line.end();
    this.done();
  }

  private done(): void {
    clearTimeout(this.timer);
    this.end();
  }
}
