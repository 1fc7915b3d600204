/** Each upstream: how far behind it is, and how much of what it holds is here. */
import { useState } from "preact/hooks";
import { StateBadge } from "../shared/upstreams/state-badge.tsx";
import { coverageOfAll } from "../shared/upstreams/state.ts";
import { amountOf } from "../parts/relative-time.ts";
import type { UpstreamStatus } from "../shared/management/answers.ts";
import type { Figures } from "./figures/figures.ts";
import { Late } from "./late.tsx";

interface Row {
  url: string;
  state: UpstreamStatus["state"];
  lag: number | null;
  failures: number;
  coverage: string | undefined;
}

const MOST_SHOWN = 50;

export function Upstreams({ upstreams, gauges }: Pick<Figures, "upstreams" | "gauges">) {
  const isDetailed = Array.isArray(upstreams);
  const rows = isDetailed ? upstreams.map(rowOf) : gauges instanceof Error ? [] : rowsOfGauges(gauges);
  if (!isDetailed && gauges instanceof Error)
    return <p class="card notice bad">The upstreams cannot be read: {gauges.message}</p>;
  const inOrder = rows.toSorted((a, b) => b.failures - a.failures || (b.lag ?? 0) - (a.lag ?? 0));
  return (
    <section class="card stack" aria-labelledby="each-upstream">
      <h3 id="each-upstream">Each upstream</h3>
      {rows.length === 0 && (
        <p class="quiet">
          The relay gathers from no other relay. <a href="/admin#upstreams/add">Add an upstream</a>
        </p>
      )}
      {rows.length > 0 && (
        <div class="scrolled" tabIndex={0} role="region" aria-label="Upstreams as a table">
          <table class="upstream-table">
            <thead>
              <tr>
                <th scope="col">Upstream</th>
                <th scope="col">State</th>
                <th scope="col">Behind</th>
                <th scope="col">Here of what it holds</th>
                <th scope="col">Failures in a row</th>
              </tr>
            </thead>
            <tbody>
              {inOrder.slice(0, MOST_SHOWN).map((row) => (
                <UpstreamRow key={row.url} row={row} isDetailed={isDetailed} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {rows.length > MOST_SHOWN && (
        <p class="quiet">
          And {rows.length - MOST_SHOWN} more, in <a href="/admin#upstreams">Admin</a>.
        </p>
      )}
      {rows.length > 0 && upstreams === undefined && <SignInForMore />}
    </section>
  );
}

function UpstreamRow({ row, isDetailed }: { row: Row; isDetailed: boolean }) {
  const { url, state, lag, failures, coverage } = row;
  return (
    <tr>
      <th scope="row">
        <a href={`/admin#upstreams/${encodeURIComponent(url)}`}>
          <bdi>{url.replace(/^wss:\/\//, "")}</bdi>
        </a>
      </th>
      <td>
        <StateBadge state={state} />
      </td>
      <td>{lag === null ? "not pulled yet" : amountOf(lag)}</td>
      <td>{isDetailed ? (coverage ?? "not known yet") : "for admins"}</td>
      <td>{failures}</td>
    </tr>
  );
}

function SignInForMore() {
  const [isOpen, setIsOpen] = useState(false);
  if (isOpen)
    return <Late load={() => import("../shared/signer/sign-in.tsx")}>{({ SignIn }) => <SignIn />}</Late>;
  return (
    <p class="row">
      <button type="button" onClick={() => setIsOpen(true)}>
        Sign in as an admin
      </button>
      <span class="quiet">to see how much of each is here</span>
    </p>
  );
}

function rowOf(upstream: UpstreamStatus): Row {
  const { url, state, lag, failures, filters } = upstream;
  return { url, state, lag, failures, coverage: coverageOfAll(filters) };
}

/** The metrics tell less of an upstream. */
function rowsOfGauges({ upstreams }: Exclude<Figures["gauges"], Error>): Row[] {
  return upstreams.map(({ url, lag = null, failures }) => ({
    url,
    state: failures > 0 ? "failing" : lag === null ? "new" : "ok",
    lag,
    failures,
    coverage: undefined,
  }));
}
