import { expect, it } from "vitest";
import { createReport, type LogLine, Notice } from "./log.ts";

const START = 1_800_000_000_000;

function openLog(traceId?: () => string | undefined) {
  let time = START;
  const lines: LogLine[] = [];
  const report = createReport({
    write: (line) => void lines.push(line),
    now: () => time,
    ...(traceId && { traceId }),
  });
  return { lines, report, sleep: (milliseconds: number) => void (time += milliseconds) };
}

it("a notice is a line with its fields, and with what to do", () => {
  const { lines, report } = openLog(() => "a".repeat(32));
  report(new Notice("the pull failed", { todo: "look", fields: { upstream: "wss://a", failures: 2 } }));
  expect(lines).toEqual([
    {
      level: "warn",
      message: "the pull failed",
      todo: "look",
      upstream: "wss://a",
      failures: 2,
      trace: "a".repeat(32),
    },
  ]);
});

it("an error is a line with its type and its stack; a text is a warning; anything else is shown as text", () => {
  const { lines, report } = openLog();
  report(new TypeError("it is not a number"));
  report("dry run");
  report(undefined);
  expect(lines).toMatchObject([
    {
      level: "error",
      message: "it is not a number",
      error: "TypeError",
      stack: expect.stringContaining("log.test.ts"),
    },
    { level: "warn", message: "dry run" },
    { level: "warn", message: "undefined" },
  ]);
});

it("no address is shown with its query, in no field", () => {
  const { lines, report } = openLog();
  const url = "wss://relay.example/?token=hunter2";
  report(new Error(`${url} answered 403`));
  report(`no lists from ${url}`);
  report(new Notice(`the pull of ${url} failed`, { fields: { upstream: url } }));
  expect(lines).toHaveLength(3);
  expect(JSON.stringify(lines)).not.toContain("hunter2");
});

it("what differs only in numbers and ids is written five times a minute, and then counted", () => {
  const { lines, report, sleep } = openLog();
  for (let at = 0; at < 1000; at += 1) report(`event ${at.toString(16).padStart(64, "0")} failed, try ${at}`);
  report("something else");
  expect(lines).toHaveLength(6);
  sleep(60_000);
  report("event 1 failed, try 5");
  expect(lines.slice(6).map(({ message }) => message)).toEqual([
    expect.stringMatching(/^995 more like: event 0{64} failed, try 0$/),
    "event 1 failed, try 5",
  ]);
});

it("no more than a hundred lines a minute are written, whatever they say", () => {
  const { lines, report, sleep } = openLog();
  const word = (at: number) => Array.from(String(at), (digit) => "abcdefghij"[Number(digit)]).join("");
  for (let at = 0; at < 300; at += 1) report(`problem ${word(at)}`);
  expect(lines).toHaveLength(100);
  sleep(60_000);
  report("still there");
  expect(lines.slice(100).map(({ message }) => message)).toEqual([
    "200 other lines of a minute were left out",
    "still there",
  ]);
});

it("long messages are cut", () => {
  const { lines, report } = openLog();
  report("x".repeat(1_000_000));
  expect(lines[0]?.message).toBe(`${"x".repeat(2000)}…`);
});
