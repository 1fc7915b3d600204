/** The connection of a page to its relay, over a socket that the test plays. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type ConnectionState, RelayConnection } from "./relay-connection.ts";

const EVENT = {
  id: "1".repeat(64),
  pubkey: "2".repeat(64),
  created_at: 1_700_000_000,
  kind: 1,
  tags: [],
  content: "hello",
  sig: "3".repeat(128),
};

/** One side of a connection. The test plays the relay. */
class FakeSocket extends EventTarget {
  readyState = 0;
  sent: unknown[][] = [];
  send(text: string): void {
    this.sent.push(JSON.parse(text) as unknown[]);
  }
  close(): void {
    this.drop();
  }
  accept(): void {
    this.readyState = 1;
    this.dispatchEvent(new Event("open"));
  }
  say(...message: unknown[]): void {
    this.sayText(JSON.stringify(message));
  }
  sayText(data: string): void {
    this.dispatchEvent(new MessageEvent("message", { data }));
  }
  drop(): void {
    this.readyState = 3;
    this.dispatchEvent(new Event("close"));
  }
}

let sockets: FakeSocket[] = [];
let states: ConnectionState[] = [];
let notices: string[] = [];
let authentications = 0;

function connect(): RelayConnection {
  return new RelayConnection("ws://relay.example", {
    onState: (state) => states.push(state),
    onNotice: (text) => notices.push(text),
    onAuthenticated: () => void (authentications += 1),
    dial: () => {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket as unknown as WebSocket;
    },
  });
}

function last(): FakeSocket {
  return sockets.at(-1)!;
}

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
  [sockets, states, notices, authentications] = [[], [], [], 0];
});
afterEach(() => {
  vi.useRealTimers();
});

test("a subscription that is made before the connection opens is sent when it does", () => {
  const events: unknown[] = [];
  connect().subscribe([{ kinds: [1] }], { onEvent: (event, size) => events.push([event, size]) });
  expect(last().sent).toEqual([]);
  last().accept();
  expect(last().sent).toEqual([["REQ", "s1", { kinds: [1] }]]);
  last().say("EVENT", "s1", EVENT);
  last().say("EVENT", "s2", EVENT);
  expect(events).toEqual([[EVENT, JSON.stringify(["EVENT", "s1", EVENT]).length]]);
});

test("what is not a message, or not an event, changes nothing", () => {
  const onEvent = vi.fn<() => void>();
  connect().subscribe([{}], { onEvent });
  last().accept();
  for (const text of [
    "",
    "{",
    "null",
    "[]",
    '["EVENT"]',
    '["EVENT","s1"]',
    '["EVENT","s1",{"id":"x"}]',
    '["X","s1"]',
  ])
    last().sayText(text);
  expect(onEvent).not.toHaveBeenCalled();
});

test("a closed subscription gets nothing more", () => {
  const onEvent = vi.fn<() => void>();
  const subscription = connect().subscribe([{}], { onEvent });
  last().accept();
  subscription.close();
  subscription.close();
  last().say("EVENT", "s1", EVENT);
  expect(last().sent.slice(1)).toEqual([["CLOSE", "s1"]]);
  expect(onEvent).not.toHaveBeenCalled();
});

test("after a loss it waits longer each time, comes back with its subscriptions, and begins short again after an answer", () => {
  const onStored = vi.fn<() => void>();
  connect().subscribe([{}], { onEvent() {}, onStored });
  const waits: number[] = [];
  for (let round = 0; round < 10; round += 1) {
    last().accept();
    last().drop();
    const state = states.at(-1)!;
    expect(state.kind).toBe("waiting");
    waits.push(state.kind === "waiting" ? state.until - Date.now() : 0);
    vi.runOnlyPendingTimers();
  }
  for (const [at, wait] of waits.entries()) {
    const most = Math.min(60_000, 1000 * 2 ** at);
    expect(wait).toBeGreaterThanOrEqual(most / 2);
    expect(wait).toBeLessThanOrEqual(most);
  }
  expect(sockets).toHaveLength(11);
  last().accept();
  expect(last().sent).toEqual([["REQ", "s1", {}]]);
  last().say("EOSE", "s1");
  expect(onStored).toHaveBeenCalledOnce();
  last().drop();
  const state = states.at(-1)!;
  expect(state.kind === "waiting" && state.until - Date.now()).toBeLessThanOrEqual(1000);
});

