import { expect, it, onTestFinished } from "vitest";
import { connect, openRelay } from "../../tests/fixtures/hubs.ts";
import { LONG_FRAME } from "../limits/cost.ts";

const settled = () => new Promise((later) => setTimeout(later));
/** Returns a long REQ with few values. */
const long = (name: string) => ["REQ", name, { kinds: [7] }, { "#t": ["x".repeat(8 * LONG_FRAME)] }];

it("[18] long messages are read in slices: those of others go first, and what comes behind one waits for it", async () => {
  const relay = openRelay();
  onTestFinished(() => relay.close());
  const pauses: (() => void)[] = [];
  const hub = relay.hub("a", { pause: () => new Promise((end) => void pauses.push(end)) });
  const [greedy, client, other] = [1, 1, 2].map((n) => connect(hub, { ip: `192.0.2.${n}` }));
  const said = Array.from({ length: 30 }, (_, n) => greedy!.say(...long(`${n}`)));
  await settled();
  // A slice of 12,000 units has room for 22 messages of 562 units.
  expect(greedy!.session.subscriptions.size).toBe(22);
  said.push(
    client!.say(...long("last")),
    client!.say("CLOSE", "last"),
    client!.say("REQ", "next", { kinds: [8] }),
  );
  await settled();
  expect(client!.frames).toEqual([]);
  await other!.say("REQ", "s", { kinds: [7] });
  expect(other!.frames).toEqual([["EOSE", "s"]]);
  const ending = setInterval(() => {
    for (const end of pauses.splice(0)) end();
  });
  await Promise.all(said).finally(() => clearInterval(ending));
  expect(greedy!.frames).toHaveLength(30);
  expect(client!.frames).toEqual([["EOSE", "next"]]);
  expect([...client!.session.subscriptions.keys()]).toEqual(["next"]);
});

it.each([["CLOSE"], ["NEG-CLOSE"]])(
  "[18] a flood of %s, which is never refused, ends the connection",
  async (verb) => {
    const relay = openRelay({ RATE_LIMIT: "1000" });
    onTestFinished(() => relay.close());
    const client = connect(relay.hub("a"), { ip: "192.0.2.1" });
    // Each costs 50 units. A client that has used twice its allowance would have to wait for a minute.
    for (let n = 0; n < 30; n += 1) await client.say(verb, "s");
    expect(client.closings).toEqual([]);
    for (let n = 0; n < 20; n += 1) await client.say(verb, "s");
    expect(client.closings).toEqual([[1008, expect.stringMatching(/^rate-limited: /)]]);
  },
);

it("[17] long messages that are refused unread do not wait, and hold no memory meanwhile", async () => {
  const relay = openRelay({ MAX_MESSAGE_LENGTH: "200000", RATE_LIMIT: "14000" });
  onTestFinished(() => relay.close());
  const hub = relay.hub("a", { pause: () => new Promise(() => undefined) });
  const [greedy, client] = [1, 2].map((n) => connect(hub, { ip: `192.0.2.${n}` }));
  for (let n = 0; n < 24; n += 1) void greedy!.say(...long(`${n}`));
  await settled();
  greedy!.take();
  // The message is too long.
  await client!.say("REQ", "s", { "#t": ["x".repeat(200_001)] });
  expect(client!.take()).toEqual([["CLOSED", "s", expect.stringMatching(/^invalid: /)]]);
  // The client has used up its allowance.
  await greedy!.say(...long("more"));
  expect(greedy!.take()).toEqual([["CLOSED", "more", expect.stringMatching(/^rate-limited: /)]]);
});

it("[18] a message that is not one of the protocol costs more than its length", async () => {
  const relay = openRelay({ RATE_LIMIT: "2000" });
  onTestFinished(() => relay.close());
  const client = connect(relay.hub("a"), { ip: "192.0.2.1" });
  // Each costs 200 units.
  for (let n = 0; n < 11; n += 1) await client.say("HELLO");
  const reasons = client.take().map(([, text]) => String(text).split(":")[0]);
  expect(reasons).toEqual([...Array<string>(10).fill("unsupported"), "rate-limited"]);
});
