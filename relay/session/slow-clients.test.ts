/** Clients that do not read, or read slowly. The runtime keeps what they were sent, and does not tell how much that is. */
import { afterEach, describe, expect, it } from "vitest";
import { connect, eventsIn, NOW, openRelay, type Relay } from "../../tests/fixtures/hubs.ts";
import { signedEvent } from "../../tests/fixtures/signed-events.ts";
import { strangersIdentity } from "../../tests/fixtures/strangers.ts";
import { BYTES_AT_ONCE, BYTES_PER_SECOND } from "../limits/answer-pace.ts";
import { READ_BYTES } from "../../store/walks/read.ts";
import { READS_AT_ONCE } from "../reads.ts";
import { SETTLING_MILLISECONDS } from "./settling.ts";

let relay: Relay | undefined;
afterEach(() => relay?.close());

/** Events of about 100 kB each. */
const events = Array.from({ length: 15 }, (_, n) => signedEvent({ content: `${n}`.padEnd(100_000) }));

describe("a client that does not read", () => {
  function open() {
    relay = openRelay({ MAX_SILENT_BYTES: "1048576" });
    return { metrics: relay.metrics, one: relay.hub("a") };
  }

  async function follow(pingedAt?: () => number | undefined) {
    const { metrics, one } = open();
    const client = connect(one);
    Object.assign((client.session as unknown as { socket: object }).socket, { pingedAt });
    await client.say("REQ", "s", {});
    client.take();
    return { metrics, one, client, publisher: connect(one) };
  }

  it("is cut off with a reason, and takes no further part", async () => {
    const { metrics, one, client, publisher } = await follow();
    for (const event of events) await publisher.say("EVENT", event);
    expect(eventsIn(client.frames)).toHaveLength(11);
    expect(client.frames.at(-1)).toEqual([
      "CLOSED",
      "s",
      expect.stringMatching(/^error: slow consumer: 1048576 bytes were sent to you and you sent nothing/),
    ]);
    expect(client.closings.map(([code]) => code)).toEqual([1013]);
    expect(one.size).toBe(1);
    await client.say("REQ", "s", {});
    expect(client.frames.at(-1)?.[0]).toBe("CLOSED");
    expect(metrics.total("slow_clients_total")).toBe(1);
  });

  it("is one that says nothing: a message now and then is enough", async () => {
    const { client, publisher } = await follow();
    for (const event of events) {
      await publisher.say("EVENT", event);
      await client.say("CLOSE", "another");
    }
    expect(eventsIn(client.frames)).toHaveLength(events.length);
  });

  it("is one that does not even ping, which the platform answers for the relay", async () => {
    let pings = 0;
    const pinging = await follow(() => (pings += 1));
    for (const event of events) await pinging.publisher.say("EVENT", event);
    expect(eventsIn(pinging.client.frames)).toHaveLength(events.length);
  });

  it("is sent answers that it asked for at once, until there are too many", async () => {
    const { one } = open();
    const client = connect(one);
    for (const event of events) await connect(one).say("EVENT", event);
    await Promise.all(Array.from({ length: 6 }, (_, n) => client.say("REQ", `${n}`, {})));
    const sent = eventsIn(client.frames).length;
    // An answer may have any size. The next one must not begin.
    expect(sent).toBeGreaterThanOrEqual(events.length);
    expect(sent).toBeLessThanOrEqual(READS_AT_ONCE.mostOfClient * events.length);
    expect(client.closings.map(([code]) => code)).toEqual([1013]);
  });

  it("is not one that asks again after each answer", async () => {
    const { one } = open();
    const client = connect(one);
    for (const event of events) await connect(one).say("EVENT", event);
    for (let n = 0; n < 6; n += 1) await client.say("REQ", "s", {});
    expect(eventsIn(client.frames)).toHaveLength(6 * events.length);
    expect(client.closings).toEqual([]);
  });
});

describe("a network that asks for large answers", () => {
  async function ask(ips: (string | undefined)[]) {
    relay = openRelay({ RATE_LIMIT: "1000000000" });
    const clock = { now: NOW };
    let elapsed = 900;
    const pauses: number[] = [];
    const hub = relay.hub("a", {
      now: () => clock.now,
      async pause(milliseconds) {
        if (!isPacing(milliseconds)) return;
        pauses.push(milliseconds);
        // As with a clock of whole seconds: most of them begin before the pause.
        elapsed += milliseconds;
        clock.now = NOW + Math.floor(elapsed / 1000);
      },
    });
    for (const event of large) await connect(hub).say("EVENT", event);
    const clients = ips.map((ip) => connect(hub, { ...strangersIdentity(), ip }));
    await Promise.all(clients.map((client) => client.say("REQ", "s", {})));
    for (const { frames } of clients) expect(eventsIn(frames)).toHaveLength(large.length);
    return { pauses, seconds: clock.now - NOW };
  }

  /** Pauses of a millisecond let others go first, and one follows EOSE. */
  const isPacing = (milliseconds: number) => milliseconds > 1 && milliseconds !== SETTLING_MILLISECONDS;

  const large = Array.from({ length: 32 }, (_, n) => signedEvent({ content: `${n}`.padEnd(250_000) }));
  const bytes = 32 * 250_000;

  it("is sent the first ones at once, and then as many as a usual connection takes", async () => {
    const { pauses, seconds } = await ask(["203.0.113.7"]);
    expect(pauses.length).toBeGreaterThan(0);
    expect(pauses.length).toBeLessThanOrEqual(seconds);
    const least = (bytes - BYTES_AT_ONCE - 2 * READ_BYTES) / BYTES_PER_SECOND;
    expect(seconds).toBeGreaterThanOrEqual(Math.floor(least));
    expect(seconds).toBeLessThanOrEqual(bytes / BYTES_PER_SECOND);
  });

  it("shares its pace among its connections", async () => {
    const { seconds } = await ask(["203.0.113.7", "203.0.113.7"]);
    expect(seconds).toBeGreaterThan((2 * bytes - BYTES_AT_ONCE - 4 * READ_BYTES) / BYTES_PER_SECOND);
  });

  it("gets EOSE with the last event, and answers without events at once", async () => {
    relay = openRelay({ RATE_LIMIT: "off" });
    const pauses: number[] = [];
    const hub = relay.hub("a", {
      async pause(milliseconds) {
        if (isPacing(milliseconds)) pauses.push(milliseconds);
      },
    });
    // More than it is sent at once, but the last group of events begins before that.
    const some = large.slice(0, Math.ceil(BYTES_AT_ONCE / 250_000) + 1);
    for (const event of some) await connect(hub).say("EVENT", event);
    const client = connect(hub, { ...strangersIdentity(), ip: "203.0.113.7" });
    await client.say("REQ", "s", {});
    expect(client.take().at(-1)).toEqual(["EOSE", "s"]);
    await client.say("COUNT", "c", {});
    await client.say("NEG-OPEN", "n", {}, "6100000200");
    await client.say("REQ", "live", { limit: 0 });
    expect(client.take().map(([verb]) => verb)).toEqual(["COUNT", "NEG-MSG", "EOSE"]);
    expect(pauses).toEqual([]);
  });

  it("does not slow down others, or clients on the relay's own machine", async () => {
    const { seconds } = await ask(["203.0.113.7", "203.0.113.8", undefined]);
    expect(seconds).toBeLessThanOrEqual(bytes / BYTES_PER_SECOND);
    expect((await ask([undefined])).pauses).toEqual([]);
  });
});