test("a person can try again at once", () => {
  const connection = connect();
  last().drop();
  connection.retry();
  connection.retry();
  expect(sockets).toHaveLength(2);
  expect(states.map(({ kind }) => kind)).toEqual(["connecting", "waiting", "connecting"]);
});

test("a closed connection stays closed", () => {
  const connection = connect();
  last().accept();
  connection.close();
  vi.runAllTimers();
  expect(sockets).toHaveLength(1);
  expect(states.at(-1)).toEqual({ kind: "closed" });
});

test("what the relay says and refuses is told", () => {
  const onClosed = vi.fn<(reason: string) => void>();
  connect().subscribe([{}], { onEvent() {}, onClosed });
  last().accept();
  last().say("NOTICE", "slow down");
  last().say("CLOSED", "s1", "restricted: only members may read");
  expect(notices).toEqual(["slow down"]);
  expect(onClosed).toHaveBeenCalledExactlyOnceWith("restricted: only members may read");
  last().drop();
  vi.runOnlyPendingTimers();
  last().accept();
  expect(last().sent).toEqual([]);
});

test("without a signer, a refusal for want of authentication ends the subscription", () => {
  const onClosed = vi.fn<(reason: string) => void>();
  connect().subscribe([{}], { onEvent() {}, onClosed });
  last().accept();
  last().say("AUTH", "challenge");
  last().say("CLOSED", "s1", "auth-required: only authenticated clients may read");
  expect(onClosed).toHaveBeenCalledOnce();
  expect(last().sent).toHaveLength(1);
});

test("with a signer it authenticates, and asks again for what was refused", async () => {
  const onClosed = vi.fn<(reason: string) => void>();
  const sign = vi.fn<(template: object) => Promise<typeof EVENT>>(async (template) => ({
    ...EVENT,
    ...template,
  }));
  const connection = connect();
  connection.authenticate({ sign });
  connection.subscribe([{}], { onEvent() {}, onClosed });
  last().accept();
  last().say("AUTH", "challenge");
  last().say("CLOSED", "s1", "auth-required: only authenticated clients may read");
  await vi.advanceTimersByTimeAsync(0);
  expect(sign).toHaveBeenCalledExactlyOnceWith({
    kind: 22_242,
    created_at: 0,
    tags: [
      ["relay", "ws://relay.example"],
      ["challenge", "challenge"],
    ],
    content: "",
  });
  expect(last().sent.at(-1)).toMatchObject(["AUTH", { kind: 22_242 }]);
  last().say("OK", EVENT.id, true, "");
  expect(last().sent.at(-1)).toEqual(["REQ", "s1", {}]);
  expect(onClosed).not.toHaveBeenCalled();
});

test.each([
  ["the relay refuses the key", async () => EVENT, "restricted: not a member"],
  ["the signer refuses", () => Promise.reject(new Error("The extension said no.")), "The extension said no."],
])("if %s, the subscription ends and says why", async (_, sign, reason) => {
  const onClosed = vi.fn<(reason: string) => void>();
  const connection = connect();
  connection.authenticate({ sign });
  connection.subscribe([{}], { onEvent() {}, onClosed });
  last().accept();
  last().say("AUTH", "challenge");
  last().say("CLOSED", "s1", "auth-required: only authenticated clients may read");
  await vi.advanceTimersByTimeAsync(0);
  last().say("OK", EVENT.id, false, "restricted: not a member");
  expect(onClosed).toHaveBeenCalledExactlyOnceWith(reason);
});

test("it says when the relay has accepted a signer, and connects again as a stranger without one", async () => {
  const connection = connect();
  const sign = async (template: object) => ({ ...EVENT, ...template });
  connection.subscribe([{}], { onEvent() {} });
  last().accept();
  last().say("AUTH", "challenge");
  expect(connection.authenticate(undefined)).toBe(false);
  expect(connection.authenticate({ sign })).toBe(true);
  await vi.advanceTimersByTimeAsync(0);
  expect(authentications).toBe(0);
  last().say("OK", EVENT.id, true, "");
  expect(authentications).toBe(1);
  const known = last();
  expect(connection.authenticate(undefined)).toBe(true);
  expect([last() === known, known.readyState]).toEqual([false, 3]);
  last().accept();
  last().say("AUTH", "another challenge");
  await vi.advanceTimersByTimeAsync(0);
  expect(last().sent).toEqual([["REQ", "s1", {}]]);
});
