import { expect, test } from "vitest";
import { satsOf } from "./invoice.ts";

const REST = "pvjluezpp5qqqsyq".repeat(4);

test.each([
  [`lnbc210u1${REST}`, 21_000],
  [`LNBC210U1${REST.toUpperCase()}`, 21_000],
  [`lnbc20m1${REST}`, 2_000_000],
  [`lnbc2500n1${REST}`, 250],
  [`lnbc9678785340p1${REST}`, 967_878],
  [`lnbc21${REST}`, 200_000_000],
  // The number belongs to the invoice, not to the amount: there is none.
  [`lnbc1${REST}`, 0],
  [`lntb20m1${REST}`, 0],
  ["", 0],
  ["lnbc", 0],
  ["lnbc210u", 0],
])("%s is about %i sats", (invoice, sats) => {
  expect(satsOf(invoice)).toBe(sats);
});
