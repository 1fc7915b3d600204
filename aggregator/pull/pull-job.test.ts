import { expect, it, onTestFinished } from "vitest";
import { WRONG_ID, WRONG_SIGNATURE } from "../../nostr/signature.ts";
import { parseConfig } from "../../relay/config.ts";
import { createDeadLetters } from "../../store/letters/dead-letters.ts";
import { fakeUpstream } from "../../tests/fixtures/fake-upstream.ts";
import { anEvent, aPuller, everySecond, NOW, UPSTREAM } from "../../tests/fixtures/puller.ts";
import { migratedSqlite } from "../../tests/fixtures/sqlite.ts";
import { runPull } from "./pull-job.ts";
import { leaseDue } from "./schedule.ts";

const FORGED = { count: 300, reason: `invalid: ${WRONG_SIGNATURE}`, at: NOW - 60, from: UPSTREAM };

it.each([
  ["many forged events", FORGED, true],
  ["many events with wrong ids", { ...FORGED, reason: `invalid: ${WRONG_ID}` }, true],
  ["many forged events of before", { ...FORGED, at: NOW - 3600 }, false],
  ["some forged events", { ...FORGED, count: 299 }, false],
  ["many events without proof of work", { ...FORGED, reason: "pow: too little" }, false],
  ["many forged events of another", { ...FORGED, from: "wss://other.example/" }, false],
])("after %s an upstream is pulled as it deserves", async (_, { count, reason, at, from }, isForger) => {
  const db = migratedSqlite();
  onTestFinished(() => db.close());
  const letters = Array.from({ length: count }, () => ({
    upstream: from,
    reason,
    event: anEvent(NOW),
    attempts: 1,
  }));
  await createDeadLetters(db).add(letters, at);
  const parsed = parseConfig({ UPSTREAMS: UPSTREAM, PULL_INTERVAL: "300" });
  if (!parsed.ok) throw new Error(parsed.problems.join());
  const upstream = fakeUpstream(everySecond(3000), { most: 500 });
  const { deps } = aPuller(upstream);
  const [lease] = await leaseDue(db, [UPSTREAM], NOW);
  const reports: unknown[] = [];
  const job = {
    db,
    config: parsed.config,
    pull: deps,
    random: () => 1,
    report: (text: unknown) => reports.push(text),
  };
  await runPull({ version: 3, lease: lease! }, job);

  expect(upstream.asked).toHaveLength(isForger ? 2 : 8);
  const { results } = await db.prepare("SELECT due_at - ?1 AS wait, problem FROM upstream").bind(NOW).all();
  const problem = "it has sent many forged events in the last hour (npm run nostr -- dead list)";
  expect(results).toEqual([{ wait: isForger ? 3600 : 300, problem: isForger ? problem : null }]);
  expect(reports).toHaveLength(isForger ? 1 : 0);
});
