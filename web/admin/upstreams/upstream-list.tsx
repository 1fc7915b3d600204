/** All upstreams, the worst first. */
import { useState } from "preact/hooks";
import { amountOf } from "../../parts/relative-time.ts";
import { SelectField, TextField } from "../../shared/forms/field.tsx";
import type { UpstreamStatus } from "../../shared/management/answers.ts";
import { Loaded, useAnswer } from "../parts/loading.tsx";
import { placeHref } from "../parts/place.ts";
import { Empty, Section } from "../parts/section.tsx";
import { ShortList } from "../parts/short-list.tsx";
import { PauseOrResume } from "./upstream-deeds.tsx";
import { coverageOfAll, STATES } from "../../shared/upstreams/state.ts";
import { StateBadge } from "../../shared/upstreams/state-badge.tsx";
import { gapsOf, lostOf } from "./figures.ts";

type State = UpstreamStatus["state"];

const ORDER = Object.keys(STATES) as State[];

export function UpstreamList() {
  const loading = useAnswer("listupstreams");
  return (
    <Section
      title="Upstreams"
      about="Other relays from which events are pulled, or to which they are published."
      of={loading}
      actions={
        <a class="button primary" href={placeHref("upstreams", "add")}>
          Add an upstream
        </a>
      }
    >
      <Loaded of={loading}>
        {(upstreams) =>
          upstreams.length === 0 ? (
            <Empty title="There is no upstream yet.">
              This relay only has what clients publish here. Add a relay to pull its events.
            </Empty>
          ) : (
            <Listed upstreams={upstreams} done={loading.reload} />
          )
        }
      </Loaded>
    </Section>
  );
}

function Listed({ upstreams, done }: { upstreams: UpstreamStatus[]; done(): Promise<void> }) {
  const [search, setSearch] = useState("");
  const [state, setState] = useState<State | "">("");
  const wanted = search.trim().toLowerCase();
  const count = (one: State) => upstreams.filter((upstream) => upstream.state === one).length;
  const found = upstreams
    .filter((one) => one.url.toLowerCase().includes(wanted) && (state === "" || one.state === state))
    .toSorted((a, b) => urgency(b) - urgency(a));
  return (
    <>
      <div class="columns narrow">
        <TextField type="search" label="Search" value={search} change={setSearch} />
        <SelectField
          label="State"
          value={state}
          change={(chosen) => setState(chosen)}
          options={[
            ["", `All (${upstreams.length})`],
            ...ORDER.filter((one) => count(one) > 0).map(
              (one) => [one, `${STATES[one].label} (${count(one)})`] as const,
            ),
          ]}
        />
      </div>
      {found.length === 0 && <Empty title="No upstream matches." />}
      <ShortList items={found}>
        {(upstream) => <Line key={upstream.url} upstream={upstream} done={done} />}
      </ShortList>
    </>
  );
}

function Line({ upstream, done }: { upstream: UpstreamStatus; done(): Promise<void> }) {
  const { url, state, lag, filters, live, health } = upstream;
  const gaps = gapsOf(filters);
  const lost = lostOf(filters);
  const coverage = coverageOfAll(filters);
  const facts = [
    lag !== null && `${amountOf(lag)} behind`,
    coverage !== undefined && `${coverage} here`,
    gaps > 0 && (gaps === 1 ? "1 gap" : `${gaps.toLocaleString("en")} gaps`),
    lost > 0 && `${lost.toLocaleString("en")} lost`,
    live && (live.connectedSince === undefined ? "live, not connected" : "live"),
    health.received > 0 && `${health.received.toLocaleString("en")} events received`,
  ].filter((fact) => fact !== false && fact !== null);
  return (
    <li class="line upstream">
      <div class="grow">
        <a href={placeHref("upstreams", url)}>
          <bdi>{url}</bdi>
        </a>
        <p class="quiet">{facts.join(" · ") || "nothing is known yet"}</p>
        {state === "failing" && health.lastFailure && (
          <p class="problem">
            <bdi>{health.lastFailure.reason}</bdi>
          </p>
        )}
      </div>
      <StateBadge state={state} />
      <PauseOrResume upstream={upstream} done={done} />
    </li>
  );
}

function urgency({ state, lag }: UpstreamStatus): number {
  if (state === "failing") return 1e12 + (lag ?? 0);
  return state === "ok" ? (lag ?? 0) : -1;
}
