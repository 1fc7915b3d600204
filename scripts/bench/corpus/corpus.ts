/**
 * The events that are stored before anything is measured, and new ones to publish. The same numbers make the same events, so
 * that nothing has to be kept: a million take about a minute.
 */
import type { Event } from "../../../nostr/event.ts";
import { type People, peopleOf } from "./people.ts";
import { seeded } from "./random.ts";
import { Traffic } from "./traffic.ts";

const DAY = 86_400;
const DAYS = 90;
const MOST_PEOPLE = 2000;
/** The people who publish while it is measured are others than those of the stored events. No question asks for them. */
const FIRST_NEWCOMER = 1_000_000;
const NEWCOMERS = 500;

export interface CorpusOptions {
  /** How many events, some of which replace others. */
  count: number;
  /** When the last one was created, in Unix seconds. They cover the 90 days before it. */
  end: number;
  seed: number;
}

/** Returns the people who have published the stored events: 2000, fewer in a small corpus. */
export function authorsOf({ count }: CorpusOptions): People {
  return peopleOf(Math.max(20, Math.min(MOST_PEOPLE, Math.floor(count / 25))), 1);
}

/** Makes the stored events, oldest first. No two are of the same second if there are fewer than seven million. */
export function* storedEvents(options: CorpusOptions, people = authorsOf(options)): Generator<Event> {
  const { count, end, seed } = options;
  const traffic = new Traffic(seeded(seed), people);
  const start = end - DAYS * DAY;
  const timeOf = (n: number) => start + Math.floor((DAYS * DAY * (n + 1)) / count);
  let made = 0;
  for (const key of people.all) {
    for (const event of traffic.introduction(key, () => timeOf(made))) {
      yield event;
      made += 1;
      if (made >= count) return;
    }
  }
  for (; made < count; made += 1) yield traffic.next(timeOf(made));
}

/** Makes events that were not stored yet, by other people. Each call of the same maker makes others. */
export function newcomers(seed: number): { people: People; next(now: number): Event; traffic: Traffic } {
  const people = peopleOf(NEWCOMERS, FIRST_NEWCOMER);
  const traffic = new Traffic(seeded(seed), people);
  const made = new Set<string>();
  return {
    people,
    traffic,
    next(now) {
      // In one second, somebody may react twice to the same note: that is one event.
      for (;;) {
        const event = traffic.next(now);
        if (made.size < made.add(event.id).size) return event;
      }
    },
  };
}

/** Returns the start of this day (UTC), in Unix seconds: a corpus of the same day is the same. */
export function startOfDay(milliseconds: number): number {
  return DAY * Math.floor(milliseconds / 1000 / DAY);
}
