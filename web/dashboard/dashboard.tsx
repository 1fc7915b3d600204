/** The dashboard: what the relay has done in the last hour, day or month, and what needs an operator. */
import { useMemo, useState } from "preact/hooks";
import type { RangeName } from "../../telemetry/stats-answer.ts";
import { messageOf } from "../shared/forms/message.ts";
import { useNow } from "../shared/now.ts";
import { useSigner } from "../shared/signer/current.ts";
import { amountOf } from "../parts/relative-time.ts";
import type { Access } from "./access/access.ts";
import { Charts } from "./charts.tsx";
import { Costs } from "./costs.tsx";
import type { Figures } from "./figures/figures.ts";
import { isRefusal, useFigures } from "./figures/use-figures.ts";
import { Headline } from "./headline.tsx";
import { sentence } from "./figures/format.ts";
import { HealthRow } from "./health-row.tsx";
import { Late } from "./late.tsx";
import { rangeInAddress, showRangeInAddress } from "./range.ts";
import { Toolbar } from "./toolbar.tsx";
import { Upstreams } from "./upstreams.tsx";

export function Dashboard() {
  const signer = useSigner();
  const [token, setToken] = useState<string>();
  const [range, setRange] = useState<RangeName>(rangeInAddress);
  const [isPaused, setIsPaused] = useState(false);
  const access = useMemo<Access>(
    () => (signer ? { signer } : token === undefined ? undefined : { token }),
    [signer, token],
  );
  const { figures, problem, isReading, read } = useFigures(range, access, isPaused);
  if (isRefusal(problem))
    return (
      <Late load={() => import("./access/not-readable.tsx")}>
        {({ NotReadable }) => <NotReadable access={access} isAsking={isReading} use={setToken} />}
      </Late>
    );
  return (
    <div class="dashboard" aria-busy={isReading}>
      <Toolbar
        range={range}
        changeRange={(chosen) => {
          showRangeInAddress(chosen);
          setRange(chosen);
        }}
        isPaused={isPaused}
        pause={setIsPaused}
        isReading={isReading}
        read={read}
        figures={figures}
      />
      {problem !== undefined && (
        <Problem problem={problem} figures={figures} read={read} isReading={isReading} isPaused={isPaused} />
      )}
      {!figures && isReading && <Skeleton />}
      {figures && (
        <AllFigures
          figures={figures}
          isFailing={problem !== undefined}
          isOld={problem !== undefined || figures.stats.range !== range}
        />
      )}
      {signer && (
        <Late load={() => import("../shared/signer/signed-in.tsx")}>
          {({ SignedIn }) => <SignedIn signer={signer} />}
        </Late>
      )}
    </div>
  );
}

interface FiguresProps {
  figures: Figures;
  /** Whether newer ones could not be read. Then nobody knows whether the relay is still healthy. */
  isFailing: boolean;
  isOld: boolean;
}

function AllFigures({ figures, isFailing, isOld }: FiguresProps) {
  const { stats, gauges, upstreams, readAt } = figures;
  return (
    <div class={`figures-of-relay ${isOld ? "old" : ""}`}>
      {!isFailing && <HealthRow figures={figures} />}
      <Headline figures={figures} />
      <Charts stats={stats} gauges={gauges instanceof Error ? undefined : gauges} />
      <Upstreams upstreams={upstreams} gauges={gauges} />
      <section class="chart-group" aria-labelledby="costs">
        <h2 id="costs">Costs</h2>
        <Costs costs={stats.costs} now={readAt} />
      </section>
    </div>
  );
}

interface ProblemProps {
  problem: unknown;
  figures: Figures | undefined;
  isReading: boolean;
  isPaused: boolean;
  read(): void;
}

function Problem({ problem, figures, isReading, isPaused, read }: ProblemProps) {
  const now = useNow();
  return (
    <div role="alert" class="notice bad row">
      <span class="grow">
        {sentence(messageOf(problem))}{" "}
        {figures && `The figures below are ${amountOf(Math.max(0, now - figures.readAt))} old. `}
        {!isPaused && "The page tries again each minute."}
      </span>
      <button type="button" disabled={isReading} onClick={read}>
        Try again
      </button>
    </div>
  );
}

function Skeleton() {
  return (
    <div class="chart-grid" role="status">
      <span class="visually-hidden">Reading the figures…</span>
      {[1, 2, 3, 4].map((place) => (
        <div key={place} class="card chart skeleton" />
      ))}
    </div>
  );
}
