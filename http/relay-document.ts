/** The relay information document (NIP-11), from the settings that are enforced. */
import { MAX_SUBSCRIPTION_ID } from "../nostr/message.ts";
import type { Config } from "../relay/config.ts";

export const RELAY_DOCUMENT_TYPE = "application/nostr+json";

/** NIPs that the relay itself keeps; those of clients are not told of (NIP-11). */
const SUPPORTED_NIPS = [1, 9, 11, 13, 17, 40, 42, 45, 50, 59, 62, 67, 70, 77, 86, 98];

export function relayDocument(config: Config, version: string) {
  return {
    ...present("name", config.RELAY_NAME),
    ...present("description", config.RELAY_DESCRIPTION),
    ...present("banner", config.RELAY_BANNER),
    ...present("icon", config.RELAY_ICON),
    ...present("pubkey", config.RELAY_PUBKEY),
    ...present("contact", config.RELAY_CONTACT),
    ...present("terms_of_service", config.RELAY_TERMS),
    supported_nips: SUPPORTED_NIPS,
    version,
    limitation: {
      max_message_length: config.MAX_MESSAGE_LENGTH,
      max_subscriptions: config.MAX_SUBSCRIPTIONS,
      max_subid_length: MAX_SUBSCRIPTION_ID,
      max_limit: config.MAX_LIMIT,
      default_limit: config.DEFAULT_LIMIT,
      ...limitsOfEvents(config),
      // Said only when nothing at all can be done without (NIP-11).
      auth_required: config.READ_ACCESS !== "open" && config.WRITE_ACCESS === "auth",
      payment_required: false,
      restricted_writes: config.WRITE_ACCESS !== "open" || config.MIN_POW_DIFFICULTY > 0,
    },
  };
}

/** What the rules of relay/policy.ts refuse: nothing in a dry run. */
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

/** Does this Accept header ask for the document? A quality of zero refuses it; wildcards are for the page. */
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
