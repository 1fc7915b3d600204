import { expect, it } from "vitest";
import { networkOf, payersOf } from "./payer.ts";

it.each([
  ["203.0.113.7", "203.0.113.7"],
  ["::ffff:203.0.113.7", "203.0.113.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:DB8:1:2::9", "2001:db8:1:2::/64"],
  ["2001:0db8:0001:0002:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"],
  ["2001:db8::", "2001:db8:0:0::/64"],
  ["::2", "0:0:0:0::/64"],
])("%s pays as %s", (ip, network) => {
  expect(networkOf(ip)).toBe(network);
});

it.each([
  "",
  "127.0.0.1",
  "127.8.9.1",
  "::ffff:127.0.0.1",
  "::1",
  "0:0:0:0:0:0:0:1",
  "localhost",
  "1::2::3",
  "1:2:3",
])("%j pays nothing", (ip) => {
  expect(networkOf(ip)).toBeUndefined();
});

it("keys pay together with the address that they are used from, and not on the relay's own machine", () => {
  expect([...payersOf({ network: "203.0.113.7", keys: ["k", "l", "k"] })]).toEqual(["203.0.113.7", "k", "l"]);
  expect([...payersOf({ network: undefined, keys: ["k"] })]).toEqual([]);
});
