/** What a case of the benchmark is, and what it gets. */
import { newcomers } from "../corpus/corpus.ts";
import type { Oracle } from "../corpus/oracle.ts";
import type { People } from "../corpus/people.ts";
import type { Event } from "../../../nostr/event.ts";
import { firstQuestions, type Question, questionsOf } from "../corpus/questions.ts";
import { type Differences, differencesFrom } from "../load/reconciler.ts";
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
  /** Whether a relay has what it needs. */
  can?: (relay: Relay) => boolean;
  run(relay: Relay, bench: Bench): Promise<Run>;
}

export class Bench {
  readonly oracle: Oracle;
  readonly people: People;
  readonly pace: Pace;
  private readonly questions = new Map<string, Question[]>();
  private readonly newcomers;
  private readonly reconciled = new Map<number, Differences>();
  private fresh: Publication[] = [];
  private freshNotes: Publication[] = [];

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
    this.freshNotes = [];
  }

  differences(kind: number): Differences {
    const known = this.reconciled.get(kind) ?? differencesFrom(this.oracle.events, kind);
    this.reconciled.set(kind, known);
    return known;
  }

  /** Returns the first question of each of so many users. */
  firstQuestions(count: number): Question[] {
    return firstQuestions(this.oracle, this.people, count);
  }

  /** The same as `publications`, but all are notes. */
  notes(perSecond: number): Publication[] {
    const { people, traffic } = this.newcomers;
    return this.filled(this.freshNotes, perSecond, (now) => {
      const key = people.all[this.freshNotes.length % people.all.length];
      return key ? traffic.note(key, now) : traffic.next(now);
    });
  }

  /** Returns events to publish, for so many a second. Each relay gets the same ones in a round. */
  publications(perSecond: number): Publication[] {
    return this.filled(this.fresh, perSecond, (now) => this.newcomers.next(now));
  }

  private filled(made: Publication[], perSecond: number, make: (now: number) => Event): Publication[] {
    const count = Math.ceil(perSecond * (this.pace.seconds + this.pace.warmUp));
    const now = Math.floor(Date.now() / 1000);
    while (made.length < count) made.push(publicationOf(make(now)));
    return made.slice(0, count);
  }
}
