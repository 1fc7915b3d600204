import * as fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import {
  closedFrame,
  eoseFrame,
  eventFrame,
  MAX_SUBSCRIPTION_ID,
  noticeFrame,
  okFrame,
  parseMessage,
} from "./message.ts";
import { refuseUnread } from "./refuse-unread.ts";

const parse = (...message: unknown[]) => parseMessage(JSON.stringify(message));
/** Returns the answer to a message that is refused. */
function answerTo(frame: string): unknown[] {
  const parsed = parseMessage(frame);
  if (parsed.ok) throw new Error(`${frame} was taken`);
  return JSON.parse(parsed.answer) as unknown[];
}

const UNUSABLE = "a subscription id must be a string of 1 to 64 characters";

describe("[9] subscription ids", () => {
  it.each(["x", "y".repeat(MAX_SUBSCRIPTION_ID), '日本 "\\\n', " ", "😀".repeat(40), "😀".repeat(64)])(
    "%j is one",
    (subscription) => {
      expect(parse("REQ", subscription, {})).toMatchObject({ ok: true, message: { subscription } });
      expect(parse("CLOSE", subscription)).toEqual({ ok: true, message: { verb: "CLOSE", subscription } });
    },
  );

  const VERBS = [
    ["REQ", "CLOSED"],
    ["COUNT", "CLOSED"],
    ["CLOSE", "CLOSED"],
    ["NEG-OPEN", "NEG-ERR"],
    ["NEG-MSG", "NEG-ERR"],
    ["NEG-CLOSE", "NEG-ERR"],
  ] as const;

  it.each(["", "y".repeat(65), "😀".repeat(65), "y".repeat(256), "😀".repeat(256), "\ud800", "a\udfffb"])(
    "%j is none, and the answer names it",
    (id) => {
      for (const [verb, answer] of VERBS) {
        const frame = JSON.stringify([verb, id, {}, "61"]);
        expect(answerTo(frame)).toEqual([
          answer,
          id,
          expect.stringMatching(/^invalid: .*1 to 64 characters/),
        ]);
        expect(answerTo(frame)).toEqual(JSON.parse(refuseUnread(frame, "invalid", UNUSABLE).answer));
      }
    },
  );

  it.each(["y".repeat(257), "😀".repeat(257), 7, null, ["x"], { id: "x" }])(
    "%j is none, and the NOTICE quotes how the message begins",
    (id) => {
      for (const [verb] of VERBS) {
        const frame = JSON.stringify([verb, id, {}]);
        const [notice, text] = answerTo(frame);
        expect(notice).toBe("NOTICE");
        expect(text).toBe(`invalid: ${UNUSABLE}: ${JSON.stringify(Array.from(frame).slice(0, 40).join(""))}`);
      }
    },
  );

  it("is not there at all: NOTICE", () => {
    expect(answerTo('["REQ"]')[0]).toBe("NOTICE");
    expect(answerTo('["CLOSE"]')[0]).toBe("NOTICE");
  });
});

describe("[36] reconciliations", () => {
  it("are parsed: the filter, and the message in binary", () => {
    expect(parse("NEG-OPEN", "n", { kinds: [1] }, "61000002AB")).toEqual({
      ok: true,
      message: {
        verb: "NEG-OPEN",
        subscription: "n",
        filter: { kinds: [1], tags: [] },
        query: Uint8Array.of(0x61, 0, 0, 2, 0xab),
      },
    });
    expect(parse("NEG-MSG", "n", "61")).toEqual({
      ok: true,
      message: { verb: "NEG-MSG", subscription: "n", query: Uint8Array.of(0x61) },
    });
    expect(parse("NEG-CLOSE", "n")).toEqual({ ok: true, message: { verb: "NEG-CLOSE", subscription: "n" } });
  });

  it.each([
    [["NEG-OPEN", "n"], "invalid"],
    [["NEG-OPEN", "n", {}], "invalid"],
    [["NEG-OPEN", "n", {}, 61], "invalid"],
    [["NEG-OPEN", "n", {}, "6"], "invalid"],
    [["NEG-OPEN", "n", {}, "6g"], "invalid"],
    [["NEG-OPEN", "n", {}, {}, "61"], "invalid"],
    [["NEG-OPEN", "n", [{}], "61"], "invalid"],
    [["NEG-OPEN", "n", { ids: ["ab"] }, "61"], "invalid"],
    [["NEG-OPEN", "n", { "#emoji": ["x"] }, "61"], "unsupported"],
    [["NEG-MSG", "n"], "invalid"],
    [["NEG-MSG", "n", "0x61"], "invalid"],
  ])("%j ends it with NEG-ERR %s", (message, prefix) => {
    expect(parse(...message)).toMatchObject({ ok: false, reconciliation: "n" });
    const [verb, subscription, text] = answerTo(JSON.stringify(message));
    expect([verb, subscription]).toEqual(["NEG-ERR", "n"]);
    expect(text).toMatch(new RegExp(`^${prefix}: .+`));
  });

  it.each(["NEG-OPEN", "NEG-MSG", "NEG-CLOSE"])(
    "%s without an id can only be answered with NOTICE",
    (verb) => {
      expect(answerTo(JSON.stringify([verb]))[0]).toBe("NOTICE");
    },
  );
});

