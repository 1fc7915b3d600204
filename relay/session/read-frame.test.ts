/** The bounds of a frame, and the cost of reading it. */
import { afterEach, expect, it, vi } from "vitest";
import { connect, openRelay, type Relay } from "../../tests/fixtures/hubs.ts";

let relay: Relay | undefined;
afterEach(() => relay?.close());

function open() {
  relay = openRelay();
  const hub = relay.hub("a");
  return { hub, client: connect(hub, { ip: "203.0.113.7" }) };
}

it("a message that is nested too deeply is answered by what it was, and the connection goes on", async () => {
  const { hub, client } = open();
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  const id = "a".repeat(64);
  await client.say("REQ", "s", { kinds: [7] });
  await hub.receive(client.session, `["EVENT",{"id":"${id}","tags":${deep}}]`);
  await hub.receive(client.session, `["REQ","s",${deep}]`);
  await client.say("REQ", "s", { kinds: [7] });
  expect(client.frames.slice(1)).toEqual([
    ["OK", id, false, "invalid: the message is nested 100002 levels deep; at most 64 are allowed"],
    ["CLOSED", "s", "invalid: the message is nested 100001 levels deep; at most 64 are allowed"],
    ["EOSE", "s"],
  ]);
});

it("keys of a message are charged for: parsing one takes as long as reading a row", async () => {
  const { hub, client } = open();
  const charge = vi.spyOn(hub.limiter, "charge");
  const keys = Object.fromEntries(Array.from({ length: 40_000 }, (_, n) => [`key${n}`, 0]));
  await client.say("WHAT", keys);
  const paid = charge.mock.calls.reduce((sum, [, cost]) => sum + cost, 0);
  expect(paid).toBeGreaterThan(40_000);
  expect(paid).toBeLessThan(50_000);
});
