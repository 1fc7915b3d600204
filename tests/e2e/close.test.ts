/** However a client closes, and whatever the hub is doing, the relay answers with a Close frame (RFC 6455, 5.5.1). */
import { setTimeout as pause } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { SERVED_BY } from "../fixtures/relay-program.ts";
import { connect, publishAll, someEvents } from "./client.ts";
import { freePort } from "../../scripts/bench/relays/free-port.ts";
import { startRelay, temporaryFolder } from "./programs.ts";
import { closeCodeOf, closePayload, openRawSocket, OPCODE, verbOf } from "./raw-socket.ts";

/**
 * The code of the client's Close frame, and those of which each is right in the answer: RFC 6455 says that it typically repeats the
 * code (5.5.1). 1005 stands for none (7.4.1).
 */
const CODES = [
  { sent: 1000, answered: [1000] },
  { sent: 3000, answered: [3000] },
  { sent: 4999, answered: [4999] },
  { sent: undefined, answered: [1000, 1005] },
];

/** Codes that client libraries do not send. Those that no frame may have are closed in the usual way, or are a protocol error (1002). */
const UNUSUAL_CODES = [
  { sent: 1001, answered: [1001] },
  { sent: 1005, answered: [1000, 1002] },
  { sent: 1006, answered: [1000, 1002] },
  { sent: 1015, answered: [1000, 1002] },
  { sent: 2999, answered: [2999, 1002] },
  { sent: 999, answered: [1000, 1002] },
  { sent: 5000, answered: [1000, 1002] },
];

/** Libraries give up after ten seconds. An idle machine answers in a few milliseconds. */
const MOST_MILLISECONDS = 2000;
/** workerd takes a hub out of memory ten seconds after its last message. */
const SLEEP_MILLISECONDS = 12_000;

type Moment = "awake" | "asleep" | "in an answer";
/** Only Workers take a hub out of memory. */
const SLEEPS = SERVED_BY === undefined;
const MOMENTS: Moment[] = ["awake", ...(SLEEPS ? (["asleep"] as const) : []), "in an answer"];
const ROUNDS = SLEEPS ? 4 : 6;

interface Closing {
  way: string;
  expected: number[];
  got: number;
  milliseconds: number;
}

/** A connection. `close` resolves when the answer has come. */
interface Closer {
  moment: Moment;
  ask(): Promise<void>;
  close(): Promise<Closing>;
}

it("100 clients close in every way, and each gets its Close frame back with the right code", async () => {
  const port = await freePort();
  const relay = await startRelay(port, temporaryFolder());
  await publishAll(await connect(relay.url), someEvents(300, "stored"));
  const hub = await witness(relay.url);
  const closers: Closer[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const moment of MOMENTS) {
      for (const code of CODES) {
        closers.push(await libraryCloser(relay.url, moment, code), await rawCloser(port, moment, code));
      }
    }
  }
  for (const code of UNUSUAL_CODES) closers.push(await rawCloser(port, "awake", code));
  expect(closers.length).toBeGreaterThanOrEqual(100);

  const closings: Closing[] = [];
  for (const closer of closers.filter(({ moment }) => moment === "awake")) {
    closings.push(await closer.close());
  }
  let hasSlept = false;
  if (SLEEPS) {
    const asleep = closers.filter(({ moment }) => moment === "asleep");
    await hub.open();
    await pause(SLEEP_MILLISECONDS);
    // All at once: the first wakes the hub, which does not know the others yet.
    closings.push(...(await Promise.all(asleep.map(({ close }) => close()))));
    hasSlept = await hub.hasSlept();
  }
  expect(hasSlept).toBe(SLEEPS);
  for (const closer of closers.filter(({ moment }) => moment === "in an answer")) {
    await closer.ask();
    closings.push(await closer.close());
  }

  const milliseconds = closings.map((closing) => closing.milliseconds).toSorted((a, b) => a - b);
  console.log(
    `${closings.length} Close frames answered: median ${milliseconds[closings.length >> 1]} ms, slowest ${milliseconds.at(-1)} ms, ${milliseconds.filter((each) => each > 200).length} over 200 ms`,
  );
  expect(closings).toHaveLength(closers.length);
  for (const closing of closings) {
    expect(closing.expected, closing.way).toContain(closing.got);
    expect(closing.milliseconds, closing.way).toBeLessThan(MOST_MILLISECONDS);
  }
});

