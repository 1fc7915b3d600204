/** How it stands with one upstream. */
import type { ComponentChildren } from "preact";
import { amountOf } from "../../parts/relative-time.ts";
import { Time } from "../../parts/time.tsx";
import type { UpstreamStatus } from "../../shared/management/answers.ts";
import { Figure } from "../parts/figure.tsx";
import { useNow } from "../../shared/now.ts";
import { FilterState } from "./filter-state.tsx";
import { LiveState, OnwardState } from "./connection-state.tsx";
import { sizeOf } from "../../parts/size.ts";
import { coverageOfAll } from "../../shared/upstreams/state.ts";
import { DIRECTIONS, gapsOf, lostOf, ORIGINS } from "./figures.ts";

export function Status({ upstream }: { upstream: UpstreamStatus }) {
  const { lag, failures, health, filters, live, onward } = upstream;
  const lost = lostOf(filters);
  return (
    <>
      {failures > 0 && health.lastFailure && (
        <p class="notice bad">
          The last {failures === 1 ? "pull has" : `${failures} pulls have`} failed:{" "}
          <bdi>{health.lastFailure.reason}</bdi>
        </p>
      )}
      <div class="figures">
        <Figure name={lag === null ? "pulled" : "behind"} value={lag === null ? "not yet" : amountOf(lag)} />
        <Figure name="of what it holds is here" value={coverageOfAll(filters) ?? "not known"} />
        <Figure name="gaps to fill" value={gapsOf(filters)} />
        <Figure name="ranges lost" value={lost} isBad={lost > 0} />
        <Figure name="events received" value={health.received} />
        <Figure name="of them new" value={health.queued} />
      </div>
      <Facts upstream={upstream} />
      {live && <LiveState live={live} />}
      {onward && <OnwardState onward={onward} />}
      {filters.map((filter) => (
        <FilterState key={JSON.stringify(filter.filter)} status={filter} />
      ))}
    </>
  );
}

function Facts({ upstream }: { upstream: UpstreamStatus }) {
  const { settings, origin, health, nextPull, isLeased } = upstream;
  const now = useNow();
  return (
    <dl class="fact-list card">
      <Fact name="Direction">{settings ? DIRECTIONS[settings.direction] : "not known"}</Fact>
      <Fact name="Named by">{ORIGINS[origin]}</Fact>
      <Fact name="Next pull">
        {isLeased ? "runs now" : nextPull === null ? "none" : <Time at={nextPull} now={now} />}
      </Fact>
      <Fact name="Last success">
        {health.lastSuccess === undefined ? "never" : <Time at={health.lastSuccess} now={now} />}
      </Fact>
      {health.lastFailure && (
        <Fact name="Last failure">
          <Time at={health.lastFailure.at} now={now} />: <bdi>{health.lastFailure.reason}</bdi>
        </Fact>
      )}
      <Fact name="Pulls">
        {health.pulls.toLocaleString("en")}, {health.failures.toLocaleString("en")} of them failed
      </Fact>
      <Fact name="Received">{sizeOf(health.bytes)}</Fact>
      {health.latency !== undefined && <Fact name="Connects in">{health.latency} ms</Fact>}
      {health.announcedLimit !== undefined && (
        <Fact name="Events for a request">at most {health.announcedLimit.toLocaleString("en")}</Fact>
      )}
      {health.speaksNegentropy !== undefined && (
        <Fact name="Compared (NIP-77)">{health.speaksNegentropy ? "yes" : "no"}</Fact>
      )}
      {health.wantsAuth && <Fact name="Authentication">it asks for it (NIP-42)</Fact>}
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
