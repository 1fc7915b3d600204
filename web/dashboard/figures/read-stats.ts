/** Reads the statistics of one range. */
import type { RangeName, StatsAnswer } from "../../../telemetry/stats-answer.ts";
import { getJson, unreadable } from "../../shared/api.ts";
import { type Access, headersFor } from "../access/access.ts";
import { isStats } from "./is-stats.ts";

/** Rejects with an ApiError, whose code is `auth-required` for those who may not read it, or with the signer's error. */
export async function readStats(range: RangeName, access: Access, signal: AbortSignal): Promise<StatsAnswer> {
  const path = `/api/v1/stats?range=${range}`;
  const answer = await getJson(path, signal, await headersFor(access, path));
  if (!isStats(answer)) throw unreadable();
  return answer;
}
