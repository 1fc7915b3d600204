import { unwrapEvent } from "nostr-tools/nip17";
import { generateSecretKey, getPublicKey, verifyEvent } from "nostr-tools/pure";
import { randomBytes } from "@noble/hashes/utils.js";
import { expect, it } from "vitest";
import { PUBKEY, SECRET_HEX } from "../tests/fixtures/author.ts";
import { privateMessage } from "./private-message.ts";

const NOW = 1_800_000_000;
const admin = generateSecretKey();
const recipient = getPublicKey(admin);

const write = (text: string) =>
  privateMessage({ text, subject: "a subject", recipient, now: NOW }, SECRET_HEX, (length) =>
    randomBytes(length),
  );

it.each(["hello", "多言語 🌊\nsecond line", "x".repeat(4000)])("a client reads %.20j", async (text) => {
  const wrap = await write(text);
  expect(verifyEvent({ ...wrap })).toBe(true);
  expect(wrap).toMatchObject({ kind: 1059, created_at: NOW, tags: [["p", recipient]] });
  expect(wrap.pubkey).not.toBe(PUBKEY);
  expect(JSON.stringify(wrap)).not.toContain(PUBKEY);
  expect(unwrapEvent(wrap, admin)).toMatchObject({
    kind: 14,
    pubkey: PUBKEY,
    content: text,
    created_at: NOW,
    tags: [
      ["p", recipient],
      ["subject", "a subject"],
    ],
  });
});

it("nobody else reads it, and each has a key of its own", async () => {
  const [one, other] = [await write("hello"), await write("hello")];
  expect(() => unwrapEvent(one, generateSecretKey())).toThrow("invalid MAC");
  expect(one.pubkey).not.toBe(other.pubkey);
});
