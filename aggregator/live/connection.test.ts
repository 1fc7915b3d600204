import { beforeEach, describe, expect, it } from "vitest";
import { RecentIds } from "../../relay/live/recent-ids.ts";
import type { UpstreamFilter } from "../../store/upstreams/upstream-settings.ts";
import { type LiveSocket, liveSocket } from "../../tests/fixtures/live-socket.ts";
import { NO_TEXT } from "../../tests/fixtures/scripted-relay.ts";
import { AUTHORS, signedEvent } from "../../tests/fixtures/signed-events.ts";
import { Counts } from "../../telemetry/counts.ts";
import { NO_KEY } from "../conversation/authenticate.ts";
import { LiveConnection } from "./connection.ts";
import { noTracer } from "../../telemetry/tracing.ts";

const NOW = 1_700_000_000;

let line: LiveSocket;
let taken: string[];
let passed: string[];
let ended: string[];
let waste: number;
let now: number;
let recent: RecentIds;
let metrics: Counts;
beforeEach(() => {
  metrics = new Counts();
  [taken, passed, ended, waste, now] = [[], [], [], 0, NOW];
  recent = new RecentIds(1000);
});

function open(
  filters: UpstreamFilter[] = [{}],
  sign?: (challenge: string) => ReturnType<typeof signedEvent>,
) {
  line = liveSocket();
  const connection = new LiveConnection(line.socket, {
    filters,
    recent,
    take: ({ id }) => void taken.push(id),
    pass: ({ id }) => void passed.push(id),
    ended: (reason) => void ended.push(reason),
    wasted: () => void (waste += 1),
    now: () => now,
    metrics,
    tracer: noTracer,
    sign,
  });
  connection.begin();
  return connection;
}

const request = (n: number) => signedEvent({ kind: 24_133, content: `request ${n}`, created_at: NOW });

describe("it asks", () => {
  it("for new events of each filter, and the newest ones before", () => {
    open([{ kinds: [1] }, { "#t": ["x"] }]);
    expect(line.sent).toEqual([["REQ", "live-1", { kinds: [1], limit: 100 }, { "#t": ["x"], limit: 100 }]]);
  });

  it("in several REQs if there are many filters", () => {
    open(Array.from({ length: 25 }, (_, n) => ({ kinds: [n] })));
    expect(line.sent.map(([, id, ...filters]) => [id, filters.length])).toEqual([
      ["live-1", 10],
      ["live-2", 10],
      ["live-3", 5],
    ]);
  });
});

describe("an event", () => {
  it("is taken before and after EOSE, once", () => {
    open();
    const [stored, fresh] = [signedEvent(), signedEvent({ content: "fresh" })];
    line.say("EVENT", "live-1", stored);
    line.say("EOSE", "live-1");
    for (let time = 0; time < 3; time += 1) line.say("EVENT", "live-1", fresh);
    line.say("EVENT", "live-1", stored);
    expect(taken).toEqual([stored.id, fresh.id]);
    expect(ended).toEqual([]);
  });

  it("that came before on another connection is not taken again", () => {
    const event = signedEvent();
    for (let time = 0; time < 2; time += 1) {
      open();
      line.say("EVENT", "live-1", event);
    }
    expect(taken).toEqual([event.id]);
  });

  it.each<[string, unknown[]]>([
    ["of a subscription that nobody opened", ["EVENT", "live-2", signedEvent()]],
    ["of a subscription that is no text", ["EVENT", NO_TEXT, signedEvent()]],
    ["that matches no filter", ["EVENT", "live-1", signedEvent({ kind: 7 })]],
    ["of another author", ["EVENT", "live-1", signedEvent({ pubkey: AUTHORS[1]! })]],
    ["without a signature", ["EVENT", "live-1", { ...signedEvent(), sig: "" }]],
    ["that is text", ["EVENT", "live-1", "text"]],
  ])("%s is waste", (_, message) => {
    open([{ kinds: [1], authors: [AUTHORS[0]!] }]);
    line.say(...message);
    expect([taken, passed, waste]).toEqual([[], [], 1]);
  });
});

describe("[7] an ephemeral event", () => {
  it("is delivered once, if it comes after EOSE", () => {
    open();
    line.say("EOSE", "live-1");
    line.say("EVENT", "live-1", request(1));
    line.say("EVENT", "live-1", request(1));
    expect([passed, taken]).toEqual([[request(1).id], []]);
  });

  it("that the upstream keeps and sends to each new connection is delivered once", () => {
    for (let time = 0; time < 5; time += 1) {
      open();
      if (time > 0) line.say("EVENT", "live-1", request(1));
      line.say("EOSE", "live-1");
      line.say("EVENT", "live-1", request(1));
    }
    expect(passed).toEqual([request(1).id]);
  });

  it("that the upstream kept from before is never delivered, even by an object that has just started", () => {
    open();
    line.say("EVENT", "live-1", request(1));
    line.say("EOSE", "live-1");
    line.say("EVENT", "live-1", request(1));
    now += 121;
    line.say("EVENT", "live-1", request(2));
    expect(passed).toEqual([]);
  });
});

