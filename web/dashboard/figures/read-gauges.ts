/** Reads the gauges. */
import { ApiError } from "../../shared/api.ts";
import { type Access, headersFor } from "../access/access.ts";
import { type Gauges, gaugesIn } from "./gauges.ts";

export async function readGauges(access: Access, signal: AbortSignal): Promise<Gauges> {
  const headers = await headersFor(access, "/metrics");
  const response = await fetch("/metrics", { headers, signal });
  if (!response.ok) throw new ApiError(`/metrics answered ${response.status}.`, "unavailable");
  return gaugesIn(await response.text());
}
