import { expect, it } from "vitest";
import { maskQueries } from "./mask-queries.ts";

it.each([
  ["wss://relay.example/?token=hunter2", "wss://relay.example/?…"],
  ["wss://relay.example?token=hunter2", "wss://relay.example?…"],
  ["the pull of wss://a.example/x?k=1&l=2 failed: no", "the pull of wss://a.example/x?… failed: no"],
  ["HTTPS://A.example/?k#l, and https://b.example/?m", "HTTPS://A.example/?… and https://b.example/?…"],
  ["\"ws://[::1]:8080/?secret\" and 'ws://b/?other'", "\"ws://[::1]:8080/?…\" and 'ws://b/?…'"],
  ["wss://relay.example/path is it running? yes", "wss://relay.example/path is it running? yes"],
  ["nothing", "nothing"],
])("%s is shown as %s", (text, shown) => {
  expect(maskQueries(text)).toBe(shown);
});
