/** What a case of the benchmark is, and what it gets. */
import { newcomers } from "../corpus/corpus.ts";
import type { Oracle } from "../corpus/oracle.ts";
import type { People } from "../corpus/people.ts";
import { type Question, questionsOf } from "../corpus/questions.ts";
import type { Pace, Relay } from "../load/measure.ts";
import type { Run } from "../load/meter.ts";
import { type Publication, publicationOf } from "../load/publisher.ts";

export interface Case {
  /** The name that `--scenarios` takes. */
  scenario: string;
  name: string;
  /** What is counted as one operation. */
  unit: "query" | "event" | "delivery" | "connection" | "request" | "reconciliation";
  /** The NIP that a relay must support for it. */
  nip?: number;
  run(relay: Relay, bench: Bench): Promise<Run>;
}

export class Bench {
  readonly oracle: Oracle;
  readonly people: People;
  readonly pace: Pace;
  private readonly questions = new Map<string, Question[]>();
  private readonly newcomers;
  private fresh: Publication[] = [];

  constructor(oracle: Oracle, people: People, pace: Pace, seed: number) {
    this.oracle = oracle;
    this.people = people;
    this.pace = pace;
    this.newcomers = newcomers(seed);
  }

  questionsOf(name: string): Question[] {
    const known = this.questions.get(name);
    if (known) return known;
    const made = questionsOf(name, this.oracle, this.people);
    this.questions.set(name, made);
    return made;
  }

  /** The next round publishes other events. */
  nextRound(): void {
    this.fresh = [];
  }

  /** Returns events to publish, for so many a second. Each relay gets the same ones in a round. */
  publications(perSecond: number): Publication[] {
    const count = Math.ceil(perSecond * (this.pace.seconds + this.pace.warmUp));
    const now = Math.floor(Date.now() / 1000);
    while (this.fresh.length < count) this.fresh.push(publicationOf(this.newcomers.next(now)));
    return this.fresh.slice(0, count);
  }
}
