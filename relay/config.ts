/**
 * Every setting once: name, default, bounds and a sentence. The parser, the NIP-11 document and
 * docs/configuration.md all come from this table.
 */
import { normalizeRelayUrl } from "../nostr/relay-url.ts";
import { isHex64 } from "../nostr/event.ts";
import { type Access, PARAMS } from "../nostr/management.ts";
import { parsePublicKey } from "../nostr/public-key.ts";

interface Setting<T> {
  default: T;
  /** For people: what it does, its unit, what an empty value means. */
  about: string;
  /** For people: which values it takes. */
  expected: string;
  /** Undefined when the text is no such value. */
  parse(text: string): T | undefined;
}

export const SETTINGS = {
  RELAY_NAME: text("Tributary", "Name of the relay (NIP-11), under 30 characters", 29),
  RELAY_DESCRIPTION: text("A Nostr relay and aggregator", "What the relay is for (NIP-11)"),
  RELAY_BANNER: text("", "URL of a wide picture (NIP-11); empty: none"),
  RELAY_ICON: text("", "URL of a square picture (NIP-11); empty: none"),
  RELAY_CONTACT: text("", "How to reach the operator, as a URI (NIP-11); empty: not told"),
  RELAY_TERMS: text("", "URL of the terms of service (NIP-11); empty: none"),
  RELAY_PUBKEY: pubkey("Public key of the operator in hex (NIP-11); empty: not told"),
  RELAY_ADMINS: pubkeys(
    "Keys that may manage the relay (NIP-86), separated by commas; they may also write and read whatever the rules below say",
  ),
  WRITE_ACCESS: access(
    "Who may write. auth: connections that have authenticated (NIP-42); allow: events by keys on the allow-list, connections that have authenticated as one, and gift wraps for one",
  ),
  READ_ACCESS: access(
    "Who may read. auth: connections that have authenticated; allow: those that have authenticated as a key on the allow-list",
  ),
  MAX_MESSAGE_LENGTH: integer(524_288, 1024, 1_048_576, "Longest WebSocket message or HTTP body, in bytes"),
  MAX_SUBSCRIPTIONS: integer(100, 1, 1000, "Most subscriptions that one connection may hold"),
  MAX_FILTERS: integer(20, 1, 100, "Most filters in one REQ"),
  MAX_LIMIT: integer(1000, 1, 5000, "Most stored events that one filter is answered with"),
  DEFAULT_LIMIT: integer(500, 1, 5000, "Stored events sent for a filter without a limit"),
  MAX_SYNC_EVENTS: integer(
    100_000,
    1,
    200_000,
    "Most events that one reconciliation (NIP-77) may be about; each takes 40 bytes of the hub's memory meanwhile",
  ),
  MAX_EVENT_TAGS: integer(5000, 1, 20_000, "Most tags in an event"),
  MAX_CONTENT_LENGTH: integer(262_144, 1, 1_000_000, "Longest content of an event, in Unicode characters"),
  CREATED_AT_LOWER_LIMIT: integer(
    0,
    0,
    4_000_000_000,
    "Oldest event accepted, in seconds before now; 0: any age",
  ),
  CREATED_AT_UPPER_LIMIT: integer(
    900,
    0,
    4_000_000_000,
    "How far in the future an event may be dated, in seconds",
  ),
  MAX_FILTER_VALUES: integer(
    20_000,
    1000,
    1_000_000,
    "Most ids, authors, kinds and tag values in all subscriptions that one connection holds",
  ),
  MAX_SILENT_BYTES: integer(
    33_554_432,
    1_048_576,
    1_073_741_824,
    "Bytes of live events sent to a client that says nothing, not even `ping`: then it is taken for one that does not read, and cut off",
  ),
  RATE_LIMIT: rate(
    300_000,
    "What one address, or one key, may ask for in a minute, at once or spread out; 1 is the work of reading one row, a REQ is about 150 and 10 for each event that is found, a stored event is about 500; who goes on asking when refused is cut off; clients on the relay's own machine are not limited",
  ),
  POLICY_DRY_RUN: choice(
    ["off", "on"],
    "on: events are not refused by MIN_POW_DIFFICULTY, MAX_EVENT_TAGS, MAX_CONTENT_LENGTH and the limits of created_at, nor clients by RATE_LIMIT; what would have been refused is counted and logged",
  ),
  MIN_POW_DIFFICULTY: integer(0, 0, 256, "Work that an event must show, in bits (NIP-13); 0: none"),
  RELAY_URL: relayUrl(
    "The address that clients know this relay by (NIP-42, 62). Set it when deployed: without it AUTH trusts the Host that they name, and the aggregator heeds only requests to vanish from ALL_RELAYS",
  ),
  HUB_CAPACITY: integer(
    10_000,
    1,
    32_000,
    "Connections that one hub (Durable Object) holds before the next one opens",
  ),
  MAX_HUBS: integer(64, 1, 64, "Most hubs; beyond them new connections are answered 503"),
  UPSTREAMS: relayUrls("Relays to pull from: ws:// or wss:// addresses, separated by commas"),
  PULL_INTERVAL: integer(60, 60, 86_400, "Seconds between two pulls of the same upstream"),
  ZIPKIN_URL: httpUrl(
    "Where traces are sent, for example http://localhost:9411/api/v2/spans; empty: no traces",
  ),
  TRACE_SAMPLE_RATE: ratio(1, "Part of all traces that is sent, from 0 to 1"),
} as const satisfies Record<string, Setting<unknown>>;

