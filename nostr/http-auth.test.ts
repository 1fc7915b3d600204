import { describe, expect, it } from "vitest";
import { SECRET } from "../tests/fixtures/author.ts";
import { type Authorization, authorizationEvent, headerOf } from "../tests/fixtures/management.ts";
import { checkHttpAuth } from "./http-auth.ts";
import { verifySignature } from "./signature.ts";
import { finalizeEvent } from "nostr-tools/pure";

const NOW = 1_700_000_000;
const BODY = '{"method":"supportedmethods","params":[]}';
const GOOD: Authorization = { url: "https://relay.test/", method: "POST", body: BODY, now: NOW };

function check(header: string | undefined, request: { url?: string; method?: string; body?: string } = {}) {
  const { url = GOOD.url, method = "POST", body = BODY } = request;
  return checkHttpAuth(
    header,
    { url, method, body: new TextEncoder().encode(body) },
    { verify: verifySignature, now: NOW },
  );
}

function signedWith(tags: string[][], kind = 27_235): string {
  return headerOf(finalizeEvent({ kind, created_at: NOW, content: "", tags }, SECRET));
}

it("[37] a request that is signed for is its signer's", () => {
  const event = authorizationEvent(GOOD);
  expect(check(headerOf(event))).toEqual({ ok: true, event });
});

it("[37] the scheme may be written in any case, and base64 for URLs is base64", () => {
  const event = { ...authorizationEvent(GOOD) };
  const header = headerOf(event);
  expect(check(header.replace("Nostr", "nostr")).ok).toBe(true);
  expect(check(header.replaceAll("+", "-").replaceAll("/", "_")).ok).toBe(true);
});

it.each(["https://relay.test", "wss://relay.test", "wss://relay.test/", "https://RELAY.test:443/"])(
  "[37] u %s is the same address",
  (url) => {
    expect(check(headerOf(authorizationEvent({ ...GOOD, url })))).toMatchObject({ ok: true });
  },
);

describe("[37] is refused with a sentence:", () => {
  const good = authorizationEvent(GOOD);
  const payload = ["payload", good.tags.find(([name]) => name === "payload")![1]!];
  const u = ["u", GOOD.url];
  const method = ["method", "POST"];
  it.each<[string, string | undefined, RegExp]>([
    ["no header", undefined, /no Authorization/],
    ["an empty header", "", /base64/],
    ["another scheme", headerOf(good).replace("Nostr", "Bearer"), /base64/],
    ["what is no base64", "Nostr {}", /base64/],
    ["base64 of no JSON", "Nostr aGVsbG8=", /base64/],
    ["base64 of no UTF-8", "Nostr /////w==", /base64/],
    ["JSON that is no event", headerOf([]), /JSON object/],
    ["a header that is too long", `Nostr ${"A".repeat(17_000)}`, /longer/],
    [
      "another kind",
      signedWith([u, method, payload], 22_242),
      /kind of the authorization is 22242, expected 27235/,
    ],
    ["a kind just beside", signedWith([u, method, payload], 27_236), /kind/],
    ["61 s old", headerOf(authorizationEvent({ ...GOOD, now: NOW - 61 })), /60 s/],
    ["61 s ahead", headerOf(authorizationEvent({ ...GOOD, now: NOW + 61 })), /60 s/],
    ["another host", headerOf(authorizationEvent({ ...GOOD, url: "https://other.test/" })), /u tag/],
    ["another port", headerOf(authorizationEvent({ ...GOOD, url: "https://relay.test:8443/" })), /u tag/],
    ["another path", headerOf(authorizationEvent({ ...GOOD, url: "https://relay.test/api" })), /u tag/],
    ["a query", headerOf(authorizationEvent({ ...GOOD, url: "https://relay.test/?a=1" })), /u tag/],
    ["http for https", headerOf(authorizationEvent({ ...GOOD, url: "http://relay.test/" })), /u tag/],
    ["no u", signedWith([method, payload]), /u tag is missing/],
    ["two u", signedWith([u, ["u", "https://other.test/"], method, payload]), /u tag .* twice/],
    ["another method", headerOf(authorizationEvent({ ...GOOD, method: "GET" })), /method tag is "GET"/],
    ["a method in lower case", headerOf(authorizationEvent({ ...GOOD, method: "post" })), /method tag/],
    ["no method", signedWith([u, payload]), /method tag/],
    ["another body", headerOf(authorizationEvent({ ...GOOD, body: "{}" })), /payload/],
    ["no payload", headerOf(authorizationEvent({ ...GOOD, body: undefined })), /payload/],
    ["another id", headerOf({ ...good, id: "0".repeat(64) }), /id is not the hash/],
    ["other content", headerOf({ ...good, content: "x" }), /id is not the hash/],
    ["another key", headerOf({ ...good, pubkey: "a".repeat(64) }), /id is not the hash/],
    ["the signature of another", headerOf({ ...good, sig: authorizationEvent(GOOD).sig }), /signature/],
  ])("%s", (_, header, says) => {
    expect(check(header)).toEqual({ ok: false, reason: expect.stringMatching(says) });
  });

  it("at exactly 60 s it is good", () => {
    for (const now of [NOW - 60, NOW + 60])
      expect(check(headerOf(authorizationEvent({ ...GOOD, now }))).ok).toBe(true);
  });

  it("a query of the request that is not signed for", () => {
    expect(check(headerOf(good), { url: "https://relay.test/?a=1" }).ok).toBe(false);
  });
});

it("[37] a request without a body needs no payload", () => {
  const event = authorizationEvent({ ...GOOD, method: "GET", body: undefined });
  const request = { url: GOOD.url, method: "GET", body: undefined };
  expect(checkHttpAuth(headerOf(event), request, { verify: verifySignature, now: NOW }).ok).toBe(true);
});
