/** What a minute of the aggregator brings, and what not while the relay saves money. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { eventId } from "../nostr/event.ts";
import { parseConfig } from "../relay/config.ts";
import { SpendLimit } from "../relay/limits/spend-limit.ts";
import { createDrizzle } from "../store/database/drizzle.ts";
import { createStore } from "../store/sql/sql-store.ts";
import { StoreSize } from "../store/database/store-size.ts";
import { DEFAULT_SETTINGS } from "../store/upstreams/upstream-settings.ts";
import { upstreamStatements } from "../store/upstreams/upstreams.ts";
import { Counts } from "../telemetry/counts.ts";
import { SPENDING_LEVELS, type SpendingLevel } from "../telemetry/spending.ts";
import { noTracer } from "../telemetry/tracing.ts";
import { noPause } from "../tests/fixtures/no-pause.ts";
import { signedEvent } from "../tests/fixtures/signed-events.ts";
import { migratedSqlite } from "../tests/fixtures/sqlite.ts";
import { Aggregator, type Job } from "./aggregator.ts";

const UPSTREAM = "wss://relay.example/";
const notCalled = () => {
  throw new Error("a minute hands out jobs, and does none");
};

let db: ReturnType<typeof migratedSqlite>;
let spendLimit: SpendLimit;
let now: number;
let reported: unknown[];
/** What the last minute has done: the versions of its jobs, and the upstreams that it has ordered to be connected. */
let jobs: number[];
let ordered: string[];
let aggregator: Aggregator;
beforeEach(async () => {
  db = migratedSqlite();
  now = 1_800_000_000;
  reported = [];
  const parsed = parseConfig({});
  if (!parsed.ok) throw new Error(parsed.problems.join());
  const { config } = parsed;
  spendLimit = new SpendLimit(config);
  const queueStore = createStore(db);
  aggregator = new Aggregator({
    config,
    spendLimit,
    pullDatabase: db,
    queueDatabase: db,
    queueStore,
    size: new StoreSize(config.MAX_STORE_BYTES),
    createIngest: notCalled,
    eventId,
    jobs: {
      sendBatch: async (batch: { body: Job }[]) => void jobs.push(...batch.map(({ body }) => body.version)),
    },
    events: { sendBatch: notCalled },
    measured: [{ metrics: async () => ({ backlogCount: 7 }) }],
    connectWebSocket: notCalled,
    fetchAnnounced: notCalled,
    follow: async ({ url, health }) => {
      ordered.push(url);
      return health;
    },
    now: () => now,
    milliseconds: () => 0,
    random: () => 0,
    pause: noPause,
    report: (error) => void reported.push(error),
    metrics: new Counts(),
    tracer: noTracer,
  });
  const settings = { ...DEFAULT_SETTINGS, direction: "both", live: true } as const;
  const [first, ...others] = upstreamStatements(createDrizzle(db), {
    do: "put-upstream",
    url: UPSTREAM,
    origin: "operator",
    settings,
  });
  await createDrizzle(db).batch([first!, ...others]);
  // Publishing begins with what is stored from now on.
  await queueStore.commit([signedEvent()]);
});
afterEach(() => db.close());

const [PULL, ONWARD] = [3, 4];

/** Runs a minute, later than any lease lasts. */
async function minuteAt(level: SpendingLevel) {
  [jobs, ordered] = [[], []];
  now += 86_400;
  spendLimit.hear({ spending: level });
  await aggregator.minute();
  return { jobs, ordered };
}

it("pulls, connects and publishes while there is money, and again when there is", async () => {
  const all = { jobs: [PULL, ONWARD], ordered: [UPSTREAM] };
  expect(await minuteAt("free")).toEqual(all);
  await minuteAt("stopped");
  expect(await minuteAt("free")).toEqual(all);
  expect(reported).toEqual([]);
});

it.each(SPENDING_LEVELS.filter((level) => level !== "free"))(
  "at the level %s it neither pulls nor connects, and still publishes what clients want published",
  async (level) => {
    expect(await minuteAt(level)).toEqual({ jobs: [ONWARD], ordered: [] });
    expect(aggregator.waiting).toBe(7);
    expect(reported).toEqual([]);
  },
);
