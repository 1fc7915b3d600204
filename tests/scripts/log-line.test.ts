/** The log of `npm start`, as a person reads it. */
import { expect, it } from "vitest";
import { readableLine } from "../../scripts/local/log-line.ts";

const TIME = "2027-01-15T08:00:01.234Z";

it.each([
  [{ level: "warn", message: "it fills up" }, "08:00:01 it fills up"],
  [
    { level: "warn", message: "it fills up", todo: "make room", percent: 81 },
    "08:00:01 it fills up\n         make room",
  ],
  [
    { level: "error", message: "no", error: "TypeError", stack: "TypeError: no\n    at main.ts:1" },
    "08:00:01 error: TypeError: no\n    at main.ts:1",
  ],
])("%j", (line, readable) => {
  expect(readableLine(JSON.stringify({ time: TIME, ...line }))).toBe(readable);
});

it.each(["workerd says something", '{"time":', '{"time":1}', "[]", ""])(
  "%j is not from the Workers' log, and stays as it is",
  (text) => {
    expect(readableLine(text)).toBe(text);
  },
);
