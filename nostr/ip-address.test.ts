import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ipMatcher, normalizeIpRange } from "./ip-address.ts";

it.each([
  ["192.0.2.1", "192.0.2.1"],
  ["192.0.2.1/32", "192.0.2.1"],
  ["192.0.2.77/24", "192.0.2.0/24"],
  ["0.0.0.0/0", "0.0.0.0/0"],
  ["2001:DB8::1", "2001:db8::1"],
  ["2001:db8:0:0:0:0:0:1", "2001:db8::1"],
  ["2001:0db8:1:2:3:4:5:6/64", "2001:db8:1:2::/64"],
  ["::1", "::1"],
  ["::", "::"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["::ffff:c000:0201", "192.0.2.1"],
  ["::ffff:192.0.2.1/120", "192.0.2.0/24"],
])("[38] %s is %s", (text, range) => {
  expect(normalizeIpRange(text)).toBe(range);
});

it.each([
  "",
  "1",
  "1.2.3",
  "1.2.3.4.5",
  "1.2.3.256",
  "01.2.3.4",
  "0x1.2.3.4",
  "1.2.3.4/33",
  "1.2.3.4/",
  "1.2.3.4/-1",
  ":::",
  "2001:db8::1::2",
  "2001:db8::/129",
  "::ffff:1.2.3.4/95",
  "12345::",
  "fe80::1%eth0",
  "example.com",
  "[::1]",
])("[38] %j is no address", (text) => {
  expect(normalizeIpRange(text)).toBeUndefined();
});

const byte = fc.integer({ min: 0, max: 255 });
const ipv4 = fc.tuple(byte, byte, byte, byte).map((bytes) => bytes.join("."));
const ipv6 = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { minLength: 8, maxLength: 8 })
  .map((groups) => groups.map((group) => group.toString(16)).join(":"));

describe("[38] whatever the address", () => {
  it("normalising twice changes nothing, and the range holds the address", () => {
    fc.assert(
      fc.property(fc.oneof(ipv4, ipv6), fc.integer({ min: 0, max: 128 }), (address, length) => {
        const kept = address.includes(":") ? length : length % 33;
        const range = normalizeIpRange(`${address}/${kept}`);
        expect(normalizeIpRange(range ?? "")).toBe(range);
        expect(ipMatcher([range ?? ""])(address)).toBe(true);
      }),
    );
  });

  it("a range holds exactly the addresses that begin with the same bits", () => {
    fc.assert(
      fc.property(ipv4, ipv4, fc.integer({ min: 0, max: 32 }), (one, other, length) => {
        const number = (ip: string) => ip.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
        const size = 2 ** (32 - length);
        const isInside = Math.floor(number(one) / size) === Math.floor(number(other) / size);
        expect(ipMatcher([normalizeIpRange(`${one}/${length}`)!])(other)).toBe(isInside);
      }),
    );
  });
});

it("[38] IPv4 and IPv6 are not mixed up, and what is no address is in no range", () => {
  const everyIpv4 = ipMatcher(["0.0.0.0/0"]);
  expect(everyIpv4("1.2.3.4")).toBe(true);
  expect(everyIpv4("::ffff:1.2.3.4")).toBe(true);
  expect(everyIpv4("2001:db8::1")).toBe(false);
  expect(everyIpv4("nobody")).toBe(false);
  expect(ipMatcher([])("1.2.3.4")).toBe(false);
  const mixed = ipMatcher(["192.0.2.0/24", "2001:db8::/32", "203.0.113.7"]);
  expect(["192.0.2.9", "2001:db8:ffff::1", "203.0.113.7"].every(mixed)).toBe(true);
  expect(["192.0.3.9", "2001:db9::1", "203.0.113.8"].some(mixed)).toBe(false);
});
