import { expect, test } from "vitest";
import { withClosedMetrics } from "../../scripts/local/host-option.ts";

test.each(["localhost", "127.0.0.1", "::1"])("on %s /metrics is open to this machine", (host) => {
  expect(withClosedMetrics(host, { RELAY_NAME: "x" })).toEqual({ RELAY_NAME: "x" });
});

test.each(["0.0.0.0", "::", "192.0.2.7"])("on %s /metrics needs a token, and nobody knows one", (host) => {
  const tokens = [1, 2].map(() => withClosedMetrics(host, { METRICS_TOKEN: "" })["METRICS_TOKEN"] ?? "");
  expect(tokens[0]).toMatch(/^[0-9a-f-]{36}$/);
  expect(tokens[0]).not.toBe(tokens[1]);
});

test("a token of the operator's holds everywhere", () => {
  const settings = { METRICS_TOKEN: "correct-horse-battery" };
  for (const host of ["localhost", "0.0.0.0"]) expect(withClosedMetrics(host, settings)).toEqual(settings);
});
