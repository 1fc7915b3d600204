/** A hub reads the data of earlier deployments, and drops data of unknown versions. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { attachments, SUMS } from "../../fixtures/recorded.ts";
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

it("counts are read as another deployment sends them", async () => {
  const counters = env.COUNTERS.getByName("sent");
  for (const { counts } of SUMS.early) await counters.add(structuredClone<AnyReport>(counts));
  const { series } = await counters.figures();
  expect(series).toEqual(READ.map((one) => ({ ...one, amounts: [2 * (one.amounts[0] ?? 0)] })));
});
