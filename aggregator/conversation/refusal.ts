/** What the texts of an upstream mean: the reason of a CLOSED, or a NOTICE. Few relays use the same words. */
import type { Answer, Ending } from "./answer.ts";

const RATE_LIMITED = /rate[- ]?limit|too many (?:requests|messages)|too fast|slow down|throttl/i;
const LIMITED = /limit|too (?:large|big|many|high|much)|exceed|maximum/i;
/** The pause after a refusal that names none, and the longest one that is honoured, in seconds. */
const USUAL_PAUSE = 60;
const LONGEST_PAUSE = 3600;
const DURATION = /(\d+(?:\.\d+)?)\s*(ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hours?)\b/i;
const UNITS: [start: RegExp, seconds: number][] = [
  [/^(?:ms|milli)/i, 0.001],
  [/^m/i, 60],
  [/^h/i, 3600],
  [/^s/i, 1],
];

/** Returns the text with which an upstream refused a question; undefined if the answer is none. */
export function refusalIn({ events, ending, notice }: Answer): string | undefined {
  if (ending.how === "closed") return ending.reason;
  return ending.how === "silence" && events.length === 0 ? notice : undefined;
}

/** Returns how many seconds the upstream wants to be left alone; undefined if that is not what it says. */
export function pauseIn(text: string): number | undefined {
  if (!RATE_LIMITED.test(text)) return undefined;
  const [, amount, unit = ""] = DURATION.exec(text) ?? [];
  if (amount === undefined) return USUAL_PAUSE;
  const seconds = UNITS.find(([start]) => start.test(unit))?.[1] ?? 1;
  return Math.min(LONGEST_PAUSE, Math.max(1, Math.ceil(Number(amount) * seconds)));
}

/**
 * Returns a smaller limit to ask for, if the upstream refused this one as too high: the number that it names, or half. Undefined
 * if it refused something else.
 */
export function smallerLimit(text: string, asked: number): number | undefined {
  if (!LIMITED.test(text) || asked <= 1) return undefined;
  const named = [...text.matchAll(/\d+/g)].map(([number]) => Number(number));
  return named.find((number) => number > 0 && number < asked) ?? Math.floor(asked / 2);
}

/** Returns whether an ending leaves open what else would have come. */
export function isBroken(ending: Ending): boolean {
  return ending.how !== "eose" && ending.how !== "full";
}
