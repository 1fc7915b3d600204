/** The range in the address of the page, so that it can be linked. */
import { type RangeName, RANGES } from "../../telemetry/stats-answer.ts";

export function rangeInAddress(): RangeName {
  const range = new URLSearchParams(location.search).get("range") ?? "";
  return Object.hasOwn(RANGES, range) ? (range as RangeName) : "hour";
}

export function showRangeInAddress(range: RangeName): void {
  history.replaceState(null, "", range === "hour" ? location.pathname : `?range=${range}`);
}
