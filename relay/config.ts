/**
 * The table of all settings: name, default, bounds and description. The parser, the NIP-11 document and
 * docs/configuration.md are made from it.
 */
import { normalizeRelayUrl, normalizeUpstreamUrl } from "../nostr/relay-url.ts";
import { type Access, PARAMS } from "../nostr/management.ts";
import { parseRetention } from "../nostr/retention.ts";
import { parsePublicKey } from "../nostr/public-key.ts";
import { parseSecretKey } from "../nostr/secret-key.ts";
import { parseHeaders } from "./header-list.ts";

interface Setting<T> {
  default: T;
  /** For people: what the setting does, its unit, and what an empty value means. */
  about: string;
  /** For people: the valid values. */
  expected: string;
  /** Undefined if the text is not a valid value. */
  parse(text: string): T | undefined;
  /** Messages never contain the value. */
  isSecret?: true;
}

export const SETTINGS = {
  RELAY_NAME: text("Tributary", "Name of the relay (NIP-11)", 29),
  RELAY_DESCRIPTION: text("A Nostr relay and aggregator", "Description of the relay (NIP-11)"),
  RELAY_BANNER: text("", "URL of a wide picture (NIP-11)"),
  RELAY_ICON: text("", "URL of a square picture (NIP-11)"),
  RELAY_CONTACT: text("", "URI of the operator, such as mailto:admin@relay.example (NIP-11)"),
  RELAY_TERMS: text("", "URL of the terms of service (NIP-11)"),
  RELAY_PUBKEY: pubkey("Public key of the operator (NIP-11)"),
  RELAY_ADMINS: pubkeys("Keys that may manage the relay (NIP-86). They may always read and write"),
  WRITE_ACCESS: access(
    "Who may write. open: everybody. auth: connections that have authenticated (NIP-42). allow: connections that have authenticated as a key on the allow-list; also anyone who sends an event by such a key, or a gift wrap for it",
  ),
  READ_ACCESS: access(
    "Who may read. open: everybody. auth: connections that have authenticated (NIP-42). allow: connections that have authenticated as a key on the allow-list",
  ),
  MAX_MESSAGE_LENGTH: integer(
    524_288,
    1024,
    1_048_576,
    "Maximum length of a WebSocket message or an HTTP body, in bytes",
  ),
  MAX_SUBSCRIPTIONS: integer(300, 1, 1000, "Maximum number of subscriptions of one connection"),
  MAX_FILTERS: integer(100, 1, 100, "Maximum number of filters in one REQ or COUNT"),
  MAX_LIMIT: integer(1000, 1, 5000, "Maximum number of stored events for one filter"),
  DEFAULT_LIMIT: integer(
    500,
    1,
    5000,
    "Number of stored events for a filter without a limit. Must not be above MAX_LIMIT",
  ),
  AUTH_CHALLENGE: choice(
    ["needed", "connect"],
    "When the relay sends the challenge of NIP-42. needed: before the first answer that authentication would change; also on connect if WRITE_ACCESS or READ_ACCESS is not open. connect: always on connect. After that, some client libraries without a signer read nothing",
  ),
  EOSE_HINTS: choice(
    ["off", "on"],
    "on: EOSE has a third element that says whether all stored matches were sent (NIP-67). Some client libraries then wait for ever",
  ),
  READ_REPLICAS: choice(
    ["off", "on"],
    "on: replicas of D1 answer reads, which relieves the primary database. Each step of a read then waits for the primary and for a replica. `npm run deploy` turns read replication of the database on and off with it",
  ),
  MAX_SYNC_EVENTS: integer(
    100_000,
    1,
    200_000,
    "Maximum number of events in one reconciliation (NIP-77). Each event takes 40 bytes of the hub's memory while the reconciliation is open",
  ),
  MAX_EVENT_TAGS: integer(
    100_000,
    1,
    250_000,
    "Maximum number of tags in an event. By default MAX_MESSAGE_LENGTH is reached first",
  ),
  MAX_CONTENT_LENGTH: integer(
    262_144,
    1,
    1_000_000,
    "Maximum length of an event's content, in Unicode characters",
  ),
  CREATED_AT_LOWER_LIMIT: integer(0, 0, 4_000_000_000, "Maximum age of an event, in seconds. 0: any age"),
  CREATED_AT_UPPER_LIMIT: integer(
    900,
    0,
    4_000_000_000,
    "How far in the future created_at may be, in seconds",
  ),
  MAX_FILTER_VALUES: integer(
    20_000,
    1000,
    1_000_000,
    "Maximum number of ids, authors, kinds and tag values in one REQ or COUNT, and in all subscriptions of one connection",
  ),
  MAX_SILENT_BYTES: integer(
    33_554_432,
    1_048_576,
    1_073_741_824,
    "Disconnects a client after this many bytes of live events if it has sent nothing meanwhile, not even `ping`. Stored answers count apart, and are looked at before the first event of the next one is sent",
  ),
  MAX_STORE_BYTES: integer(
    10_000_000_000,
    1_000_000,
    1_000_000_000_000,
    "Size that the database may reach, in bytes. The default is D1's limit on the Workers Paid plan; on the Free plan set 500000000 (https://developers.cloudflare.com/d1/platform/limits/). From 80 % on the log warns. From 90 % on nothing is stored from upstreams. From 98 % on only deletions and requests to vanish are stored",
  ),
  RETENTION: retention(
    "",
    "How long events are kept, as KINDS:SECONDS, separated by commas. KINDS is a kind, a range such as 30000-39999, or * for all; SECONDS may be `forever`. The first rule for a kind counts. Events without a rule are kept for ever, and older ones are refused. Example: 7:2592000,20-29:86400",
  ),
  UPSTREAM_RETENTION: retention(
    "0:forever,3:forever,10000-19999:forever,30000-39999:forever,*:2592000",
    "The same for events that came from upstreams, unless a client has published them here too, or their author (for a gift wrap a recipient) is on the allow-list. By default replaceable and addressable events are kept, and all others for 30 days. *:forever: keep all",
  ),
  RATE_LIMIT: orWord(
    "off",
    integer(
      300_000,
      1000,
      1_000_000_000,
      "Work per minute for one network (an IPv4 address or the /64 of an IPv6 address) or one key. Reading one row costs 1. A REQ costs about 150, and 10 for each event found. Storing an event costs about 350. A client that ignores the refusals is disconnected. Clients on the relay's own machine are not limited",
    ),
  ),
  POLICY_DRY_RUN: choice(
    ["off", "on"],
    "on: MIN_POW_DIFFICULTY, MAX_EVENT_TAGS, MAX_CONTENT_LENGTH, the limits of created_at and RATE_LIMIT refuse nothing. What they would have refused is counted and logged",
  ),
  MIN_POW_DIFFICULTY: integer(
    0,
    0,
    256,
    "Proof of work that an event must have, in leading zero bits of its id (NIP-13). 0: none",
  ),
  RELAY_URL: relayUrl(
    "The address that clients use for this relay. Set it on every relay that others can connect to. Without it, AUTH trusts the Host header that a client sends (NIP-42), management calls work only on localhost (NIP-86), and the aggregator obeys only requests to vanish for ALL_RELAYS (NIP-62)",
  ),
  HUB_CAPACITY: integer(
    2000,
    1,
    32_000,
    "Maximum number of connections of one hub (a Durable Object). When it is full, the next hub takes connections",
  ),
  MAX_HUBS: integer(
    64,
    1,
    64,
    "Maximum number of hubs, in each region. When all are full, new connections get 503",
  ),
  HUB_REGIONS: choice(
    ["continents", "one"],
    "continents: a connection goes to a hub on its continent (western Europe, eastern North America, South America, Asia-Pacific, Oceania or Africa). one: all connections go to the same hubs, which are where LOCATION says. That costs less if there are few connections, because fewer hubs are awake",
  ),
  LOCATION: choice(
    ["", "wnam", "enam", "weur", "eeur", "apac", "oc"],
    "Where Cloudflare creates the relay's objects, apart from hubs of a continent: western or eastern North America, western or eastern Europe, Asia-Pacific, Oceania. It should be where the database is. An object that exists does not move. Empty: near the first client",
  ),
  MAX_CONNECTIONS: integer(
    32,
    1,
    32_000,
    "Maximum number of open connections of one network (an IPv4 address or the /64 of an IPv6 address) at one hub. A client that one hub refuses is not sent to the next. Clients on the relay's own machine are not limited",
  ),
  UPSTREAMS: relayUrls("Relays to pull events from"),
  PULL_INTERVAL: integer(
    60,
    60,
    86_400,
    "Seconds between two pulls of one upstream. After each failure the wait doubles, up to an hour",
  ),
  PULL_HISTORY: orWord(
    "all",
    integer(
      604_800,
      0,
      4_000_000_000,
      "How far back the first pull of an upstream goes, in seconds, but not beyond CREATED_AT_LOWER_LIMIT. A large relay has more events than one database holds",
    ),
  ),
  RELAY_SECRET_KEY: secretKey(
    "The secret key of the relay. Make one for the relay alone. With it the aggregator authenticates to upstreams that want it (NIP-42), and the relay writes alerts to RELAY_ADMINS. Set it as a secret of both: `npx wrangler secret put RELAY_SECRET_KEY --name tributary-aggregator`, and the same with `--name tributary`; with `npm start`, put it into the file of `--config`. Without it, such upstreams are not pulled and admins get no messages",
  ),
  SPEND_LIMIT: integer(
    0,
    0,
    1_000_000,
    "Dollars a month that the relay may cost on Cloudflare beyond the plan, as far as it can count them: requests, requests of objects, rows of D1 and operations of queues. Near the limit it stops pulling upstreams, then slows clients down, and from 95 % on serves only RELAY_ADMINS, until the month is over (docs/operating.md). CPU time, the duration of objects and storage are not counted. Set it for both Workers. 0: no limit",
  ),
  PROBE_INTERVAL: integer(
    900,
    0,
    86_400,
    "Seconds between two tests of the relay by itself, in whole minutes: it publishes two events that nobody else sees, and reads them back. A month of tests every 15 minutes writes 32,000 rows of D1 (3 cents, if the plan does not include them). 0: no tests",
  ),
  ALERT_WEBHOOK: {
    ...httpUrl(
      "Where the relay sends alerts, as JSON with POST: the address of a webhook of Slack, Discord, Mattermost or your own. Set it as a secret: `npx wrangler secret put ALERT_WEBHOOK --name tributary`. Empty: no webhook",
    ),
    isSecret: true,
  },
  METRICS_TOKEN: secret(
    "The token for /metrics, sent as `Authorization: Bearer TOKEN`. Set it as a secret: `npx wrangler secret put METRICS_TOKEN`. Without it, only programs on the relay's own machine and admins (NIP-98) can read /metrics",
  ),
  COUNTS_INTERVAL: integer(
    10,
    1,
    60,
    "How long a hub or a Worker gathers counts before it sends them, in seconds. Each time takes a request, which the Workers Free plan has few of. Counts that are not sent when a hub or Worker is reset, as by a deployment, are lost. `npm start` sets 1",
  ),
  TRACER: choice(
    ["zipkin", "cloudflare"],
    "Where traces are recorded. zipkin: by OpenTelemetry, at `ZIPKIN_URL` and `OTLP_URL`. cloudflare: in Cloudflare's own tracing, which has to be enabled in wrangler.toml",
  ),
  ZIPKIN_URL: httpUrl(
    "The Zipkin collector for traces, for example http://localhost:9411/api/v2/spans. Empty: no traces",
  ),
  OTLP_URL: httpUrl(
    "Where traces are sent as OTLP over HTTP in JSON, for example http://localhost:4318/v1/traces. Also beside ZIPKIN_URL. Empty: nothing is sent so",
  ),
  OTLP_HEADERS: headers(
    "Headers for OTLP_URL, such as a key of the collector. Set them as a secret of both Workers: `npx wrangler secret put OTLP_HEADERS --name tributary`, and the same with `--name tributary-aggregator`",
  ),
  TRACE_SLOW_MS: integer(
    1000,
    1,
    600_000,
    "A trace that is not sampled is sent all the same if it has failed, or if its part in one Worker or object took so many milliseconds. Work that no client waits for, such as a pull, may take 30 times as long",
  ),
  TRACE_URL: pageOfTrace(
    "The page of a trace, for `gettrace` and the admin page. {trace} stands for the id of the trace. Empty: the page of the Zipkin at ZIPKIN_URL",
  ),
  TRACE_SAMPLE_RATE: ratio(
    0.01,
    "The share of traces that is sent. 1: all, 0.1: one in ten. Every message of a client is a trace. `npm start` sets 1",
  ),
} as const satisfies Record<string, Setting<unknown>>;

