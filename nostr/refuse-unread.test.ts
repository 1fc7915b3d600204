import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isLettingGo, refuseUnread } from "./refuse-unread.ts";

const ID = "ab".repeat(32);

function answerTo(frame: string): unknown {
  return JSON.parse(refuseUnread(frame, "invalid", "too long").answer);
}

describe("[17] [18] a frame that is refused unread is answered like one that was read", () => {
  it.each([
    ["an event", ["EVENT", { id: ID, content: "x" }], ["OK", ID, false, "invalid: too long"]],
    [
      "an event with its id at the end",
      ["EVENT", { content: "x".repeat(300_000), id: ID }],
      ["OK", ID, false, "invalid: too long"],
    ],
    ["an AUTH", ["AUTH", { kind: 22_242, id: ID }], ["OK", ID, false, "invalid: too long"]],
    [
      "an event that quotes another",
      ["EVENT", { content: `{"id":"${"cd".repeat(32)}"}`, id: ID }],
      ["OK", ID, false, "invalid: too long"],
    ],
    ["an event without an id", ["EVENT", { content: "x" }], ["NOTICE", expect.stringContaining("EVENT")]],
    [
      "an event with a wrong id",
      ["EVENT", { id: "0xAB", kind: 1 }],
      ["OK", "0xAB", false, "invalid: too long"],
    ],
    ["a CLOSE", ["CLOSE", "c", "x"], ["CLOSED", "c", "invalid: too long"]],
    ["a NEG-CLOSE", ["NEG-CLOSE", "n"], ["NEG-ERR", "n", "invalid: too long"]],
    ["a REQ", ["REQ", 'a "b" \\', {}], ["CLOSED", 'a "b" \\', "invalid: too long"]],
    ["a COUNT", ["COUNT", "é", {}], ["CLOSED", "é", "invalid: too long"]],
    ["a NEG-OPEN", ["NEG-OPEN", "n", {}, "61"], ["NEG-ERR", "n", "invalid: too long"]],
    [
      "a REQ with an unusable id",
      ["REQ", "x".repeat(256), {}],
      ["CLOSED", "x".repeat(256), "invalid: too long"],
    ],
    [
      "a REQ with an escaped id",
      ["REQ", "\ud800".repeat(256)],
      ["CLOSED", "\ud800".repeat(256), "invalid: too long"],
    ],
    ["a REQ with a long id", ["REQ", "x".repeat(257), {}], ["NOTICE", expect.stringContaining("REQ")]],
    ["a REQ without an id", ["REQ", {}], ["NOTICE", expect.stringContaining("REQ")]],
    ["another verb", ["WHAT", "s"], ["NOTICE", expect.stringContaining("WHAT")]],
  ])("%s", (_what, message, answer) => {
    expect(answerTo(JSON.stringify(message))).toEqual(answer);
    expect(answerTo(JSON.stringify(message, undefined, 2))).toEqual(answer);
  });

  it.each(["", "[", '["REQ","', '["REQ","\\', '["REQ","\\u12"', '["EVENT",{"id":"', "\u0000"])(
    "%j gets a NOTICE that quotes it",
    (frame) => {
      const quote = frame.replace("\u0000", "");
      expect(answerTo(frame)).toEqual([
        "NOTICE",
        `invalid: too long${quote === "" ? "" : `: ${JSON.stringify(quote)}`}`,
      ]);
    },
  );
});

it("[10] [36] only a refused REQ ends the subscription of its id, and a refused NEG message its reconciliation", () => {
  const ended = (verb: string) => {
    const { answer: _, ok: __, ...ends } = refuseUnread(`["${verb}","s",{}]`, "invalid", "no");
    return ends;
  };
  expect(["REQ", "CLOSE", "COUNT", "NEG-OPEN", "EVENT"].map(ended)).toEqual([
    { subscription: "s" },
    { subscription: "s" },
    {},
    { reconciliation: "s" },
    {},
  ]);
});

it("names the event's own id, whatever its strings say", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constant(`,"id":"${"cd".repeat(32)}"`),
    fc.constant(`\\",{"id":"${"cd".repeat(32)}"}`),
  );
  const event = fc.record({
    tags: fc.array(fc.array(text, { maxLength: 3 }), { maxLength: 3 }),
    content: text,
    sig: text,
  });
  fc.assert(
    fc.property(event, fc.boolean(), (fields, isFirst) => {
      const message = ["EVENT", isFirst ? { id: ID, ...fields } : { ...fields, id: ID }];
      expect(answerTo(JSON.stringify(message))).toEqual(["OK", ID, false, "invalid: too long"]);
    }),
  );
});

it.each([
  ['["CLOSE","s"]', true],
  [' [ "NEG-CLOSE" , "s"]', true],
  ['["REQ","CLOSE",{}]', false],
  ["CLOSE", false],
])("%s lets go: %s", (frame, is) => {
  expect(isLettingGo(frame)).toBe(is);
});

it("takes a time that is linear in the frame", () => {
  const frame = `["EVENT",${"{ ".repeat(2_000_000)}${" ".repeat(4_000_000)}`;
  const start = performance.now();
  answerTo(frame);
  expect(performance.now() - start).toBeLessThan(1000);
});
