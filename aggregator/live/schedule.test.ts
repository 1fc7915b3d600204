import { beforeEach, expect, it } from "vitest";
import { createDrizzle } from "../../store/database/drizzle.ts";
import {
  disconnected,
  type LiveHealth,
  NEW_LIVE_HEALTH,
  readLiveHealth,
} from "../../store/upstreams/live-health.ts";
import { upstream } from "../../store/database/tables.ts";
import { DEFAULT_SETTINGS, type UpstreamSettings } from "../../store/upstreams/upstream-settings.ts";
import { pulledUpTo } from "../../tests/fixtures/pulls.ts";
import { migratedSqlite } from "../../tests/fixtures/sqlite.ts";
import { orderLive } from "./schedule.ts";
import type { LiveOrder } from "./upstream.ts";
import { beginPull, leaseDue, settlePull } from "../pull/schedule.ts";

const NOW = 1_700_000_000;
const LATER = NOW + 1000;

let db: ReturnType<typeof migratedSqlite>;
let orders: LiveOrder[];
let reported: unknown[];
/** What the objects answer. */
let answer: (order: LiveOrder) => LiveHealth | Promise<LiveHealth>;
let wait: () => Promise<void>;
beforeEach(() => {
  db = migratedSqlite();
  [orders, reported] = [[], []];
  wait = () => new Promise(() => undefined);
  answer = ({ health }) => ({ ...health, connectedSince: NOW });
});

async function add(url: string, change: Partial<UpstreamSettings> = {}, row: object = {}) {
  const settings = JSON.stringify({ ...DEFAULT_SETTINGS, live: true, ...change });
  const drizzle = createDrizzle(db);
  await drizzle.batch([
    drizzle.insert(upstream).values({ url, origin: "operator", settings, dueAt: LATER, ...row }),
  ]);
}

function order(urls: string[] = []) {
  return orderLive(db, urls, {
    follow: async (one) => {
      orders.push(one);
      return answer(one);
    },
    wait,
    report: (error) => void reported.push(error),
  });
}

async function rows() {
  const drizzle = createDrizzle(db);
  const [found] = await drizzle.batch([drizzle.select().from(upstream).orderBy(upstream.url)]);
  return found.map(({ live, dueAt }) => ({ live: readLiveHealth(live), dueAt }));
}

it("orders what is in live mode, with its filters, and keeps the health", async () => {
  await add("wss://a", { filters: [{ kinds: [1] }], direction: "both" });
  await add("wss://b", { live: false });
  await order();
  const [a, b] = await rows();
  expect(orders).toEqual([
    { version: 1, url: "wss://a", filters: [{ kinds: [1] }], health: NEW_LIVE_HEALTH },
  ]);
  expect(a?.live).toEqual({ ...NEW_LIVE_HEALTH, connectedSince: NOW });
  expect(b?.live).toEqual(NEW_LIVE_HEALTH);
  await order();
  expect(orders[1]?.health).toEqual(a?.live);
});

it.each<[string, Partial<UpstreamSettings>, object]>([
  ["is paused", {}, { isPaused: 1 }],
  ["is only published to", { direction: "out" }, {}],
  ["is not in UPSTREAMS any more", {}, { origin: "settings" }],
  ["has settings of a later version", { version: 2 as 1 }, {}],
  ["is not in live mode any more", { live: false }, {}],
])("does not order one that %s, and its health has no connection any more", async (_, change, row) => {
  const live = { ...NEW_LIVE_HEALTH, drops: 3, connectedSince: 5 };
  await add("wss://a", change, { live: JSON.stringify(live), ...row });
  await order();
  expect(orders).toEqual([]);
  expect((await rows())[0]?.live).toEqual(disconnected(live));
});

it("orders one of UPSTREAMS", async () => {
  await add("wss://a", {}, { origin: "settings" });
  await order(["wss://a"]);
  expect(orders).toHaveLength(1);
});

it("makes one that has just been connected due at once, and no other", async () => {
  const connected = { ...NEW_LIVE_HEALTH, connectedSince: NOW };
  await add("wss://new");
  await add("wss://old", {}, { live: JSON.stringify(connected) });
  await add("wss://reconnected", {}, { live: JSON.stringify({ ...connected, connectedSince: 5 }) });
  await add("wss://stays-away");
  answer = ({ url, health }) => (url === "wss://stays-away" ? { ...health, drops: 1 } : connected);
  await order();
  expect((await rows()).map(({ dueAt }) => dueAt)).toEqual([0, LATER, 0, LATER]);
});

it("makes one due at once also if it is being pulled when it is connected", async () => {
  await add("wss://a", {}, { dueAt: NOW });
  const [lease] = await leaseDue(db, [], NOW);
  const begun = await beginPull(db, lease!, NOW);
  await order();
  const next = { failures: 0, nextPull: LATER, now: NOW };
  await settlePull(db, begun!, pulledUpTo({ pulledTo: NOW, pending: [] }), next);
  expect(await leaseDue(db, [], NOW + 60)).toHaveLength(1);
});

it("reports an object that fails, and goes on with the others", async () => {
  const live = { ...NEW_LIVE_HEALTH, connectedSince: 5, events: 7 };
  await add("wss://a", {}, { live: JSON.stringify(live) });
  await add("wss://b");
  answer = ({ url, health }) => {
    if (url === "wss://a") throw new Error("the object was reset");
    return { ...health, connectedSince: NOW };
  };
  await order();
  expect(reported).toEqual([new Error("the object was reset")]);
  expect((await rows()).map((row) => row.live)).toEqual([
    { ...NEW_LIVE_HEALTH, events: 7 },
    { ...NEW_LIVE_HEALTH, connectedSince: NOW },
  ]);
});

it("does not wait for ever for an object that is too busy to answer", async () => {
  await add("wss://a");
  await add("wss://b");
  answer = ({ url, health }) =>
    url === "wss://a" ? new Promise(() => undefined) : { ...health, connectedSince: NOW };
  wait = async () => {
    for (let turn = 0; turn < 100; turn += 1) await Promise.resolve();
  };
  await order();
  expect(reported).toEqual([new Error("the live connection of wss://a does not answer")]);
  expect((await rows()).map((row) => row.live)).toEqual([
    NEW_LIVE_HEALTH,
    { ...NEW_LIVE_HEALTH, connectedSince: NOW },
  ]);
});
