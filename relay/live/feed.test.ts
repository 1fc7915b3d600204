import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createStore } from "../../store/sql/sql-store.ts";
import { Counts } from "../../telemetry/counts.ts";
import { noTracer } from "../../telemetry/tracing.ts";
import { noPause } from "../../tests/fixtures/no-pause.ts";
import { FIRST_PUBLISH_ANSWER } from "../../tests/fixtures/recorded.ts";
import { signedEvent } from "../../tests/fixtures/signed-events.ts";
import { migratedSqlite } from "../../tests/fixtures/sqlite.ts";
import { Session } from "../session/session.ts";
import { Subscription } from "./subscription.ts";
import { Feed, type FeedDeps } from "./feed.ts";
import type { PublishAnswer } from "./switchboard.ts";
import { KeptSession } from "../../tests/fixtures/kept-session.ts";
import { strangersIdentity } from "../../tests/fixtures/strangers.ts";

let db: ReturnType<typeof migratedSqlite>;
beforeEach(() => void (db = migratedSqlite()));
afterEach(() => db.close());

/** Opens a feed without a hub, with a connection that wants all notes. */
function openFeed(deps: Partial<FeedDeps> = {}) {
  const background: Promise<void>[] = [];
  const positions: (number | undefined)[] = [];
  const frames: unknown[] = [];
  const reported: unknown[] = [];
  const feed = new Feed({
    name: "a",
    store: createStore(db),
    switchboard: {
      declare: async ({ revision }) => ({ accepted: true, revision, head: 0 }),
      publish: async () => ({ skipped: undefined, head: 0 }),
    },
    memory: { position: () => undefined, keepPosition: (at) => void positions.push(at) },
    background: (work) => void background.push(work),
    report: (error) => void reported.push(error),
    now: () => 1_700_000_000,
    pause: noPause,
    charge: () => undefined,
    chargeMatching: () => undefined,
    endIfTooMuch: () => undefined,
    metrics: new Counts(),
    tracer: noTracer,
    ...deps,
  });
  const session = new Session(
    { send: (frame) => void frames.push(JSON.parse(frame)), close: () => undefined },
    new KeptSession(),
    strangersIdentity(),
  );
  const subscription = new Subscription(session, "s", [{ kinds: [1], tags: [] }], 0);
  session.add(subscription);
  feed.add(subscription);
  feed.startsAt(0);
  return { feed, frames, positions, reported, settled: () => Promise.all(background.splice(0)) };
}

async function stored(count: number) {
  const events = Array.from({ length: count }, (_, n) => signedEvent({ content: `${n}` }));
  await createStore(db).commit(events);
  return events;
}

it("delivers what comes, and reads from the log what did not come", async () => {
  const { feed, frames, positions, settled } = openFeed();
  const [first, second, third] = await stored(3);
  await feed.deliver({
    version: 1,
    events: [{ seq: 3, event: third! }],
    ephemeral: [],
    spans: [{ prev: 2, last: 3 }],
    head: 3,
  });
  expect(frames).toEqual([["EVENT", "s", third]]);
  await settled();
  expect(frames).toEqual([third, first, second].map((event) => ["EVENT", "s", event]));
  expect(positions.at(-1)).toBe(3);
});

it("reads from the log what the answer of an earlier deployment did not tell", async () => {
  const { feed, frames, settled } = openFeed({
    switchboard: {
      declare: async ({ revision }) => ({ accepted: true, revision, head: 0 }),
      publish: async () => FIRST_PUBLISH_ANSWER as unknown as PublishAnswer,
    },
  });
  const [first, second] = await stored(2);
  await feed.publish({
    version: 1,
    prev: 1,
    last: 2,
    events: [{ seq: 2, event: second! }],
    ephemeral: [],
  });
  await settled();
  await feed.deliver({ version: 1, events: [], ephemeral: [], spans: [], head: 2 });
  await settled();
  expect(frames).toEqual([second, first].map((event) => ["EVENT", "s", event]));
});

it("tries to read the log again, and reports each failure", async () => {
  const log = vi.fn<FeedDeps["store"]["log"]>(createStore(db).log).mockRejectedValueOnce(new Error("away"));
  const { feed, frames, reported, settled } = openFeed({ store: { log } });
  const events = await stored(2);
  await feed.deliver({ version: 1, events: [], ephemeral: [], spans: [], head: 2 });
  await settled();
  expect(frames).toEqual(events.map((event) => ["EVENT", "s", event]));
  expect(reported).toEqual([new Error("away")]);
});

it("declares its interest again when it is sent what nobody wants, and reports when that fails", async () => {
  const declare = vi.fn<FeedDeps["switchboard"]["declare"]>().mockRejectedValue(new Error("no switchboard"));
  const { feed, frames, reported, settled } = openFeed({
    switchboard: { declare, publish: async () => ({ skipped: undefined, head: 0 }) },
  });
  await feed.deliver({
    version: 1,
    events: [],
    ephemeral: [signedEvent({ kind: 20_001 })],
    spans: [],
    head: 0,
  });
  await settled();
  expect(declare).toHaveBeenCalled();
  expect(frames).toEqual([]);
  expect(reported).toEqual([new Error("no switchboard")]);
});

it("does not declare again what it is sent because the switchboard has no memory for its keys", async () => {
  const declare = vi
    .fn<FeedDeps["switchboard"]["declare"]>()
    .mockImplementation(async ({ revision }) => ({ accepted: true, revision, head: 0, everything: true }));
  const { feed, settled } = openFeed({
    switchboard: { declare, publish: async () => ({ skipped: undefined, head: 0 }) },
  });
  for (let n = 0; n < 3; n += 1) {
    const ephemeral = [signedEvent({ kind: 20_001, content: String(n) })];
    await feed.deliver({ version: 1, events: [], ephemeral, spans: [], head: 0 });
    await settled();
  }
  expect(declare).toHaveBeenCalledTimes(1);
});
