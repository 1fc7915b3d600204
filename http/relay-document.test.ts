import { describe, expect, it } from "vitest";
import { parseConfig, type Config } from "../relay/config.ts";
import { asksForRelayDocument, relayDocument } from "./relay-document.ts";

function configOf(settings: Record<string, string> = {}): Config {
  const parsed = parseConfig(settings);
  if (!parsed.ok) throw new Error(parsed.problems.join("; "));
  return parsed.config;
}

describe("Accept", () => {
  it.each([
    "application/nostr+json",
    "APPLICATION/Nostr+JSON",
    "text/html, application/nostr+json",
    "application/nostr+json;q=0.1, text/html;q=0.9",
    "text/html,application/nostr+json ; charset=utf-8 ; q=1.000",
    "application/json, , application/nostr+json",
  ])("%s asks for the document", (accept) => {
    expect(asksForRelayDocument(accept)).toBe(true);
  });

  it.each([
    undefined,
    "",
    "*/*",
    "application/*",
    "application/json",
    "text/html",
    "application/nostr+json;q=0",
    "application/nostr+json; q=0.000",
    "application/nostr+json;q=no",
    "application/nostr+json+rpc",
    "xapplication/nostr+json",
    'text/html;profile="application/nostr+json"',
  ])("%s does not", (accept) => {
    expect(asksForRelayDocument(accept)).toBe(false);
  });
});

describe("[27] relay document", () => {
  it("of a fresh installation: nothing empty, only what is enforced", () => {
    const config = configOf();
    expect(relayDocument(config, "1.2.3")).toEqual({
      name: config.RELAY_NAME,
      description: config.RELAY_DESCRIPTION,
      supported_nips: [1, 9, 11, 13, 17, 40, 42, 45, 50, 59, 62, 70, 77, 86, 98],
      software: expect.stringMatching(/^https:\/\/./),
      version: "1.2.3",
      limitation: {
        max_message_length: config.MAX_MESSAGE_LENGTH,
        max_subscriptions: config.MAX_SUBSCRIPTIONS,
        max_subid_length: 64,
        max_limit: config.MAX_LIMIT,
        default_limit: config.DEFAULT_LIMIT,
        max_event_tags: config.MAX_EVENT_TAGS,
        max_content_length: config.MAX_CONTENT_LENGTH,
        min_pow_difficulty: 0,
        auth_required: false,
        payment_required: false,
        restricted_writes: false,
        created_at_upper_limit: config.CREATED_AT_UPPER_LIMIT,
      },
    });
  });

  it("tells for how long events are kept, if it is not for ever", () => {
    const settings = { RETENTION: "7:60", UPSTREAM_RETENTION: "*:30", UPSTREAMS: "wss://relay.example" };
    expect(relayDocument(configOf(settings), "1.2.3")).toMatchObject({
      retention: [{ kinds: [7], time: 60 }, { time: null }],
      upstream_retention: [{ time: 30 }],
    });
  });

  it("lists NIP-67 when EOSE has hints", () => {
    expect(relayDocument(configOf({ EOSE_HINTS: "on" }), "1.2.3").supported_nips).toContain(67);
  });

  it("follows the settings", () => {
    const pubkey = "a".repeat(64);
    const document = relayDocument(
      configOf({
        RELAY_NAME: "日本のリレー",
        RELAY_DESCRIPTION: "about",
        RELAY_BANNER: "https://example.com/banner.png",
        RELAY_ICON: "https://example.com/icon.png",
        RELAY_CONTACT: "mailto:op@example.com",
        RELAY_TERMS: "https://example.com/terms",
        RELAY_PUBKEY: pubkey,
        MAX_LIMIT: "20",
        DEFAULT_LIMIT: "10",
        CREATED_AT_LOWER_LIMIT: "3600",
      }),
      "1.2.3",
    );
    expect(document).toMatchObject({
      name: "日本のリレー",
      description: "about",
      banner: "https://example.com/banner.png",
      icon: "https://example.com/icon.png",
      contact: "mailto:op@example.com",
      terms_of_service: "https://example.com/terms",
      pubkey,
      limitation: { max_limit: 20, default_limit: 10, created_at_lower_limit: 3600 },
    });
  });

  it("tells no limit of events that a dry run does not enforce", () => {
    const settings = { POLICY_DRY_RUN: "on", MIN_POW_DIFFICULTY: "20", CREATED_AT_LOWER_LIMIT: "60" };
    const { limitation } = relayDocument(configOf(settings), "1.2.3");
    expect(Object.keys(limitation)).not.toContain("max_event_tags");
    expect(limitation).toMatchObject({ max_message_length: 524_288, min_pow_difficulty: 0 });
    const enforced = relayDocument(configOf({ ...settings, POLICY_DRY_RUN: "off" }), "1.2.3");
    expect(enforced.limitation).toMatchObject({ min_pow_difficulty: 20, created_at_lower_limit: 60 });
  });
});