describe("authentication", () => {
  const proof = signedEvent({ kind: 22_242 });
  const requests = () => line.sent.filter(([verb]) => verb === "REQ").length;

  it.each([["before"], ["after"]])("answers a challenge that comes %s the refusal", (when) => {
    const challenges: string[] = [];
    open([{}], (challenge) => {
      challenges.push(challenge);
      return proof;
    });
    if (when === "before") line.say("AUTH", "word");
    line.say("CLOSED", "live-1", "auth-required: who are you?");
    if (when === "after") line.say("AUTH", "word");
    expect(challenges).toEqual(["word"]);
    expect(line.sent.at(-1)).toEqual(["AUTH", proof]);
    line.say("OK", proof.id, true, "");
    expect(requests()).toBe(2);
    line.say("EVENT", "live-1", signedEvent());
    expect(taken).toHaveLength(1);
  });

  it("is not sent to an upstream that does not need it", () => {
    open([{}], () => proof);
    line.say("AUTH", "word");
    expect(line.sent.map(([verb]) => verb)).toEqual(["REQ"]);
  });

  it("needs no OK: some relays send none", () => {
    const connection = open([{}], () => proof);
    line.say("AUTH", "word");
    line.say("CLOSED", "live-1", "auth-required: who are you?");
    connection.check();
    expect(requests()).toBe(2);
  });

  it.each<[string, () => void, string | RegExp]>([
    [
      "is refused",
      () => line.say("OK", proof.id, false, "restricted: no"),
      /refused the auth.*restricted: no/,
    ],
    [
      "is not enough",
      () => {
        line.say("OK", proof.id, true, "");
        line.say("CLOSED", "live-1", "auth-required: still");
      },
      /refused: auth-required: still/,
    ],
  ])("that %s ends the connection", (_, happen, reason) => {
    open([{}], () => proof);
    line.say("AUTH", "word");
    line.say("CLOSED", "live-1", "auth-required: who are you?");
    happen();
    expect(ended).toEqual([expect.stringMatching(reason)]);
    expect(line.closed).toBe(1);
  });

  it("without a key ends the connection, and says what to do", () => {
    open();
    line.say("CLOSED", "live-1", "auth-required: who are you?");
    expect(ended).toEqual([NO_KEY]);
  });

  it("without a challenge ends the connection", () => {
    const connection = open([{}], () => proof);
    line.say("CLOSED", "live-1", "auth-required: who are you?");
    connection.check();
    expect(ended).toEqual([]);
    connection.check();
    expect(ended).toEqual(["the upstream wants authentication and sends no challenge"]);
  });
});

it("counts connections and messages", () => {
  open();
  line.say("EVENT", "live-1", signedEvent());
  line.sayText("text");
  line.end("1000");
  line.end("1000");
  line.say("EVENT", "live-1", signedEvent());
  expect(metrics.list()).toEqual([
    { name: "relay_connect_counts", labels: { source: "upstream" }, amounts: [1] },
    { name: "message_received_counts", labels: { source: "upstream" }, amounts: [2] },
    { name: "cleanup_counts", labels: { source: "upstream" }, amounts: [1] },
  ]);
});

describe("the connection ends", () => {
  it.each<[string, () => void, string]>([
    ["is closed", () => line.end("1006"), "the connection ended: 1006"],
    [
      "refuses",
      () => line.say("CLOSED", "live-1", "error: \u001b[2Jno"),
      "the upstream refused: error: [2Jno",
    ],
    [
      "says why and closes",
      () => {
        line.say("NOTICE", "slow down");
        line.end("1008");
      },
      "the connection ended: 1008; it says: slow down",
    ],
  ])("once, if the upstream %s", (_, happen, reason) => {
    open();
    happen();
    line.end("again");
    line.say("EVENT", "live-1", signedEvent());
    expect([ended, line.closed, taken]).toEqual([[reason], 1, []]);
  });

  it("if a quiet upstream does not answer either", () => {
    const connection = open();
    connection.check();
    connection.check();
    expect(line.sent.at(-1)).toEqual(["REQ", "alive", { ids: ["0".repeat(64)], limit: 1 }]);
    connection.check();
    expect(ended).toEqual(["the upstream has stopped answering"]);
  });

  it("never, as long as a quiet upstream answers", () => {
    const connection = open();
    for (let minute = 0; minute < 20; minute += 1) {
      connection.check();
      if (line.sent.at(-1)?.[1] === "alive" && line.sent.at(-1)?.[0] === "REQ") line.say("EOSE", "alive");
    }
    expect(ended).toEqual([]);
    expect(line.sent.filter(([verb]) => verb === "CLOSE").length).toBeGreaterThan(5);
  });

  it("if the upstream cannot be written to", () => {
    line = liveSocket();
    const connection = new LiveConnection(
      { ...line.socket, send: () => expect.fail("not open") },
      {
        filters: [{}],
        recent,
        take: () => undefined,
        pass: () => undefined,
        ended: (reason) => void ended.push(reason),
        wasted: () => undefined,
        now: () => now,
        metrics,
        tracer: noTracer,
      },
    );
    connection.begin();
    expect(ended).toEqual(["the connection ended: not open"]);
  });
});

describe("a flood", () => {
  const event = signedEvent();

  it.each<[string, () => void]>([
    ["of long frames", () => line.sayText("x".repeat(1_200_000))],
    ["of short ones", () => line.sayText("{}")],
    ["of binary ones", () => line.sayText(new ArrayBuffer(10))],
    ["of nested ones", () => line.sayText("[".repeat(100_000))],
    ["of events that nobody asked for", () => line.say("EVENT", "x", event)],
    ["of the same event", () => line.say("EVENT", "live-1", event)],
  ])("%s ends the connection", (_, send) => {
    open();
    for (let n = 0; n < 20_002; n += 1) send();
    expect(ended).toEqual(["the upstream floods: too much that nobody asked for"]);
  });

  it("of events that are refused here ends the connection", () => {
    const connection = open();
    for (let n = 0; n < 20_002; n += 1) connection.refused();
    expect(ended).toHaveLength(1);
  });

  it("is one only within a minute", () => {
    open();
    for (let n = 0; n < 50_000; n += 1) {
      if (n % 10_000 === 0) now += 60;
      line.sayText("{}");
    }
    expect(ended).toEqual([]);
    expect(waste).toBe(50_000);
  });
});
