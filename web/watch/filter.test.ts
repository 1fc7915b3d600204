import { npubEncode } from "nostr-tools/nip19";
import { expect, test } from "vitest";
import { watchFilter } from "./filter.ts";

const KEY = "a".repeat(64);

test.each([
  ["", {}],
  ["kinds=1,6&search=two+words", { kinds: [1, 6], search: "two words" }],
  [`authors=${npubEncode(KEY)}&tag.t=nostr,art`, { authors: [KEY], "#t": ["nostr", "art"] }],
])("%s", (query, filter) => {
  expect(watchFilter(new URLSearchParams(query))).toEqual({ ok: true, filter });
});

test.each([
  ["authors=npub1wrong", /^authors has "npub1wrong", expected 64 lower-case hex/],
  ["kinds=70000", /^kinds has 70000, expected an integer from 0 to 65535/],
  ["kinds=note", /^kinds has "note"/],
  ["since=5", /^since is for stored events/],
  ["kind=1", /^"kind" is not a parameter here/],
  ["search=a&search=b", /^"search" is given 2 times/],
])("%s is refused and says why", (query, reason) => {
  const result = watchFilter(new URLSearchParams(query));
  expect(result.ok ? "" : result.reason).toMatch(reason);
});
