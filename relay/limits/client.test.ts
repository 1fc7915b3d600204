import { expect, it } from "vitest";
import { networkOf, bucketsOf } from "./client.ts";

it.each([
  ["203.0.113.7", "203.0.113.7"],
  ["::ffff:203.0.113.7", "203.0.113.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:DB8:1:2::9", "2001:db8:1:2::/64"],
  ["2001:0db8:0001:0002:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"],
  ["2001:db8::", "2001:db8::/64"],
  ["::2", "::/64"],
  ["0:0:0:0:0:ffff:203.0.113.7", "203.0.113.7"],
  ["::ffff:cb00:7107", "203.0.113.7"],
  ["2001:db8:1:2:3:4:1.2.3.4", "2001:db8:1:2::/64"],
])("%s pays as %s", (ip, network) => {
  expect(networkOf(ip)).toBe(network);
});

it.each([
  "",
  "127.0.0.1",
  "127.8.9.1",
  "::ffff:127.0.0.1",
  "0:0:0:0:0:ffff:127.0.0.1",
  "::1",
  "0:0:0:0:0:0:0:1",
])("%j pays nothing", (ip) => {
  expect(networkOf(ip)).toBeUndefined();
});

it.each([
  "999.1.1.1",
  "localhost",
  "1::2::3",
  "1:2:3",
  "fe80::1%eth0",
  "203.0.113.0/24",
  "127.0.0.1/8",
  "01.2.3.4",
  " ",
])("%j is not an address, and pays from the bucket that all such texts share", (ip) => {
  expect(networkOf(ip)).toBe("unreadable");
});

it("an address has the same network when it is asked for again, also after many others", () => {
  const addresses = Array.from({ length: 2500 }, (_, n) => `10.1.${n >> 8}.${n & 255}`);
  for (const ip of [...addresses, ...addresses]) expect(networkOf(ip)).toBe(ip);
  for (const text of ["1".repeat(1000), "1".repeat(1000)]) expect(networkOf(text)).toBe("unreadable");
});

it("keys pay together with the address that they are used from, and not on the relay's own machine", () => {
  expect([...bucketsOf({ network: "203.0.113.7", keys: ["k", "l", "k"] })]).toEqual([
    "203.0.113.7",
    "k",
    "l",
  ]);
  expect([...bucketsOf({ network: undefined, keys: ["k"] })]).toEqual([]);
});
