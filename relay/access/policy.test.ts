import type { Refusal } from "../../nostr/message.ts";
import { describe, expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { NOW } from "../../tests/fixtures/hubs.ts";
import { signedEvent } from "../../tests/fixtures/signed-events.ts";
import { parseConfig } from "../config.ts";
import { policy, type WouldRefuse } from "./policy.ts";

function refusalOf(event: Partial<Event>, settings: Record<string, string> = {}): Refusal | undefined {
  const parsed = parseConfig(settings);
  if (!parsed.ok) throw new Error(parsed.problems.join());
  const whole = { ...signedEvent(), ...event };
  return policy(parsed.config)
    .map((rule) => rule(whole, { now: NOW, keys: new Set() }))
    .find((refusal) => refusal !== undefined);
}

it("[7] an AUTH event is never taken as an EVENT", () => {
  expect(refusalOf({ kind: 22_242 })).toMatchObject({ prefix: "invalid" });
  expect(refusalOf({ kind: 22_241 })).toBeUndefined();
});

it("an authorization of an HTTP request (NIP-98) is never taken as an EVENT", () => {
  expect(refusalOf({ kind: 27_235 })).toEqual({
    prefix: "invalid",
    reason: "kind 27235 belongs in an Authorization header",
  });
  expect(refusalOf({ kind: 27_234 })).toBeUndefined();
});

it("[17] events have at most so many tags", () => {
  const tags = [["a"], ["b"], ["c"]];
  expect(refusalOf({ tags }, { MAX_EVENT_TAGS: "3" })).toBeUndefined();
  expect(refusalOf({ tags }, { MAX_EVENT_TAGS: "2" })).toEqual({
    prefix: "invalid",
    reason: "the event has 3 tags; at most 2 are allowed",
  });
});

it("[17] content is measured in Unicode characters", () => {
  const settings = { MAX_CONTENT_LENGTH: "4" };
  expect(refusalOf({ content: "🦤🦤🦤🦤" }, settings)).toBeUndefined();
  expect(refusalOf({ content: "🦤🦤🦤🦤🦤" }, settings)).toMatchObject({ prefix: "invalid" });
  expect(refusalOf({ content: "abcde" }, settings)).toMatchObject({ prefix: "invalid" });
  expect(refusalOf({ content: "" }, settings)).toBeUndefined();
});

describe("[2] created_at", () => {
  it("is at most so far ahead", () => {
    expect(refusalOf({ created_at: NOW + 900 })).toBeUndefined();
    expect(refusalOf({ created_at: NOW + 901 })).toMatchObject({ prefix: "invalid" });
    expect(refusalOf({ created_at: NOW + 1 }, { CREATED_AT_UPPER_LIMIT: "0" })).toMatchObject({
      prefix: "invalid",
    });
  });

  it("can be any age, unless a limit is set", () => {
    expect(refusalOf({ created_at: 0 })).toBeUndefined();
    const settings = { CREATED_AT_LOWER_LIMIT: "60" };
    expect(refusalOf({ created_at: NOW - 60 }, settings)).toBeUndefined();
    expect(refusalOf({ created_at: NOW - 61 }, settings)).toMatchObject({ prefix: "invalid" });
  });
});

it("[25] who wants to vanish may, however old the request is, and owes no work", () => {
  const settings = { CREATED_AT_LOWER_LIMIT: "60", MIN_POW_DIFFICULTY: "200" };
  const request = { kind: 62, created_at: NOW - 1000, tags: [["relay", "ALL_RELAYS"]] };
  expect(refusalOf(request, settings)).toBeUndefined();
});

describe("a dry run", () => {
  function dryRun(event: Event, settings: Record<string, string>) {
    const parsed = parseConfig({ ...settings, POLICY_DRY_RUN: "on" });
    if (!parsed.ok) throw new Error(parsed.problems.join());
    const refused: Parameters<WouldRefuse>[] = [];
    const refusals = policy(parsed.config, (...what) => void refused.push(what)).map((rule) =>
      rule(event, { now: NOW, keys: new Set() }),
    );
    return {
      rules: refused.map(([rule]) => rule),
      refusal: refusals.find((refusal) => refusal !== undefined),
    };
  }

  it("[17] tells of every rule that would have refused, by the name of its setting", () => {
    const event = signedEvent({ tags: [["a"], ["b"]], content: "long", created_at: NOW - 100 });
    const settings = {
      MAX_EVENT_TAGS: "1",
      MAX_CONTENT_LENGTH: "3",
      CREATED_AT_LOWER_LIMIT: "60",
      MIN_POW_DIFFICULTY: "200",
    };
    const rules = ["MAX_EVENT_TAGS", "MAX_CONTENT_LENGTH", "CREATED_AT_LOWER_LIMIT", "MIN_POW_DIFFICULTY"];
    expect(dryRun(event, settings)).toEqual({ rules, refusal: undefined });
    expect(dryRun({ ...event, created_at: NOW + 1000 }, {})).toEqual({
      rules: ["CREATED_AT_UPPER_LIMIT"],
      refusal: undefined,
    });
  });

  it.each([
    ["an AUTH event", { kind: 22_242 }, "invalid"],
    ["an authorization", { kind: 27_235 }, "invalid"],
    ["an expired event", { tags: [["expiration", String(NOW - 1)]] }, "invalid"],
    ["a protected event of somebody else", { tags: [["-"]] }, "auth-required"],
  ])("still refuses %s", (_what, draft, prefix) => {
    expect(dryRun(signedEvent(draft), {})).toMatchObject({ rules: [], refusal: { prefix } });
  });
});

it("what is too old to be kept is refused, but for deletions and requests to vanish", () => {
  const settings = { RETENTION: "5:60,7:60,62:60,*:3600" };
  const tags = [["relay", "ALL_RELAYS"]];
  expect(refusalOf({ kind: 7, created_at: NOW - 60 }, settings)).toBeUndefined();
  expect(refusalOf({ kind: 7, created_at: NOW - 61 }, settings)).toEqual({
    prefix: "invalid",
    reason: "this relay keeps events of kind 7 for 60 s, and this one is older",
  });
  expect(refusalOf({ kind: 1, created_at: NOW - 61 }, settings)).toBeUndefined();
  for (const kind of [5, 62]) expect(refusalOf({ kind, tags, created_at: 0 }, settings)).toBeUndefined();
});
