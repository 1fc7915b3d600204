import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { describe, expect, it } from "vitest";
import {
  compareBytes,
  FINGERPRINT_BYTES,
  START,
  WireReader,
  WireWriter,
} from "../../nostr/negentropy-wire.ts";
import { compareSegments, type ComparisonDeps } from "./comparison.ts";
import type { Segment } from "./slices.ts";
import type { SyncAnswer } from "../conversation/sync-message.ts";
import type { Sync } from "../conversation/upstream.ts";

const HOLE: Segment = { since: 1000, until: 900_000 };
const SLICE = { since: 900_000, until: 950_000, held: 3, here: 3, sum: "07".repeat(32) };
const KNOWN: Segment = { since: SLICE.since, until: SLICE.until, slice: SLICE };
const FINGERPRINT = new Uint8Array(FINGERPRINT_BYTES).fill(5);

interface Asked {
  lower: Uint8Array;
  upper: Uint8Array;
}

/** Compares with an upstream that answers each message with what `answer` returns. */
async function compare(answer: (message: string, count: number) => SyncAnswer["ending"], segments = [HOLE]) {
  const listed: string[] = [];
  const finished: number[] = [];
  const forgotten: Segment[] = [];
  let messages = 0;
  const sync: Sync = {
    async send(message) {
      messages += 1;
      return { ending: answer(message, messages) };
    },
    close: () => undefined,
  };
  const deps: ComparisonDeps = {
    async take(ids) {
      listed.push(...ids);
      return { here: new Set(), queued: new Set() };
    },
    forget: (segment) => void forgotten.push(segment),
    finish: ({ held }) => void finished.push(held),
    isOver: () => messages >= 10_000,
    now: () => 2_000_000,
  };
  const end = await compareSegments(sync, segments, deps);
  return { end, listed, finished, forgotten, messages };
}

/** Returns the ranges that a message asks about. */
function askedIn(message: string): Asked[] {
  const reader = new WireReader(hexToBytes(message));
  reader.byte();
  const asked: Asked[] = [];
  let lower: Uint8Array = START;
  while (!reader.isAtEnd) {
    const range = reader.range()!;
    if (range.kind === "fingerprint") asked.push({ lower, upper: range.bound });
    lower = range.bound;
  }
  return asked;
}

/** Writes an answer to each asked range. */
function answerEach(
  message: string,
  write: (writer: WireWriter, asked: Asked) => void,
): SyncAnswer["ending"] {
  const writer = new WireWriter();
  let end: Uint8Array = START;
  for (const asked of askedIn(message)) {
    if (compareBytes(asked.lower, end) > 0) writer.skip(asked.lower);
    write(writer, asked);
    end = asked.upper;
  }
  return { how: "message", message: bytesToHex(writer.done()) };
}

/** Returns a bound that is between two others, even within a second. */
function between({ lower, upper }: Asked): Uint8Array {
  const middle = lower.slice();
  for (let at = 0; at < middle.length; at += 1) {
    const room = (upper[at] ?? 0) - (lower[at] ?? 0);
    if (room === 0) continue;
    if (room > 1) middle[at] = (lower[at] ?? 0) + Math.floor(room / 2);
    else middle.fill(0x80, at + 1);
    break;
  }
  return middle;
}

describe("[36] a hostile upstream", () => {
  it.each<[what: string, answer: (message: string, count: number) => SyncAnswer["ending"], reason: RegExp]>([
    [
      "that splits each range again and again",
      (message) =>
        answerEach(message, (writer, asked) => {
          writer.fingerprint(between(asked), FINGERPRINT);
          writer.fingerprint(asked.upper, FINGERPRINT);
        }),
      /does not come to an end/,
    ],
    [
      "that splits a range into itself",
      (message) => answerEach(message, (writer, { upper }) => writer.fingerprint(upper, FINGERPRINT)),
      /does not come to an end/,
    ],
    [
      "that answers with a range for everything",
      () => ({ how: "message", message: `61000001${"05".repeat(16)}` }),
      /answers nothing/,
    ],
    ["that is silent about what it was asked", () => ({ how: "message", message: "61" }), /is silent/],
    ["that sends no hex", () => ({ how: "message", message: "6x" }), /in hex/],
    ["that sends half a byte", () => ({ how: "message", message: "610" }), /in hex/],
    ["that speaks another version", () => ({ how: "message", message: "62" }), /speaks version 2/],
    ["that has nothing to say", () => ({ how: "message", message: "" }), /does not start/],
    [
      "that lists ids of all times",
      () => ({ how: "message", message: `6100000201${"ab".repeat(32)}` }),
      /lists ids of more/,
    ],
    [
      "that says less than it announces",
      () => ({ how: "message", message: `61000002ff7f${"ab".repeat(32)}` }),
      /malformed/,
    ],
    ["that has ranges out of order", () => ({ how: "message", message: `618769000187680001` }), /malformed/],
  ])("%s is left soon, and why is told", async (_what, answer, reason) => {
    const { end, listed, finished, messages } = await compare(answer);
    expect(end).toEqual({ how: "failed", reason: expect.stringMatching(reason), isLasting: true });
    expect(messages).toBeLessThan(1000);
    expect([listed, finished]).toEqual([[], []]);
  });

  it("that lists millions of ids is asked no longer than the job may take", async () => {
    let id = 0;
    const { end, messages } = await compare((message) =>
      answerEach(message, (writer, asked) => {
        const middle = between(asked);
        writer.ids(middle, 31);
        for (let n = 0; n < 31; n += 1) {
          const bytes = new Uint8Array(32);
          new DataView(bytes.buffer).setUint32(0, (id += 1));
          writer.put(bytes);
        }
        writer.fingerprint(asked.upper, FINGERPRINT);
      }),
    );
    expect(end).toMatchObject({ how: "failed", reason: expect.stringMatching(/end/) });
    expect(messages).toBeLessThan(100);
  });
});

