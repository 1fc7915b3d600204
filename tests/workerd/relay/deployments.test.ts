/** A hub reads the data of earlier deployments, and drops data of unknown versions. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { readStream } from "../../fixtures/event-stream.ts";
import {
  attachments,
  REPORTS,
  SAMPLES,
  STREAM_MESSAGES,
  SUMS,
  SUMS_WITH_HISTORY,
} from "../../fixtures/recorded.ts";
import type { AnyReport } from "../../../telemetry/report.ts";
import { signedEvent } from "../../fixtures/signed-events.ts";
import { type Client, connect, settled, eventsIn } from "../client.ts";

const KIND = 2999;
const { readable, unreadable } = attachments(KIND, 0);

/** Returns a client whose hub sleeps. When the hub wakes, the socket has this attachment instead of its own. */
async function sleeping(name: string, attachment: unknown): Promise<Client> {
  const hub = env.HUB.getByName(name);
  const client = await connect(hub);
  // The hub declares its interest to the switchboard.
  client.say("REQ", "s", { kinds: [KIND], since: 1_700_000_000 });
  await client.upTo("EOSE");
  await settled(hub);
  await runInDurableObject(hub, (_, state) => {
    for (const socket of state.getWebSockets()) socket.serializeAttachment(attachment);
  });
  await evictDurableObject(hub);
  return client;
}

async function publish(content: string): Promise<{ id: string }> {
  const event = signedEvent({ kind: KIND, content });
  const writer = await connect(env.HUB.getByName(`writer ${content}`));
  writer.say("EVENT", event);
  expect((await writer.upTo("OK")).at(-1)?.[2]).toBe(true);
  writer.close();
  return event;
}

it.each(Object.entries(readable))("an attachment of %s is a subscription", async (name, attachment) => {
  const client = await sleeping(`reads ${name}`, attachment);
  const { id } = await publish(name);
  await client.upTo("EVENT");
  expect(eventsIn(client.frames)).toContainEqual(["s", id]);
  client.close();
});

it.each(Object.entries(unreadable))("an attachment of %s ends the connection", async (name, attachment) => {
  const client = await sleeping(`ends ${name}`, attachment);
  await publish(name);
  expect(await client.ended).toEqual([1012, "the relay was restarted: connect again"]);
});

it("a place in the log is a number, and so it is read", async () => {
  const hub = env.HUB.getByName("placed");
  await runInDurableObject(hub, (_, { storage }) => storage.kv.put("position", 5));
  await evictDurableObject(hub);
  expect(await runInDurableObject(hub, (instance) => instance["hub"].feed.position.at)).toBe(5);
});

it.each([
  [{ version: 1, debts: [{ payer: "192.0.2.1", spent: 70, at: 1_764_374_400 }] }, 1],
  [{ version: 2, owed: { "192.0.2.1": 70 } }, 0],
])("what clients have used is read, or dropped: %j", async (debts, count) => {
  const hub = env.HUB.getByName(`debts ${count}`);
  await runInDurableObject(hub, (_, { storage }) => storage.kv.put("debts", debts));
  await evictDurableObject(hub);
  const read = await runInDurableObject(hub, (instance) => instance["hibernation"].debts());
  expect(read).toHaveLength(count);
});

const READ = [
  { name: "events_stored_total", labels: { source: "queue", kind: "other" }, amounts: [7] },
  { name: "events_would_refuse_total", labels: { source: "http" }, amounts: [3] },
  { name: "clients_would_refuse_total", labels: { source: "http" }, amounts: [2] },
];

it.each([
  ...[...SUMS.early, SUMS.current].map((sums) => [sums, READ] as const),
  ...SUMS.unreadable.map((sums) => [sums, []] as const),
])("sums are read, or dropped: %j", async (sums, expected) => {
  const counters = env.COUNTERS.getByName(`sums ${sums.version}`);
  await runInDurableObject(counters, (_, { storage }) => storage.kv.put("sums", sums));
  await evictDurableObject(counters);
  expect((await counters.figures()).series).toEqual(expected);
});

it("the open minute of the history is read with the sums, and goes on", async () => {
  const counters = env.COUNTERS.getByName("open minute");
  await runInDurableObject(counters, (_, { storage }) => storage.kv.put("sums", SUMS_WITH_HISTORY));
  await evictDurableObject(counters);
  const [series] = SUMS_WITH_HISTORY.series;
  expect((await counters.figures()).series).toEqual([series]);
  expect((await counters.publicFigures()).lastEventAt).toBe(SUMS_WITH_HISTORY.lastEventAt);
  // Another minute closes that one.
  await counters.add(structuredClone(REPORTS[0]!));
  const rows = await runInDurableObject(counters, (_, { storage }) =>
    storage.sql.exec<{ data: string }>("SELECT data FROM sample WHERE range = 'hour'").toArray(),
  );
  expect(rows.map(({ data }) => JSON.parse(data) as unknown)).toEqual([
    { version: 1, ...SUMS_WITH_HISTORY.history.minute },
  ]);
});

it("samples of the history are read, or dropped", async () => {
  const counters = env.COUNTERS.getByName("samples");
  const at = 60 * Math.floor(Date.now() / 60_000) - 300;
  const { readable, unreadable } = SAMPLES;
  await runInDurableObject(counters, (_, { storage }) => {
    // A sample of a year ago is not shown.
    for (const [slot, data] of [readable.replace("1764374400", String(at)), unreadable].entries())
      storage.sql.exec("INSERT INTO sample (range, slot, at, data) VALUES ('hour', ?, ?, ?)", slot, at, data);
  });
  const { times, ...answer } = await counters.stats("hour");
  const valuesOf = (list: "counters" | "gauges", name: string) =>
    answer[list].find((one) => one.name === name)?.values[times.indexOf(at)];
  expect(valuesOf("counters", "clients_limited_total")).toBe(2);
  expect([valuesOf("gauges", "connections"), valuesOf("gauges", "subscriptions")]).toEqual([3, 5]);
});

it("reports are summed as another deployment sends them", async () => {
  const counters = env.COUNTERS.getByName("reports");
  for (const report of REPORTS) await counters.add(structuredClone<AnyReport>(report));
  expect(await counters.figures()).toMatchObject({
    series: REPORTS.flatMap(({ series }) => series),
    gauges: { connections: 3, subscriptions: 5 },
  });
});

it.each(STREAM_MESSAGES)(
  "a hub answers with the stream that another deployment asks for: %s",
  async (body) => {
    const hub = env.HUB.getByName(`stream ${STREAM_MESSAGES.indexOf(body)}`);
    const response = await hub.fetch("https://hub/stream", { method: "POST", body });
    expect(response.status).toBe(200);
    const stream = readStream(response.body);
    expect(await stream.next()).toMatchObject({ event: "eose" });
    await stream.cancel();
  },
);

it("counts are read as another deployment sends them", async () => {
  const counters = env.COUNTERS.getByName("sent");
  for (const { counts } of SUMS.early) await counters.add(structuredClone<AnyReport>(counts));
  const { series } = await counters.figures();
  expect(series).toEqual(READ.map((one) => ({ ...one, amounts: [2 * (one.amounts[0] ?? 0)] })));
});
