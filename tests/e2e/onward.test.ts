/** Publishing onward with real programs: to another relay, over kills, and between two relays that pull each other. */
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Event } from "nostr-tools";
import { expect, test } from "vitest";
import { byId, connect, publishAll, query, someEvents } from "./client.ts";
import { freePort } from "../../scripts/bench/relays/free-port.ts";
import { eventually, startRelay, startUpstream, temporaryFolder } from "./programs.ts";
import { addUpstream, MANAGED, pullNow, statusOf } from "./upstreams.ts";

test("events of clients reach another relay, although the relay is killed while it publishes them", async () => {
  const folder = temporaryFolder();
  const [port, otherPort] = [await freePort(), await freePort()];
  const other = `ws://localhost:${otherPort}`;
  await startUpstream(otherPort, join(folder, "other.db"));
  const start = () => startRelay(port, join(folder, "state"), MANAGED);
  let relay = await start();
  const before = someEvents(3, "before", 1);
  await publishAll(await connect(relay.url), before);
  await addUpstream(relay.http, other, { direction: "out" });
  const events = someEvents(300, "after", 1);
  await publishAll(await connect(relay.url), events);
  expect(await relay.interrupt()).toBe(0);

  // The first job begins with the start. Kill it in the middle.
  const target = await connect(other);
  const arrived = () => query(target, { limit: 1000 });
  for (const least of [50, 150]) {
    relay = await start();
    await eventually(arrived, ({ length }) => length >= least);
    await relay.kill();
  }
  relay = await start();
  const all = await eventually(arrived, ({ length }) => length >= events.length);
  expect(byId(all)).toEqual(byId(events));
  const { onward } = await eventually(
    () => statusOf(relay.http, other),
    ({ onward }) => (onward?.accepted ?? 0) + (onward?.known ?? 0) >= events.length,
  );
  // Each kill may repeat the answers since the last save.
  expect(onward).toMatchObject({ refused: 0, refusals: [], failures: 0 });
  expect((onward?.accepted ?? 0) + (onward?.known ?? 0)).toBeLessThanOrEqual(events.length + 2 * 11);
});

test("two relays that pull and publish to each other have the same events, and come to rest", async () => {
  const ports = [await freePort(), await freePort()];
  const relays = await Promise.all(
    ports.map((port) => startRelay(port, join(temporaryFolder(), "state"), MANAGED)),
  );
  const [first, second] = relays as [(typeof relays)[0], (typeof relays)[0]];
  await addUpstream(first.http, second.url, { direction: "both", live: true });
  await addUpstream(second.http, first.url, { direction: "both", live: true });
  for (const relay of relays) relay.runMinuteJobs();
  const events = [someEvents(20, "first", 1), someEvents(20, "second", 1)] as [Event[], Event[]];
  await publishAll(await connect(first.url), events[0]);
  await publishAll(await connect(second.url), events[1]);

  const stored = await Promise.all(relays.map(({ url }) => connect(url)));
  const published = () =>
    Promise.all([statusOf(first.http, second.url), statusOf(second.http, first.url)]).then((both) =>
      both.map(({ onward, health }) => ({
        answers: (onward?.accepted ?? 0) + (onward?.known ?? 0),
        queued: health.queued,
        pulls: health.pulls,
      })),
    );
  const sums = async () => (await published()).map(({ answers, queued }) => ({ answers, queued }));
  await eventually(
    () => Promise.all(stored.map((relay) => query(relay, { limit: 100 }))),
    (both) => both.every(({ length }) => length === 40),
  );
  // Each has published its own events, and perhaps one echo of the other's.
  await eventually(
    () => {
      for (const relay of relays) relay.runMinuteJobs();
      return published();
    },
    (both) => both.every(({ answers }) => answers >= 20),
  );
  const round = async () => {
    const before = await published();
    await pullNow(first, second.url);
    await pullNow(second, first.url);
    await eventually(published, (both) => both.every(({ pulls }, at) => pulls > before[at]!.pulls));
  };
  // The echoes are answered in the first rounds. After that nothing moves any more.
  const [rest] = await eventually(
    async () => {
      const before = await sums();
      await round();
      return [before, await sums()];
    },
    ([before, after]) => isDeepStrictEqual(before, after),
  );
  // Its own events and echoes of the other's. One that was pulled before its client published it may be sent twice.
  for (const { answers } of rest) expect(answers).toBeLessThanOrEqual(80);
  for (const relay of stored) expect(byId(await query(relay, { limit: 100 }))).toEqual(byId(events.flat()));
});
