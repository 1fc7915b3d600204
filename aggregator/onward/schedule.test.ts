import { beforeEach, describe, expect, it } from "vitest";
import { createDrizzle } from "../../store/database/drizzle.ts";
import { readUpstream, type UpstreamChange, upstreamStatements } from "../../store/upstreams/upstreams.ts";
import { DEFAULT_SETTINGS, type UpstreamSettings } from "../../store/upstreams/upstream-settings.ts";
import { createStore } from "../../store/sql/sql-store.ts";
import { signedEvent } from "../../tests/fixtures/signed-events.ts";
import { migratedSqlite } from "../../tests/fixtures/sqlite.ts";
import { beginOnward, leaseOnward, saveOnward, settleOnward } from "./schedule.ts";
import { returnLeases } from "../pull/schedule.ts";

const NOW = 1_700_000_000;
const URL = "wss://relay.example";
const OUT: UpstreamSettings = { ...DEFAULT_SETTINGS, direction: "out", rate: 9 };

let db: ReturnType<typeof migratedSqlite>;
beforeEach(async () => {
  db = migratedSqlite();
  await change({ do: "put-upstream", url: URL, origin: "operator", settings: OUT });
  await publish("one");
});

async function change(one: UpstreamChange) {
  const drizzle = createDrizzle(db);
  const [first, ...others] = upstreamStatements(drizzle, one);
  await drizzle.batch([first!, ...others]);
}

const publish = (content: string) => createStore(db).commit([signedEvent({ content })]);
const lease = (now = NOW) => leaseOnward(db, [], now);
const onward = async () => (await readUpstream(createDrizzle(db), URL)).found?.onward;

describe("a relay is leased", () => {
  it("if the log goes further than what was sent", async () => {
    const [held] = await lease();
    const begun = (await beginOnward(db, held!, NOW))!;
    expect(begun.task).toMatchObject({ url: URL, filters: [{}], rate: 9, progress: { sent: 0 } });
    const { answers } = begun.task.progress;
    const result = { progress: { sent: 1, answers }, answered: 1 };
    await settleOnward(db, begun.lease, result, { failures: 0, dueAt: NOW });
    expect(await lease()).toEqual([]);
    await publish("two");
    expect(await lease()).toHaveLength(1);
  });

  it("once, until its lease ends or is returned", async () => {
    const [held] = await lease();
    expect(await lease(NOW + 60)).toEqual([]);
    expect(await lease(held!.until)).toHaveLength(1);
    await returnLeases(db);
    expect(await lease()).toHaveLength(1);
  });

  it("not while it is paused, and then goes on where it was", async () => {
    await change({ do: "pause-upstream", url: URL });
    expect(await lease()).toEqual([]);
    await change({ do: "resume-upstream", url: URL });
    const [held] = await lease();
    expect((await beginOnward(db, held!, NOW))?.task.progress.sent).toBe(0);
  });

  it("not if it is removed, or only pulled", async () => {
    await change({ do: "remove-upstream", url: URL });
    expect(await lease()).toEqual([]);
    await change({ do: "put-upstream", url: URL, origin: "operator", settings: DEFAULT_SETTINGS });
    expect(await lease()).toEqual([]);
    expect(await onward()).toBeUndefined();
  });
});

describe("a job whose lease another one has", () => {
  it("does not begin", async () => {
    const [first] = await lease();
    await lease(first!.until);
    expect(await beginOnward(db, first!, NOW)).toBeUndefined();
  });

  it("saves nothing, in the middle or at its end", async () => {
    const [first] = await lease();
    const begun = (await beginOnward(db, first!, NOW))!;
    await lease(begun.lease.until);
    const answers = { ...begun.task.progress.answers, accepted: 7 };
    expect(await saveOnward(db, begun.lease, { sent: 1, answers })).toBe(false);
    const result = { progress: { sent: 1, answers }, answered: 1 };
    await settleOnward(db, begun.lease, result, { failures: 3, dueAt: 0 });
    expect(await onward()).toMatchObject({ failures: 0, answers: { accepted: 0 } });
  });

  it("of an upstream that was paused meanwhile does not begin", async () => {
    const [held] = await lease();
    await change({ do: "pause-upstream", url: URL });
    expect(await beginOnward(db, held!, NOW)).toBeUndefined();
  });
});
