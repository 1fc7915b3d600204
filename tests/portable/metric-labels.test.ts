/** The labels of metrics, and what they stand for elsewhere. */
import { expect, expectTypeOf, it } from "vitest";
import { EPHEMERAL_GIFT_WRAP } from "../../nostr/kinds.ts";
import type { Prefix } from "../../nostr/message.ts";
import { PRIVATE_KINDS } from "../../nostr/visibility.ts";
import { kindLabel, PRIVATE_KIND_LABELS, REASONS } from "../../telemetry/labels.ts";

it("the kind other counts no private event", () => {
  // Ephemeral events are not stored.
  const stored = PRIVATE_KINDS.filter((kind) => kind !== EPHEMERAL_GIFT_WRAP);
  expect(stored.map(kindLabel)).toEqual(stored.map(String));
  expect(PRIVATE_KIND_LABELS.toSorted()).toEqual(stored.map(String).toSorted());
  expect(kindLabel(29_999)).toBe("other");
});

it("each prefix of an answer is a reason", () => {
  expectTypeOf<Prefix>().toExtend<(typeof REASONS)[number]>();
});
