import { npubEncode } from "nostr-tools/nip19";
import { describe, expect, it } from "vitest";
import { isSetting, parseConfig, type SettingName, SETTINGS } from "./config.ts";

function problemsOf(env: Record<string, unknown>): string[] {
  const parsed = parseConfig(env);
  return parsed.ok ? [] : parsed.problems;
}

it("without settings every default holds, and all of them keep their own bounds", () => {
  const parsed = parseConfig({});
  expect(parsed.ok).toBe(true);
  for (const [name, setting] of Object.entries(SETTINGS)) {
    expect(parsed).toMatchObject({ config: { [name]: setting.default } });
    expect(setting.about).toMatch(/^\S.+\S$/);
    const text = String(setting.default);
    const again = parseConfig({ [name]: text });
    expect(again, `${name}=${text}`).toMatchObject({ ok: true });
  }
});

it("empty means the default, and names that are no setting are not looked at", () => {
  expect(parseConfig({ MAX_LIMIT: "", RELAY_NAME: "", DB: { prepare: 1 }, MAX_LIMITS: "no" })).toEqual(
    parseConfig({}),
  );
});

it.each([
  ["MAX_LIMIT", "500", 500],
  ["MAX_LIMIT", "5000", 5000],
  ["MAX_LIMIT", "0500", 500],
  ["RATE_LIMIT", "off", "off"],
  ["RATE_LIMIT", "60000", 60_000],
  ["POLICY_DRY_RUN", "on", "on"],
  ["POLICY_DRY_RUN", "off", "off"],
  ["TRACE_SAMPLE_RATE", "0.25", 0.25],
  ["TRACE_SAMPLE_RATE", ".5", 0.5],
  ["TRACE_SAMPLE_RATE", "0", 0],
  ["RELAY_NAME", "é".repeat(29), "é".repeat(29)],
  ["RELAY_NAME", "🦤".repeat(29), "🦤".repeat(29)],
  ["RELAY_PUBKEY", "a".repeat(64), "a".repeat(64)],
  ["RELAY_PUBKEY", npubEncode("a".repeat(64)), "a".repeat(64)],
  ["ZIPKIN_URL", "http://localhost:9411/api/v2/spans", "http://localhost:9411/api/v2/spans"],
  [
    "UPSTREAMS",
    "wss://a.example/, ws://B.example:80 ,wss://a.example",
    ["wss://a.example", "ws://b.example"],
  ],
])("%s=%s is %j", (name, text, value) => {
  expect(parseConfig({ [name]: text })).toMatchObject({ ok: true, config: { [name]: value } });
});

it.each([
  ["MAX_LIMIT", "0"],
  ["MAX_LIMIT", "5001"],
  ["MAX_LIMIT", "ten"],
  ["MAX_LIMIT", "1e3"],
  ["MAX_LIMIT", "-1"],
  ["MAX_LIMIT", " 5"],
  ["MAX_LIMIT", "9".repeat(400)],
  ["MAX_HUBS", "65"],
  ["RATE_LIMIT", "on"],
  ["RATE_LIMIT", "0"],
  ["RATE_LIMIT", "1000/min"],
  ["POLICY_DRY_RUN", "yes"],
  ["TRACE_SAMPLE_RATE", "1.1"],
  ["TRACE_SAMPLE_RATE", "."],
  ["TRACE_SAMPLE_RATE", "-0.1"],
  ["TRACE_SAMPLE_RATE", "NaN"],
  ["RELAY_NAME", "x".repeat(30)],
  ["RELAY_PUBKEY", "A".repeat(64)],
  ["RELAY_PUBKEY", "npub1"],
  ["ZIPKIN_URL", "localhost:9411"],
  ["ZIPKIN_URL", "ftp://localhost"],
  ["UPSTREAMS", "wss://a.example,"],
  ["UPSTREAMS", "https://a.example"],
  ["UPSTREAMS", "wss://a.example,wss://user:secret@b.example"],
])("%s=%s is refused in a sentence with name, value and what is expected", (name, text) => {
  const [problem, ...others] = problemsOf({ [name]: text });
  expect(others).toEqual([]);
  expect(problem).toContain(`${name} is ${JSON.stringify(text)}, expected `);
});

it.each([[7], [null], [{}], [true]])("%j is no text", (value) => {
  expect(problemsOf({ MAX_LIMIT: value })).toEqual([`MAX_LIMIT is ${JSON.stringify(value)}, expected text`]);
});

it("tells of all problems at once", () => {
  expect(problemsOf({ MAX_LIMIT: "x", MAX_HUBS: "0", RELAY_PUBKEY: "y" })).toHaveLength(3);
});

describe("settings that contradict each other", () => {
  it("DEFAULT_LIMIT above MAX_LIMIT", () => {
    expect(problemsOf({ MAX_LIMIT: "100" })).toEqual(["DEFAULT_LIMIT (500) is above MAX_LIMIT (100)"]);
    expect(problemsOf({ MAX_LIMIT: "100", DEFAULT_LIMIT: "100" })).toEqual([]);
  });
});

it("knows what is a setting", () => {
  const names: SettingName[] = ["MAX_LIMIT", "UPSTREAMS"];
  expect(names.map(isSetting)).toEqual([true, true]);
  expect(["max_limit", "toString", "__proto__", ""].map(isSetting)).toEqual([false, false, false, false]);
});

it("a secret that is wrong is told of without its value", () => {
  for (const value of ["short", "one with spaces in it", "é".repeat(20)])
    expect(problemsOf({ METRICS_TOKEN: value })).toEqual([
      "METRICS_TOKEN is a secret that is not shown here, expected 16 to 200 printable ASCII characters without spaces",
    ]);
});
