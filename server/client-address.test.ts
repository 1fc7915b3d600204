import { expect, test } from "vitest";
import { networkOf } from "../relay/limits/client.ts";
import { clientAddress } from "./client-address.ts";

const from = (ip: string | undefined, forwarded?: string) => ({
  ip,
  headers: new Headers(forwarded === undefined ? {} : { "x-forwarded-for": forwarded }),
});

test.each([
  ["a client of the internet", from("192.0.2.1"), "192.0.2.1"],
  ["IPv4 in IPv6 form", from("::ffff:192.0.2.1"), "192.0.2.1"],
  ["a client on this machine", from("127.0.0.1"), undefined],
  ["a client on this machine, over IPv6", from("::1"), undefined],
  ["a client on this machine, in IPv6 form", from("::ffff:127.0.0.1"), undefined],
  ["a connection that is gone", from(undefined), "unknown"],
  ["what a client says of itself", from("192.0.2.1", "127.0.0.1"), "192.0.2.1"],
  ["a proxy on this machine that was not announced", from("127.0.0.1", "192.0.2.1"), "unknown"],
  ["such a proxy, over IPv6", from("::1", "192.0.2.1"), "unknown"],
])("without a proxy: %s", (_what, request, address) => {
  expect(clientAddress(request, false)).toBe(address);
});

test.each([
  ["what the proxy added last", from("127.0.0.1", "127.0.0.1, 198.51.100.7, 192.0.2.1"), "192.0.2.1"],
  ["IPv4 with a port", from("127.0.0.1", "192.0.2.1:4711"), "192.0.2.1"],
  ["IPv6 with a port", from("127.0.0.1", "[2001:db8::1]:4711"), "2001:db8::1"],
  ["IPv6 without one", from("127.0.0.1", "2001:db8::1"), "2001:db8::1"],
  ["another proxy on this machine", from("127.0.0.1", "192.0.2.1, 127.0.0.1"), "unknown"],
  ["an empty entry", from("127.0.0.1", "192.0.2.1, "), "unknown"],
  ["no address", from("127.0.0.1", "unix:"), "unix:"],
  ["an empty list", from("192.0.2.1", ""), "192.0.2.1"],
  ["a request of this machine past the proxy", from("127.0.0.1"), undefined],
])("behind a proxy: %s", (_what, request, address) => {
  expect(clientAddress(request, true)).toBe(address);
});

test.each([true, false])(
  "a request that a proxy has passed on is always limited (announced: %s)",
  (isAnnounced) => {
    for (const last of [
      "192.0.2.1",
      "127.0.0.1",
      "::1",
      "::ffff:127.0.0.1",
      "[::1]:4711",
      "unknown",
      "",
      ",",
    ])
      expect(networkOf(clientAddress(from("127.0.0.1", last), isAnnounced))).toBeDefined();
  },
);