type Settings = typeof SETTINGS;
export type SettingName = keyof Settings;
export type Config = { readonly [Name in SettingName]: Settings[Name] extends Setting<infer T> ? T : never };

type ParsedConfig = { ok: true; config: Config } | { ok: false; problems: string[] };

export function isSetting(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS, name);
}

/**
 * Parses settings. Returns all problems at once, each as a sentence. Ignores other names: an environment has bindings
 * too.
 */
export function parseConfig(env: Record<string, unknown>): ParsedConfig {
  const problems: string[] = [];
  const entries = Object.entries(SETTINGS).map(([name, setting]: [string, Setting<unknown>]) => {
    const given = env[name];
    if (given === undefined || given === "") return [name, setting.default];
    const parsed = typeof given === "string" ? setting.parse(given) : undefined;
    if (parsed !== undefined) return [name, parsed];
    const expected = typeof given === "string" ? setting.expected : "text";
    const shown = setting.isSecret ? "a secret that is not shown here" : JSON.stringify(given);
    problems.push(`${name} is ${shown}, expected ${expected}`);
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

/** A secret that is short enough for a header and too long to guess. */
function secret(about: string): Setting<string> {
  return {
    default: "",
    about,
    expected: "16 to 200 printable ASCII characters without spaces",
    parse: (given) => (/^[\x21-\x7e]{16,200}$/.test(given) ? given : undefined),
    isSecret: true,
  };
}

function secretKey(about: string): Setting<string> {
  return {
    default: "",
    about,
    expected: "a secret key in hex or nsec1…",
    parse: (given) => parseSecretKey(given.trim()),
    isSecret: true,
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

/** A setting that is also valid as a word. */
function orWord<T, const Word extends string>(word: Word, setting: Setting<T>): Setting<T | Word> {
  return {
    ...setting,
    expected: `${word} or ${setting.expected}`,
    parse: (given) => (given === word ? word : setting.parse(given)),
  };
}

/** One of several values. The first is the default. */
function choice<const T extends string>(values: readonly [T, ...T[]], about: string): Setting<T> {
  return {
    default: values[0],
    about,
    expected: values.filter(Boolean).join(" or "),
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
    expected: "a public key in hex or npub1…",
    parse: (given) => parsePublicKey(given.trim()),
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

function retention(fallback: string, about: string): Setting<string> {
  return {
    default: fallback,
    about,
    expected: "rules such as 7:86400,30000-39999:forever,*:2592000",
    parse: (given) => (parseRetention(given) ? given : undefined),
  };
}

function httpUrl(about: string): Setting<string> {
  return {
    default: "",
    about,
    expected: "an http:// or https:// address",
    parse: (given) => (URL.canParse(given) && /^https?:$/.test(new URL(given).protocol) ? given : undefined),
  };
}

/** In the form of OpenTelemetry's OTEL_EXPORTER_OTLP_HEADERS. */
function headers(about: string): Setting<string> {
  return {
    default: "",
    about,
    expected: "headers such as x-key=abc,x-team=relays, with reserved characters percent-encoded",
    parse: (given) => (parseHeaders(given) ? given : undefined),
    isSecret: true,
  };
}

function pageOfTrace(about: string): Setting<string> {
  return {
    default: "",
    about,
    expected: "an address such as https://zipkin.example/zipkin/traces/{trace}",
    parse: (given) =>
      given.includes("{trace}") && URL.canParse(given) && /^https?:$/.test(new URL(given).protocol)
        ? given
        : undefined,
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
      const urls = given.split(",").map((part) => normalizeUpstreamUrl(part.trim()));
      return urls.every((url) => url !== undefined) ? [...new Set(urls)] : undefined;
    },
  };
}
