import { expect, it } from "vitest";
import { parseHeaders } from "./header-list.ts";

it.each([
  ["x-key=abc", { "x-key": "abc" }],
  [
    "x-key=abc, x-team = my%20relays,authorization=Basic%20YTpi%3D%3D",
    { "x-key": "abc", "x-team": "my relays", authorization: "Basic YTpi==" },
  ],
  ["x-key=a=b", { "x-key": "a=b" }],
])("%s are headers", (text, headers) => {
  expect(parseHeaders(text)).toEqual(headers);
});

it.each([
  "",
  "x-key",
  "x-key=",
  "=abc",
  "x key=abc",
  "x-key=a%0d%0ab",
  "x-key=%",
  "x-key=ü",
  "x-key=abc,",
  `x-key=${"a".repeat(5000)}`,
])("%j are no headers", (text) => {
  expect(parseHeaders(text)).toBeUndefined();
});
