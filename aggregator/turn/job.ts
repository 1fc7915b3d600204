/** One pull of one upstream while it runs: what it may use, and what it has learnt. */
import type { Announced } from "../conversation/announced.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { Span, Tracer } from "../../telemetry/tracing.ts";
import type { LostRange } from "../../store/upstreams/upstream-cursor.ts";
import type { Findings } from "../../store/upstreams/upstream-health.ts";
import type { UpstreamFilter } from "../../store/upstreams/upstream-settings.ts";
import type { Handover, HandoverDeps } from "./handover.ts";
import type { Bound } from "./turns.ts";
import type { Upstream } from "../conversation/upstream.ts";

export interface PullDeps extends HandoverDeps {
  connect(url: string): Promise<Upstream>;
  /** Returns what the upstream's document says (NIP-11). */
  announced(url: string): Promise<Announced>;
  /** Whether the database has room for events of upstreams, as the last statement has told. */
  hasRoom(): boolean;
  /** How far in the future created_at may be, in seconds. */
  farthest: number;
  /** Unix seconds. */
  now(): number;
  /** Milliseconds of a clock that only differences are taken of. */
  milliseconds(): number;
  pause(milliseconds: number): Promise<void>;
  metrics: Metrics;
  tracer: Tracer;
}

export interface Job {
  url: string;
  upstream: Upstream;
  deps: PullDeps;
  handover: Handover;
  span: Span;
  findings: Findings;
  limits: Limits;
  /** Whether the upstream says that it speaks NIP-77. */
  speaksNegentropy: boolean | undefined;
  /** Whether it says that it answers COUNT (NIP-45). */
  counts: boolean;
  /** The rules by which events are refused now. */
  rules: string | undefined;
  /** Maximum number of questions in a minute. Absent: no limit. */
  rate: number | undefined;
  /** When the rate allows the next question, in milliseconds. */
  nextAsk: number;
  /** Kinds that have come. */
  kinds: Set<number>;
  /** Where the whole job ends, in Unix seconds. */
  deadline: number;
  /** Questions that have been asked. */
  asked: number;
  /** Answers that brought something. */
  pages: number;
  /** The turn that runs. */
  turn: RunningTurn;
}

export interface RunningTurn {
  /** What every question asks for, beside a range. */
  filter: UpstreamFilter;
  /** Where it ends: number of questions of the job, and Unix seconds. */
  share: Bound;
  /** Number of questions that it began with. */
  asked: number;
  /** Ranges that cannot be had, with those that are known from earlier pulls. */
  lost: LostRange[];
}

/** How many events the upstream gives. */
export interface Limits {
  /** `limit` of the usual question. */
  page: number;
  /** Highest `limit` that may be asked for. */
  most: number;
  /** The highest `limit` that has been answered in this job. */
  proven: number;
  /** What the upstream announces, or the highest that is ever asked for. */
  ceiling: number;
  /** The number of events after which the upstream has cut off an answer without saying so. */
  cap: number;
  /** Whether `most` comes from an earlier pull, and was not tried to be exceeded in this one. */
  mayGrow: boolean;
  /** Whether a refusal has taught `most`. */
  isLearnt: boolean;
  /** Whether all answers were newest first. */
  isOrdered: boolean;
  /** Whether an answer has ended with EOSE. */
  hasEose: boolean;
  /** Whether it takes `until` as the first second that is not asked for, against NIP-01. */
  isUntilExclusive: boolean;
}

const PAGE = 500;
const LARGEST_PAGE = 5000;

/**
 * Returns the limits at the start of a job. `failures` counts those since the last progress. From the second on, each halves the
 * page: what is too much for an upstream may fail without a word about limits.
 */
export function limitsOf(known: {
  announced: number | undefined;
  learnt: number | undefined;
  failures: number;
}): Limits {
  const { announced, learnt = LARGEST_PAGE, failures } = known;
  const ceiling = Math.min(announced ?? LARGEST_PAGE, LARGEST_PAGE);
  const most = Math.min(ceiling, learnt);
  const usual = announced === undefined ? Math.min(PAGE, most) : most;
  return {
    page: Math.max(1, Math.floor(usual / 2 ** Math.min(Math.max(0, failures - 1), 10))),
    most,
    proven: 0,
    ceiling,
    cap: Infinity,
    mayGrow: most < ceiling,
    isLearnt: known.learnt !== undefined,
    isOrdered: true,
    hasEose: false,
    isUntilExclusive: false,
  };
}
