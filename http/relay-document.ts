/** The relay information document (NIP-11), from the settings that are enforced. */
import packageJson from "../package.json" with { type: "json" };
import { MAX_SUBSCRIPTION_ID } from "../nostr/message.ts";
import { retentionDocument } from "../nostr/retention.ts";
import { retentionOf } from "../relay/retention.ts";
import type { Config } from "../relay/config.ts";

export const RELAY_DOCUMENT_TYPE = "application/nostr+json";

/** NIPs that the relay itself supports. NIPs that concern only clients are not listed (NIP-11). */
const SUPPORTED_NIPS = [1, 9, 11, 13, 17, 40, 42, 45, 50, 59, 62, 67, 70, 77, 86, 98];
const EOSE_HINTS_NIP = 67;

export function relayDocument(config: Config, version: string) {
  const retention = retentionOf(config);
  return {
    ...present("name", config.RELAY_NAME),
    ...present("description", config.RELAY_DESCRIPTION),
    ...present("banner", config.RELAY_BANNER),
    ...present("icon", config.RELAY_ICON),
    ...present("pubkey", config.RELAY_PUBKEY),
    ...present("contact", config.RELAY_CONTACT),
    ...present("terms_of_service", config.RELAY_TERMS),
    supported_nips: SUPPORTED_NIPS.filter((nip) => nip !== EOSE_HINTS_NIP || config.EOSE_HINTS === "on"),
    software: packageJson.homepage,
    version,
    ...(retention.all.length > 0 && { retention: retentionDocument(retention.all) }),
    ...(config.UPSTREAMS.length > 0 && { upstream_retention: retentionDocument(retention.pulled) }),
    limitation: {
      max_message_length: config.MAX_MESSAGE_LENGTH,
      max_subscriptions: config.MAX_SUBSCRIPTIONS,
      max_subid_length: MAX_SUBSCRIPTION_ID,
      max_limit: config.MAX_LIMIT,
      default_limit: config.DEFAULT_LIMIT,
      ...limitsOfEvents(config),
      // Only if nothing at all works without authentication (NIP-11).
      auth_required: config.READ_ACCESS !== "open" && config.WRITE_ACCESS === "auth",
      payment_required: false,
      restricted_writes: config.WRITE_ACCESS !== "open" || config.MIN_POW_DIFFICULTY > 0,
    },
  };
}

/** Returns the limits of relay/access/policy.ts. A dry run enforces none of them. */
function limitsOfEvents(config: Config) {
  if (config.POLICY_DRY_RUN === "on") return { min_pow_difficulty: 0 };
  return {
    max_event_tags: config.MAX_EVENT_TAGS,
    max_content_length: config.MAX_CONTENT_LENGTH,
    min_pow_difficulty: config.MIN_POW_DIFFICULTY,
    ...(config.CREATED_AT_LOWER_LIMIT > 0 && { created_at_lower_limit: config.CREATED_AT_LOWER_LIMIT }),
    created_at_upper_limit: config.CREATED_AT_UPPER_LIMIT,
  };
}

/**
 * Returns whether an Accept header asks for the document. A quality of 0 refuses it, and wildcards get the home page.
 */
export function asksForRelayDocument(accept: string | undefined): boolean {
  return (accept ?? "").split(",").some((part) => {
    const [type = "", ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
    const quality = parameters.find((parameter) => /^q\s*=/.test(parameter))?.replace(/^q\s*=\s*/, "");
    return type === RELAY_DOCUMENT_TYPE && (quality === undefined || Number(quality) > 0);
  });
}

function present(field: string, value: string): Record<string, string> {
  return value === "" ? {} : { [field]: value };
}
