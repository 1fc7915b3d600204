/** Kills a relay again and again while clients write and while it pulls, and checks the disk each time. */
import { join } from "node:path";
import { expect } from "vitest";
import { PUBKEY } from "../fixtures/author.ts";
import { seeded } from "../reference/generators.ts";
import { countersKept, openEvents, openQueue, problemsOf, pulledOf, unfinished } from "./kill-checks.ts";
import { MOMENTS, type Moment, startUpstreams } from "./kill-upstreams.ts";
import { newLedger, now, writeUntilItDies } from "./kill-writers.ts";
import { startKillable } from "./kill-relay.ts";
import { freePort } from "../../scripts/bench/relays/free-port.ts";
import { eventually, temporaryFolder } from "./programs.ts";
import { pullNow } from "./upstreams.ts";

const SEED = Number(process.env["SEED"] ?? 1);
/** The kill comes soon after this many acknowledged events, at most. Mostly it comes sooner. */
const MOST_ACKNOWLEDGED = 500;
const SETTINGS = {
  PULL_HISTORY: "all",
  UPSTREAM_RETENTION: "*:forever",
  RELAY_ADMINS: PUBKEY,
  PROBE_INTERVAL: "0",
};

const ACKNOWLEDGED = ["deletion", "expiring event", "note", "note over HTTP", "request to vanish", "version"];

/** `runtime` is that of relay-program.ts, or workerd. Resolves with the number of acknowledged events. Fails the test if one is lost, or has come back. */
export async function killAgainAndAgain(runtime: string, kills: number): Promise<number> {
  console.log(`${runtime}: SEED=${SEED}`);
  const random = seeded(SEED);
  const [state, ledger] = [join(temporaryFolder(), "state"), newLedger()];
  const port = await freePort();
  await using upstreams = await startUpstreams(random);
  let [unpulled, interrupted, queued]: [string[], number, number] = [[], 0, 0];
  const start = () => startKillable(runtime, port, state, { ...SETTINGS, UPSTREAMS: unpulled.join(",") });
  const lookAtDisk = (when: string) => {
    using disk = openEvents(state, runtime);
    using queue = openQueue(state, runtime);
    const pulled = pulledOf(disk, queue, upstreams.all);
    expect([...problemsOf(disk, ledger, now()), ...pulled.problems], `SEED=${SEED}, ${when}`).toEqual([]);
    unpulled = pulled.unfinished;
    return { ...pulled, removals: unfinished(disk), counters: countersKept(disk) };
  };
  for (let kill = 1; kill <= kills; kill += 1) {
    const upstream = upstreams.add(MOMENTS[(kill - 1) % MOMENTS.length] as Moment);
    if (!unpulled.includes(upstream.url)) unpulled.push(upstream.url);
    const relay = await start();
    const enough = ledger.acknowledged + 1 + Math.floor(MOST_ACKNOWLEDGED * random() ** 3);
    const writing = writeUntilItDies(relay.url, relay.http, ledger, random);
    await eventually(
      async () => ledger.acknowledged,
      (count) => count >= enough,
    );
    await pullNow(relay, upstream.url);
    await upstream.answerUntil();
    await new Promise((next) => setTimeout(next, upstream.patience * random()));
    await Promise.all([writing, relay.kill()]);
    const { running, waiting } = lookAtDisk(`kill ${kill}`);
    if (running > 0) interrupted += 1;
    // The cursor has moved, so only the queue has these events.
    if (waiting > 0 && !unpulled.includes(upstream.url)) queued += 1;
  }
  console.log(runtime, JSON.stringify({ ...ledger.counts, interrupted, queued, unpulled: unpulled.length }));
  expect(Object.keys(ledger.counts).toSorted()).toEqual(ACKNOWLEDGED);

  expect(interrupted).toBeGreaterThanOrEqual(kills / MOMENTS.length);
  // With few kills, each may come before the cursor has moved. With 20, that happens in one of several runs.
  expect(queued > 0 || kills < 200).toBe(true);

  // The Cron, which runs at every start, finishes interrupted removals.
  await eventually(
    async () => {
      const pulling = upstreams.all.filter(({ url }) => unpulled.includes(url));
      const pulls = pulling.map(({ ended }) => ended);
      const relay = await start();
      for (const { url } of pulling) await pullNow(relay, url);
      await eventually(
        async () => pulling.filter(({ ended }, at) => ended === pulls[at]).map(({ url }) => url),
        (running) => running.length === 0,
      );
      await new Promise((next) => setTimeout(next, 1000));
      await relay.stop();
      const { removals, waiting, running, counters } = lookAtDisk("at the end");
      expect(counters).toBeGreaterThan(0);
      return { removals, waiting, running, unpulled };
    },
    ({ removals, waiting, running }) => removals + waiting + running + unpulled.length === 0,
  );
  return ledger.acknowledged;
}
