/** What a relay has answered to the events that are published to it, for the operator. */

/** An event that the relay will never take, or that was given up. */
export interface OnwardRefusal {
  id: string;
  kind: number;
  /** The relay's text, without control characters. */
  reason: string;
  /** Unix seconds. */
  at: number;
}

export interface OnwardAnswers {
  version: 1;
  /** Numbers of events: accepted, already there, and refused. */
  accepted: number;
  known: number;
  refused: number;
  /** The latest refusals, newest first. */
  refusals: OnwardRefusal[];
  /** The event that the relay did not take the last times, and how many times. Absent: it took the last one. */
  tried?: { id: string; times: number };
}

const MOST_REFUSALS = 20;
const OLDEST_REFUSAL = 30 * 86_400;

const NO_ANSWERS: OnwardAnswers = { version: 1, accepted: 0, known: 0, refused: 0, refusals: [] };

/** Reads stored answers. Those of an unknown version are dropped, and counted from 0 again. */
export function readOnwardAnswers(text: string): OnwardAnswers {
  const answers = JSON.parse(text) as Partial<OnwardAnswers>;
  return answers.version === 1 ? { ...NO_ANSWERS, ...answers } : NO_ANSWERS;
}

/** Returns the answers with one more refusal, without those that are too old. */
export function withRefusal(answers: OnwardAnswers, refusal: OnwardRefusal): OnwardAnswers {
  const young = answers.refusals.filter(({ at }) => at > refusal.at - OLDEST_REFUSAL);
  return {
    ...answers,
    refused: answers.refused + 1,
    refusals: [refusal, ...young].slice(0, MOST_REFUSALS),
  };
}
