/** All figures of the page. */
import type { StatsAnswer } from "../../../telemetry/stats-answer.ts";
import type { Health } from "../../shared/health.ts";
import type { UpstreamStatus } from "../../shared/management/answers.ts";
import type { Gauges } from "./gauges.ts";

export interface Figures {
  stats: StatsAnswer;
  /** What could not be read is an Error. */
  health: Health | Error;
  gauges: Gauges | Error;
  /** undefined: nobody is signed in, and only admins may know. */
  upstreams: UpstreamStatus[] | Error | undefined;
  /** Unix seconds. */
  readAt: number;
}
