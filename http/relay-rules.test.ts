import { expect, test } from "vitest";
import { parseConfig } from "../relay/config.ts";
import { rulesOf } from "./relay-rules.ts";

const ALL = { allowed: [], disallowed: [] };

function rules(settings: Record<string, string>, kinds: Parameters<typeof rulesOf>[1] = ALL) {
  const parsed = parseConfig(settings);
  if (!parsed.ok) throw new Error(parsed.problems.join());
  return Object.fromEntries(rulesOf(parsed.config, kinds).map(({ about, says }) => [about, says]));
}

test("by default everybody may do everything", () => {
  expect(rules({})).toEqual({
    "Who may read": "Everybody.",
    "Who may write": "Everybody.",
    "Kinds of events": "All.",
    Size: "At most 512 KB a message, 262,144 characters of text and 100,000 tags.",
    "Date of an event": "At most 15 min in the future.",
    "How long events are kept": "For ever.",
  });
});

test("limits are said in words", () => {
  expect(
    rules(
      {
        READ_ACCESS: "auth",
        WRITE_ACCESS: "allow",
        MIN_POW_DIFFICULTY: "20",
        CREATED_AT_LOWER_LIMIT: "2592000",
        RETENTION: "7:2592000,20-29:forever,*:86400,1:5",
        UPSTREAMS: "wss://other.example",
        UPSTREAM_RETENTION: "*:forever",
      },
      { allowed: [1, 7, 30_023], disallowed: [7] },
    ),
  ).toMatchObject({
    "Who may read": "Everybody whose client authenticates (NIP-42).",
    "Kinds of events": "Only: Note (1), Article (30023). Deletions are always accepted.",
    "Date of an event": "At most 30 days in the past and at most 15 min in the future.",
    "Proof of work": "At least 20 bits (NIP-13).",
    "How long events are kept": "Reaction (7) for 30 days, kinds 20 to 29 for ever, all others for 1 day.",
    "How long those of other relays are kept": "For ever.",
  });
});

test("a dry run promises no limit that it does not enforce", () => {
  const said = rules({ POLICY_DRY_RUN: "on", MIN_POW_DIFFICULTY: "20" });
  expect(said).not.toHaveProperty("Proof of work");
  expect(said["Size"]).toBe("At most 512 KB a message.");
});

test("many refused kinds are counted", () => {
  const disallowed = Array.from({ length: 30 }, (_, at) => 40_000 + at);
  expect(rules({}, { allowed: [], disallowed })["Kinds of events"]).toMatch(
    /^All but: Kind 40000 .* and 18 more\.$/,
  );
});