it("a client whose frames break the protocol is not left waiting either", async () => {
  const port = await freePort();
  await startRelay(port, temporaryFolder());
  const socket = await openRawSocket(port);
  onTestFinished(() => socket.destroy());
  const RESERVED_OPCODE = 5;
  socket.send(RESERVED_OPCODE, Buffer.alloc(0));
  const closed = socket.receives(({ opcode }) => opcode === OPCODE.close);
  // An endpoint should send a Close frame (RFC 6455, 7.1.7). Deno does not, it ends the connection.
  const code = await closed.then(closeCodeOf, (error: Error) => error.message);
  expect(String(code)).toMatch(SERVED_BY === "deno" ? /^the connection ended/ : /^1002$/);
});

/**
 * Opens a connection that can detect whether its hub was taken out of memory: a reconciliation is only held there.
 */
async function witness(url: string): Promise<{ open(): Promise<void>; hasSlept(): Promise<boolean> }> {
  const socket = await opened(url);
  const answer = () =>
    new Promise<unknown[]>((resolve) => {
      socket.on("message", (data) => {
        const frame = JSON.parse((data as Buffer).toString()) as unknown[];
        if (String(frame[0]).startsWith("NEG-")) resolve(frame);
      });
    });
  return {
    async open() {
      const answered = answer();
      socket.send(JSON.stringify(["NEG-OPEN", "sleep", { limit: 1 }, "6100000200"]));
      expect((await answered)[0]).toBe("NEG-MSG");
    },
    async hasSlept() {
      const answered = answer();
      socket.send(JSON.stringify(["NEG-MSG", "sleep", "6100000200"]));
      const [verb, , reason] = await answered;
      return verb === "NEG-ERR" && String(reason).startsWith("closed:");
    },
  };
}

/** Closes through the package `ws`. */
async function libraryCloser(url: string, moment: Moment, code: (typeof CODES)[number]): Promise<Closer> {
  const socket = await opened(url);
  return {
    moment,
    ask: () =>
      new Promise((resolve) => {
        socket.on("message", (data) => {
          if ((data as Buffer).toString().startsWith('["EVENT"')) resolve();
        });
        socket.send(JSON.stringify(["REQ", "all", {}]));
      }),
    close: () =>
      new Promise((resolve) => {
        const began = performance.now();
        socket.on("close", (got: number) => {
          const way = `ws, ${code.sent}, ${moment}`;
          resolve({ way, expected: code.answered, got, milliseconds: Math.round(performance.now() - began) });
        });
        if (code.sent === undefined) socket.close();
        else socket.close(code.sent, "bye");
      }),
  };
}

/** Closes through plain TCP. */
async function rawCloser(port: number, moment: Moment, code: (typeof CODES)[number]): Promise<Closer> {
  const socket = await openRawSocket(port);
  onTestFinished(() => socket.destroy());
  return {
    moment,
    async ask() {
      socket.say("REQ", "all", {});
      await socket.receives((frame) => verbOf(frame) === "EVENT");
    },
    async close() {
      const began = performance.now();
      socket.send(OPCODE.close, closePayload(code.sent, "bye"));
      const got = closeCodeOf(await socket.receives(({ opcode }) => opcode === OPCODE.close));
      const way = `TCP, ${code.sent}, ${moment}`;
      return { way, expected: code.answered, got, milliseconds: Math.round(performance.now() - began) };
    },
  };
}

function opened(url: string): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    onTestFinished(() => socket.terminate());
    socket.once("open", () => resolve(socket));
    socket.once("error", reject);
  });
}
