/** What is shown, since when, and how fresh it is. */
import type { RangeName } from "../../telemetry/stats-answer.ts";
import { Time } from "../parts/time.tsx";
import { Choice } from "../shared/forms/choice.tsx";
import { useNow } from "../shared/now.ts";
import { stepTime } from "./figures/format.ts";
import { isReported } from "./figures/lines.ts";
import type { Figures } from "./figures/figures.ts";

const RANGE_NAMES = [
  ["hour", "Hour"],
  ["day", "Day"],
  ["month", "Month"],
] as const;
const STEPS: Record<RangeName, string> = { hour: "1 minute", day: "15 minutes", month: "4 hours" };

interface Props {
  range: RangeName;
  changeRange(range: RangeName): void;
  isPaused: boolean;
  pause(isPaused: boolean): void;
  isReading: boolean;
  read(): void;
  figures: Figures | undefined;
}

export function Toolbar({ range, changeRange, isPaused, pause, isReading, read, figures }: Props) {
  return (
    <div class="dashboard-bar">
      <Choice label="The last" value={range} change={changeRange} options={RANGE_NAMES} />
      <p class="quiet">{figures && <Since figures={figures} />}</p>
      <div class="row">
        <button type="button" aria-pressed={isPaused} onClick={() => pause(!isPaused)}>
          {isPaused ? "Paused" : "Pause"}
        </button>
        <button type="button" disabled={isReading} onClick={read}>
          {isReading ? "Reading…" : "Refresh"}
        </button>
      </div>
    </div>
  );
}

function Since({ figures: { stats, readAt } }: { figures: Figures }) {
  const now = useNow();
  const first = isReported(stats).indexOf(true);
  const time = stats.times[Math.max(0, first)] ?? readAt;
  const since = stepTime(time, stats.step);
  return (
    <>
      {first === -1
        ? "The relay has reported nothing in this time. After its start that takes two minutes."
        : `Since ${since}, in steps of ${STEPS[stats.range]}.`}{" "}
      Read <Time at={readAt} now={Math.max(now, readAt)} />.
    </>
  );
}
