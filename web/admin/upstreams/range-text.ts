/** A range of time in words. */
import { exactTime } from "../../parts/relative-time.ts";
import type { Range } from "../../shared/management/answers.ts";

export function rangeText({ since, until }: Range): string {
  return since === until ? exactTime(since) : `${exactTime(since)} to ${exactTime(until)}`;
}