describe("[17] a REQ that is refused is CLOSED, with a prefix", () => {
  it.each([
    [["REQ", "s"], "invalid"],
    [["REQ", "s", "x"], "invalid"],
    [["REQ", "s", {}, null], "invalid"],
    [["REQ", "s", {}, { ids: ["ab"] }], "invalid"],
    [["REQ", "s", { sorted: "x" }], "unsupported"],
    [["REQ", "s", { "#emoji": ["x"] }], "unsupported"],
  ])("%j: %s", (message, prefix) => {
    const parsed = parse(...message);
    expect(parsed).toMatchObject({ ok: false, subscription: "s" });
    const [verb, subscription, text] = answerTo(JSON.stringify(message));
    expect([verb, subscription]).toEqual(["CLOSED", "s"]);
    expect(text).toMatch(new RegExp(`^${prefix}: .+`));
  });
});

it("[11] a REQ has all its filters, in order", () => {
  expect(parse("REQ", "s", { kinds: [1] }, {}, { limit: 1 })).toEqual({
    ok: true,
    message: {
      verb: "REQ",
      subscription: "s",
      filters: [{ kinds: [1], tags: [] }, { tags: [] }, { limit: 1, tags: [] }],
    },
  });
});

it("[18] an EVENT is handed on whatever it holds, so that its OK can name it", () => {
  for (const event of [{ id: "x" }, 7, null]) {
    expect(parse("EVENT", event)).toEqual({ ok: true, message: { verb: "EVENT", event } });
  }
  expect(parse("EVENT")).toEqual({ ok: true, message: { verb: "EVENT", event: undefined } });
});

describe("[17] what is no message is answered with NOTICE", () => {
  it.each([
    "",
    "x",
    "{}",
    "[",
    "null",
    '"REQ"',
    "[]",
    "[[]]",
    '["req","s",{}]',
    '["HELLO"]',
    "[7]",
    "[null]",
  ])("%s", (frame) => {
    const [verb, text, ...rest] = answerTo(frame);
    expect(verb).toBe("NOTICE");
    expect(text).toMatch(/^(invalid|unsupported): .+/);
    expect(rest).toEqual([]);
  });

  it.each([
    ["hello\u0000\u001b[31m \u202eworld\n", '"hello[31m world"'],
    ["日".repeat(100), `"${"日".repeat(40)}"`],
    ["😀".repeat(100), `"${"😀".repeat(40)}"`],
    [`{"kinds":[1]}`, '"{\\"kinds\\":[1]}"'],
    ["[7]", '"[7]"'],
  ])("%j, which it quotes: 40 characters, printable ones only", (frame, quote) => {
    const [, text] = answerTo(frame);
    expect(String(text).endsWith(`: ${quote}`), String(text)).toBe(true);
  });

  it("and a long unknown verb is not repeated in full", () => {
    expect(String(answerTo(JSON.stringify(["x".repeat(100_000)]))[1]).length).toBeLessThan(100);
  });

  it("never throws, and always answers with a frame", () => {
    const frame = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.json(),
      fc.array(fc.jsonValue()).map((v) => JSON.stringify(["REQ", ...v])),
    );
    fc.assert(
      fc.property(frame, (text) => {
        const parsed = parseMessage(text);
        const answer: unknown = parsed.ok ? [] : JSON.parse(parsed.answer);
        expect(answer).toBeInstanceOf(Array);
      }),
    );
  });
});

describe("frames to the client", () => {
  const strange = '"s\\ \n 日本';
  it("[17] EVENT carries the stored text as it is", () => {
    expect(JSON.parse(eventFrame(strange, '{"id":"x"}'))).toEqual(["EVENT", strange, { id: "x" }]);
  });

  it("[19] EOSE says whether there is more", () => {
    expect(JSON.parse(eoseFrame(strange, "more"))).toEqual(["EOSE", strange, ["more"]]);
    expect(JSON.parse(eoseFrame("s", "finish"))).toEqual(["EOSE", "s", ["finish"]]);
  });

  it("[18] OK always has four elements", () => {
    expect(JSON.parse(okFrame("id", true, ""))).toEqual(["OK", "id", true, ""]);
    expect(JSON.parse(okFrame("", false, "invalid: x"))).toEqual(["OK", "", false, "invalid: x"]);
  });

  it("[17] CLOSED and NOTICE", () => {
    expect(JSON.parse(closedFrame(strange, "error", "why"))).toEqual(["CLOSED", strange, "error: why"]);
    expect(JSON.parse(noticeFrame(strange))).toEqual(["NOTICE", strange]);
  });
});

it.each(["REQ", "COUNT"])("[9] %s with thousands of filters is refused before they are read", (verb) => {
  const normalize = vi.spyOn(String.prototype, "normalize");
  const filters = Array.from({ length: 15_000 }, () => ({ search: "a b c" }));
  const parsed = parseMessage(JSON.stringify([verb, "s", ...filters]));
  expect(parsed).toMatchObject({
    ok: false,
    answer: JSON.stringify(["CLOSED", "s", "error: 15000 filters are too many; at most 1000 are allowed"]),
  });
  expect(normalize).not.toHaveBeenCalled();
  normalize.mockRestore();
});