describe("[36] an upstream that does not compare", () => {
  it.each<[ending: Exclude<SyncAnswer["ending"], { how: "message" }>, end: object]>([
    [
      { how: "unsupported", notice: "bad msg" },
      { how: "failed", reason: "it says: bad msg", isLasting: true },
    ],
    [{ how: "silence" }, { how: "failed", isLasting: true }],
    [
      { how: "closed", reason: "blocked: too many query results", most: 500 },
      { how: "too-many", most: 500 },
    ],
    [{ how: "closed", reason: "blocked: this query is too big" }, { how: "too-many" }],
    [{ how: "closed", reason: "invalid: filter too large" }, { how: "too-many" }],
    [
      { how: "closed", reason: "PROTOCOL-ERROR" },
      { how: "failed", isLasting: true },
    ],
    [
      { how: "closed", reason: "blocked: not on the list" },
      { how: "failed", isLasting: true },
    ],
    [
      { how: "closed", reason: "rate-limited: slow down" },
      { how: "failed", isLasting: false },
    ],
    [
      { how: "closed", reason: "closed: you took too long" },
      { how: "failed", isLasting: false },
    ],
    [
      { how: "closed", reason: "error: database limit reached" },
      { how: "failed", isLasting: false },
    ],
    [
      { how: "disconnected", reason: "1006" },
      { how: "failed", isLasting: false },
    ],
    [
      { how: "auth", reason: "no key" },
      { how: "failed", reason: "no key", isLasting: true },
    ],
    [
      { how: "cut", why: "size" },
      { how: "failed", isLasting: true },
    ],
  ])("and ends with %o", async (ending, expected) => {
    expect((await compare(() => ending)).end).toMatchObject(expected);
  });
});

describe("[36] a slice that is remembered", () => {
  it("is kept if the upstream is silent about it, and forgotten if it lists something", async () => {
    const same = await compare(() => ({ how: "message", message: "61" }), [KNOWN]);
    expect(same).toMatchObject({ end: { how: "done" }, forgotten: [], finished: [] });
    const id = "cd".repeat(32);
    const changed = await compare(
      (message) =>
        answerEach(message, (writer, { upper }) => {
          writer.ids(upper, 1);
          writer.put(hexToBytes(id));
        }),
      [KNOWN],
    );
    expect(changed).toMatchObject({ end: { how: "done" }, forgotten: [KNOWN], finished: [1], listed: [id] });
  });

  it("is listed without a question if it is time to look again", async () => {
    const due = { ...KNOWN, slice: { ...SLICE, again: { at: 1_999_999, tries: 0 } } };
    const { end } = await compare(() => ({ how: "message", message: "61" }), [due]);
    expect(end).toMatchObject({ how: "failed", reason: expect.stringMatching(/silent/) });
  });
});

it("[36] a second that is listed in parts is finished as a whole, in whatever order the parts come", async () => {
  const second: Segment = { since: 50, until: 51 };
  const { end, finished } = await compare(
    (message, count) => {
      const list = (writer: WireWriter, upper: Uint8Array) => {
        writer.ids(upper, 1);
        writer.put(new Uint8Array(32).fill(count));
      };
      return answerEach(message, (writer, asked) => {
        if (count > 1) return list(writer, asked.upper);
        const middle = between(asked);
        writer.fingerprint(between({ lower: asked.lower, upper: middle }), FINGERPRINT);
        list(writer, middle);
        writer.fingerprint(asked.upper, FINGERPRINT);
      });
    },
    [second],
  );
  expect(end).toEqual({ how: "done" });
  expect(finished).toEqual([3]);
});