type Settings = typeof SETTINGS;
export type SettingName = keyof Settings;
export type Config = { readonly [Name in SettingName]: Settings[Name] extends Setting<infer T> ? T : never };

export type ParsedConfig = { ok: true; config: Config } | { ok: false; problems: string[] };

export function isSetting(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS, name);
}

/** All problems at once, each a sentence. Names that are no setting are not looked at: bindings live there too. */
export function parseConfig(env: Record<string, unknown>): ParsedConfig {
  const problems: string[] = [];
  const entries = Object.entries(SETTINGS).map(([name, setting]: [string, Setting<unknown>]) => {
    const given = env[name];
    if (given === undefined || given === "") return [name, setting.default];
    const parsed = typeof given === "string" ? setting.parse(given) : undefined;
    if (parsed !== undefined) return [name, parsed];
    const expected = typeof given === "string" ? setting.expected : "text";
    problems.push(`${name} is ${JSON.stringify(given)}, expected ${expected}`);
    return [name, setting.default];
  });
  const config = Object.fromEntries(entries) as Config;
  if (config.DEFAULT_LIMIT > config.MAX_LIMIT) {
    problems.push(`DEFAULT_LIMIT (${config.DEFAULT_LIMIT}) is above MAX_LIMIT (${config.MAX_LIMIT})`);
  }
  return problems.length === 0 ? { ok: true, config } : { ok: false, problems };
}

function text(fallback: string, about: string, longest = 2000): Setting<string> {
  return {
    default: fallback,
    about,
    expected: `at most ${longest} characters`,
    parse: (given) => (Array.from(given).length <= longest ? given : undefined),
  };
}

function integer(fallback: number, least: number, most: number, about: string): Setting<number> {
  return {
    default: fallback,
    about,
    expected: `an integer from ${least} to ${most}`,
    parse: (given) => {
      const value = /^\d{1,15}$/.test(given) ? Number(given) : Number.NaN;
      return value >= least && value <= most ? value : undefined;
    },
  };
}

function rate(fallback: number, about: string): Setting<number | "off"> {
  const [least, most] = [1000, 1_000_000_000];
  const { parse } = integer(fallback, least, most, about);
  return {
    default: fallback,
    about,
    expected: `off or an integer from ${least} to ${most}`,
    parse: (given) => (given === "off" ? "off" : parse(given)),
  };
}

/** The first is the default. */
function choice<const T extends string>(values: readonly [T, ...T[]], about: string): Setting<T> {
  return {
    default: values[0],
    about,
    expected: values.join(" or "),
    parse: (given) => values.find((value) => value === given),
  };
}

function ratio(fallback: number, about: string): Setting<number> {
  return {
    default: fallback,
    about,
    expected: "a number from 0 to 1",
    parse: (given) => {
      const value = /^\d*\.?\d+$/.test(given) ? Number(given) : Number.NaN;
      return value >= 0 && value <= 1 ? value : undefined;
    },
  };
}

function pubkey(about: string): Setting<string> {
  return {
    default: "",
    about,
    expected: "64 lower-case hex characters",
    parse: (given) => (isHex64(given) ? given : undefined),
  };
}

function pubkeys(about: string): Setting<readonly string[]> {
  return {
    default: [],
    about,
    expected: "public keys in hex or npub1…, separated by commas",
    parse: (given) => {
      const keys = given.split(",").map((part) => parsePublicKey(part.trim()));
      return keys.every((key) => key !== undefined) ? [...new Set(keys)] : undefined;
    },
  };
}

function access(about: string): Setting<Access> {
  return { default: "open", about, expected: PARAMS.access.expected, parse: PARAMS.access.parse };
}

function httpUrl(about: string): Setting<string> {
  return {
    default: "",
    about,
    expected: "an http:// or https:// address",
    parse: (given) => (URL.canParse(given) && /^https?:$/.test(new URL(given).protocol) ? given : undefined),
  };
}

function relayUrl(about: string): Setting<string> {
  return {
    default: "",
    about,
    expected: "a ws:// or wss:// address",
    parse: normalizeRelayUrl,
  };
}

function relayUrls(about: string): Setting<readonly string[]> {
  return {
    default: [],
    about,
    expected: "ws:// or wss:// addresses without a user name or password, separated by commas",
    parse: (given) => {
      const urls = given.split(",").map((part) => withoutCredentials(normalizeRelayUrl(part.trim())));
      return urls.every((url) => url !== undefined) ? [...new Set(urls)] : undefined;
    },
  };
}

/** Nobody would send them: they would do no more than stand in traces and in the database. */
function withoutCredentials(url: string | undefined): string | undefined {
  return url !== undefined && new URL(url).username === "" ? url : undefined;
}
