/** Pulls other projects' relays of three registries at the same time, over their restarts. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Event } from "nostr-tools";
import { expect, test } from "vitest";
import { byId, connect, everything, publishAll, someEvents } from "./client.ts";
import { has } from "../fixtures/foreign-programs.ts";
import { FOREIGN_RELAYS, type ForeignRelay } from "./foreign-relays.ts";
import { freePort } from "../../scripts/bench/relays/free-port.ts";
import { eventually, startRelay, temporaryFolder } from "./programs.ts";
import { MANAGED, pullNow } from "./upstreams.ts";

/** A relay may have to be built first. */
const MINUTES = 10 * 60_000;
const HOUR = 3600;

for (const { name, tool } of FOREIGN_RELAYS)
  test(`this machine can run ${name}`, ({ skip }) => {
    skip(!has(tool), `it is not pulled below, because this machine has no ${tool}`);
    expect(has(tool)).toBe(true);
  });

test(
  "relays of several registries are pulled whole, each event once, over restarts, and late events are found",
  async () => {
    const folder = temporaryFolder();
    const relays = await Promise.all(
      FOREIGN_RELAYS.filter(({ tool }) => has(tool)).map((relay) => openIn(folder, relay)),
    );
    expect(relays.length).toBeGreaterThan(0);
    // Each has 400 of them, and a neighbour has 300 of these too.
    const events = someEvents(300 + 100 * relays.length, "foreign", HOUR);
    for (const [at, relay] of relays.entries()) await relay.publish(events.slice(100 * at, 100 * at + 400));

    const upstreams = relays.flatMap(({ url }) => ["--upstream", url]);
    const history = ["--var", "PULL_HISTORY=all", "--var", "UPSTREAM_RETENTION=*:forever"];
    const relay = await startRelay(await freePort(), join(folder, "state"), [
      ...upstreams,
      ...history,
      ...MANAGED,
    ]);
    const pull = async () => {
      for (const { url } of relays) await pullNow(relay, url);
    };
    await eventually(
      () => everything(relay.http),
      ({ length }) => length > 0,
    );
    for (const upstream of relays) await upstream.restart();
    await pull();
    await eventually(() => missing(relay.http, events), isEmpty);
    expect(byId(await everything(relay.http))).toEqual(byId(events));

    // Each gets one that is older than what was pulled last, and one that only a comparison finds (NIP-77).
    const late = relays.flatMap((_, at) => [
      ...someEvents(2, `late-${at}`, 100).slice(1),
      ...someEvents(2, `later-${at}`, 40 * HOUR).slice(1),
    ]);
    const wanted = relays.flatMap(({ comparesSets }, at) =>
      late.slice(2 * at, 2 * at + (comparesSets ? 2 : 1)),
    );
    for (const [at, upstream] of relays.entries()) await upstream.publish(late.slice(2 * at, 2 * at + 2));
    await pull();
    await eventually(() => missing(relay.http, wanted), isEmpty);
    const stored = (await everything(relay.http)).map(({ id }) => id);
    expect(new Set(stored).size).toBe(stored.length);
    expect(await relay.interrupt()).toBe(0);
  },
  MINUTES,
);

/** Returns the places of the events that are not stored. */
async function missing(http: string, events: Event[]): Promise<number[]> {
  const stored = new Set((await everything(http)).map(({ id }) => id));
  return events.flatMap(({ id }, at) => (stored.has(id) ? [] : [at]));
}

function isEmpty({ length }: unknown[]): boolean {
  return length === 0;
}

async function openIn(parent: string, { name, start, comparesSets }: ForeignRelay) {
  const folder = join(parent, name);
  mkdirSync(folder, { recursive: true });
  const port = await freePort();
  const url = `ws://127.0.0.1:${port}`;
  let stop = await start(port, folder);
  return {
    url,
    comparesSets,
    async restart() {
      await stop();
      stop = await start(port, folder);
    },
    async publish(events: Event[]) {
      const client = await connect(url);
      await publishAll(client, events);
      client.close();
    },
  };
}
