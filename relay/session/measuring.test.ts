/** What a hub measures: the time of each kind of message, and how much is open. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { connect, openRelay, type Relay } from "../../tests/fixtures/hubs.ts";
import { signedEvent } from "../../tests/fixtures/signed-events.ts";

let relay: Relay;
beforeEach(() => {
  relay = openRelay();
});
afterEach(() => relay.close());

function timed(): string[] {
  return relay.metrics
    .list()
    .filter(({ name }) => name === "message_seconds")
    .map(({ labels, amounts: [, ...buckets] }) => `${labels["verb"]} ${buckets.reduce((a, b) => a + b)}`);
}

it("each message that is read is timed under its verb", async () => {
  const client = connect(relay.hub("a"));
  await client.say("EVENT", signedEvent());
  await client.say("EVENT", { id: "not an event" });
  await client.say("REQ", "s", { kinds: [1] });
  await client.say("COUNT", "c", { kinds: [1] });
  await client.say("NEG-OPEN", "n", { kinds: [1] }, "61");
  await client.say("NEG-CLOSE", "n");
  await client.say("CLOSE", "s");
  await client.say("AUTH", signedEvent());
  await client.say("MADE-UP");
  expect(timed().toSorted()).toEqual(["AUTH 1", "CLOSE 1", "COUNT 1", "EVENT 2", "NEG 2", "REQ 1"]);
});

it("tells how many connections and subscriptions are open", async () => {
  const hub = relay.hub("a");
  const [one, two] = [connect(hub), connect(hub)];
  await one.say("REQ", "s", { kinds: [1] });
  await one.say("REQ", "t", { kinds: [7] });
  await two.say("REQ", "s", { kinds: [1] });
  expect(hub.gauges).toEqual({ connections: 2, subscriptions: 3 });
  await one.say("CLOSE", "t");
  hub.close(two.session);
  expect(hub.gauges).toEqual({ connections: 1, subscriptions: 1 });
});
