/** Asks an upstream again for a range of time. */
import { useState } from "preact/hooks";
import { TextField } from "../../shared/forms/field.tsx";
import type { UpstreamStatus } from "../../shared/management/answers.ts";
import { DeedForm } from "../parts/deed.tsx";
import { useRelay } from "../parts/relay.tsx";
import { rangeText } from "./range-text.ts";

interface Props {
  upstream: UpstreamStatus;
  done(): Promise<void>;
}

export function Backfill({ upstream: { url, backfills }, done }: Props) {
  const { call } = useRelay();
  const [since, setSince] = useState("");
  const [until, setUntil] = useState("");
  const [problem, setProblem] = useState("");
  return (
    <details class="card add">
      <summary>Ask again for a range of time</summary>
      <DeedForm
        label="Backfill"
        check={() => {
          setProblem(since === "" ? "Choose when the range begins." : "");
          return since !== "";
        }}
        act={async () => {
          await call("backfillupstream", url, secondsOf(since), until === "" ? null : secondsOf(until));
          return {
            said: "The next pulls ask again for this range. Events that are stored already are not stored twice.",
          };
        }}
        done={async () => {
          setSince("");
          setUntil("");
          await done();
        }}
      >
        <p class="quiet">
          Everything that was created in this range is asked for again, such as after a wider filter or when
          events are missing.
        </p>
        <div class="columns narrow">
          <TextField type="datetime-local" label="From" problem={problem} value={since} change={setSince} />
          <TextField type="datetime-local" label="To" hint="Empty: now" value={until} change={setUntil} />
        </div>
        {backfills.length > 0 && <p>These wait for a pull: {backfills.map(rangeText).join("; ")}</p>}
      </DeedForm>
    </details>
  );
}

/** The value of such a field is in the time zone of the browser. */
function secondsOf(local: string): number {
  return Math.floor(new Date(local).getTime() / 1000);
}
