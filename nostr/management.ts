/** The management API (NIP-86): methods, their parameters, and how a call is parsed. */
import { firstCharacters } from "./characters.ts";
import { isHex64 } from "./event.ts";
import { normalizeIpRange } from "./ip-address.ts";
import { normalizeUpstreamUrl } from "./relay-url.ts";

interface Param<T> {
  /** For people: the valid values. */
  expected: string;
  /** Undefined if the value is not valid. */
  parse(value: unknown): T | undefined;
  /** The default. A parameter without a default is required. */
  otherwise?: T;
}

/** Settings of an upstream are in the audit log and in one row of the database. */
const LONGEST_SETTINGS = 100_000;

/** Which dead letters a call is about. */
export type LetterChoice =
  | { by: "all" }
  | { by: "upstream"; upstream: string }
  | { by: "ids"; ids: number[] };

const MOST_LETTERS = 1000;

/** Who may read or write: everybody, authenticated clients, or keys on the allow-list. */
export type Access = "open" | "auth" | "allow";

export const PARAMS = {
  pubkey: param("64 lower-case hex characters", (value) => (isHex64(value) ? value : undefined)),
  event: param("64 lower-case hex characters", (value) => (isHex64(value) ? value : undefined)),
  kind: param("a number from 0 to 65535", integer(0, 65_535)),
  ip: param("an IPv4 or IPv6 address, or a range like 192.0.2.0/24", (value) =>
    typeof value === "string" ? normalizeIpRange(value) : undefined,
  ),
  role: param("text of 1 to 64 characters", text(64, 1)),
  name: param("text of at most 2000 characters", text(2000)),
  description: param("text of at most 2000 characters", text(2000)),
  icon: param("the http(s) address of a picture, or empty text", url),
  access: param<Access>("open, auth or allow", (value) =>
    value === "open" || value === "auth" || value === "allow" ? value : undefined,
  ),
  reason: param("text of at most 500 characters", text(500), ""),
  label: param("text of at most 100 characters", text(100), ""),
  about: param("text of at most 500 characters", text(500), ""),
  color: param<number | null>("a hue, a number from 0 to 360", integer(0, 360), null),
  order: param<number | null>("a number", integer(-1_000_000, 1_000_000), null),
  upstream: param("a ws:// or wss:// address without a user name or password", upstreamUrl),
  settings: param<object>(`a JSON object of at most ${LONGEST_SETTINGS} characters`, settings, {}),
  since: param("a time in Unix seconds", integer(0, 9_999_999_999)),
  until: param<number | null>("a time in Unix seconds", integer(0, 9_999_999_999), null),
  limit: param(`a number from 1 to ${MOST_LETTERS}`, integer(1, MOST_LETTERS), 100),
  from: param<string | null>("the address of an upstream", upstreamUrl, null),
  after: param<number | null>("the id of a dead letter", integer(1, Number.MAX_SAFE_INTEGER), null),
  letter: param("the id of a dead letter", integer(1, Number.MAX_SAFE_INTEGER)),
  letters: param(
    `all, the address of an upstream, or at most ${MOST_LETTERS} ids such as 7 or 7,8`,
    letterChoice,
  ),
} as const;

export type ParamName = keyof typeof PARAMS;

interface MethodDescription {
  params: readonly ParamName[];
  /** For people: what it does. */
  about: string;
}

/** The methods of NIP-86 and, at the end, this relay's own. */
export const METHODS = {
  supportedmethods: { params: [], about: "lists the methods" },
  banpubkey: { params: ["pubkey", "reason"], about: "removes all events of a key, and refuses new ones" },
  unbanpubkey: {
    params: ["pubkey", "reason"],
    about: "lifts the ban of a key; its removed events stay removed",
  },
  listbannedpubkeys: { params: [], about: "lists banned keys" },
  allowpubkey: {
    params: ["pubkey", "reason"],
    about: "adds a key to the allow-list (used if who may read or write is set to allow), and lifts a ban",
  },
  unallowpubkey: { params: ["pubkey", "reason"], about: "removes a key from the allow-list" },
  listallowedpubkeys: { params: [], about: "lists the keys on the allow-list" },
  createrole: {
    params: ["role", "label", "about", "color", "order"],
    about: "creates a role: a label for keys, which gives no rights. color is a hue from 0 to 360",
  },
  editrole: {
    params: ["role", "label", "about", "color", "order"],
    about: "changes the description of a role",
  },
  deleterole: { params: ["role"], about: "deletes a role, and removes it from the keys that have it" },
  assignrole: { params: ["pubkey", "role"], about: "gives a role to a key" },
  unassignrole: { params: ["pubkey", "role"], about: "removes a role from a key" },
  listeventsneedingmoderation: {
    params: [],
    about: "lists reported events (kind 1984) that no admin has decided on",
  },
  allowevent: {
    params: ["event", "reason"],
    about: "takes an event off the list of reported events and keeps it, or lifts its ban",
  },
  banevent: { params: ["event", "reason"], about: "removes an event, and refuses it from then on" },
  listbannedevents: { params: [], about: "lists banned events" },
  changerelayname: { params: ["name"], about: "changes the name in the relay document (NIP-11)" },
  changerelaydescription: { params: ["description"], about: "changes the description in the relay document" },
  changerelayicon: { params: ["icon"], about: "changes the icon in the relay document; empty text: no icon" },
  allowkind: {
    params: ["kind", "reason"],
    about:
      "adds a kind to the list of allowed kinds, and lifts a ban; if the list is not empty, all other kinds are refused",
  },
  disallowkind: { params: ["kind", "reason"], about: "bans a kind: refuses its events" },
  listallowedkinds: { params: [], about: "lists the allowed kinds; an empty list allows all kinds" },
  blockip: { params: ["ip", "reason"], about: "closes the connections of an address, and refuses new ones" },
  unblockip: { params: ["ip", "reason"], about: "accepts connections from an address again" },
  listblockedips: { params: [], about: "lists blocked addresses" },
  listallowedevents: { params: [], about: "lists the events that allowevent was called for" },
  unallowkind: {
    params: ["kind", "reason"],
    about: "removes a kind from the list of allowed kinds; does not ban it",
  },
  undisallowkind: {
    params: ["kind", "reason"],
    about: "lifts the ban of a kind; does not add it to the list of allowed kinds",
  },
  listdisallowedkinds: { params: [], about: "lists banned kinds" },
  listroles: { params: [], about: "lists the roles, and the keys that have them" },
  changewriteaccess: {
    params: ["access"],
    about: "changes who may write: everybody (open), authenticated keys (auth) or the allow-list (allow)",
  },
  changereadaccess: {
    params: ["access"],
    about: "changes who may read: everybody (open), authenticated keys (auth) or the allow-list (allow)",
  },
  listsettings: {
    params: [],
    about: "lists all settings: value, default, what it does, and the method that changes it; never a secret",
  },
  listupstreams: {
    params: [],
    about: "lists the relays that events are pulled from: settings, last success and failure, lag, gaps",
  },
  addupstream: {
    params: ["upstream", "settings"],
    about:
      "pulls another relay: everything, or what the settings say (filters, direction, interval, history)",
  },
  changeupstream: {
    params: ["upstream", "settings"],
    about: "changes the settings that are given; null restores the default",
  },
  removeupstream: {
    params: ["upstream"],
    about: "stops pulling a relay, and forgets how far it was pulled; its events stay",
  },
  pauseupstream: { params: ["upstream"], about: "stops pulling a relay until resumeupstream" },
  resumeupstream: { params: ["upstream"], about: "pulls a paused relay again, from where it stopped" },
  backfillupstream: {
    params: ["upstream", "since", "until"],
    about: "asks a relay again for what was created between two times; without until: up to now",
  },
  listoutboxes: {
    params: [],
    about: "lists the keys whose follows are pulled from where they write (NIP-65), and what was found",
  },
  addoutbox: {
    params: ["pubkey"],
    about: "pulls all that a key follows from the relays where they write (NIP-65), and the key itself",
  },
  removeoutbox: { params: ["pubkey"], about: "stops pulling what a key follows; the events stay" },
  listdeadletters: {
    params: ["limit", "from", "after"],
    about:
      "lists events of upstreams that could not be stored, the latest first; after: goes on behind that one",
  },
  showdeadletter: { params: ["letter"], about: "shows a dead letter with the event as it came" },
  redrivedeadletters: { params: ["letters"], about: "tries dead letters again, within about a minute" },
  purgedeadletters: { params: ["letters"], about: "removes dead letters" },
  gettrace: {
    params: ["event"],
    about: "finds the trace of an event: its id and the address of its page; null if they are not known",
  },
  testalert: {
    params: [],
    about: "sends a test alert to the webhook and to the admins, and says what became of each",
  },
  listauditlog: { params: [], about: "lists the last 1000 changes: who, when, what, and the outcome" },
} as const satisfies Record<string, MethodDescription>;

export type MethodName = keyof typeof METHODS;

type ValueOf<Name> = Name extends ParamName
  ? (typeof PARAMS)[Name] extends Param<infer T>
    ? T
    : never
  : never;

type ValuesOf<Names extends readonly ParamName[]> = { -readonly [At in keyof Names]: ValueOf<Names[At]> };

/** The types of a method's parsed parameters, in order. */
export type Values<Name extends MethodName> = ValuesOf<(typeof METHODS)[Name]["params"]>;

export interface Call {
  method: MethodName;
  /** The parsed parameters: `Values` of this method. */
  values: unknown[];
  /** The parameters as they were sent. */
  params: unknown[];
}

type ParsedCall = { ok: true; call: Call } | { ok: false; reason: string };

export function isMethod(name: string): name is MethodName {
  return Object.hasOwn(METHODS, name);
}

/** Parses the body of a request, `{method, params}`. */
export function parseCall(body: unknown): ParsedCall {
  const { method, params = [] } = (typeof body === "object" && body !== null ? body : {}) as {
    method?: unknown;
    params?: unknown;
  };
  if (typeof method !== "string" || !Array.isArray(params))
    return refused("a call is an object with method, a text, and params, a list");
  if (!isMethod(method)) {
    return refused(
      `there is no method ${JSON.stringify(firstCharacters(method, 80))}, supportedmethods lists all`,
    );
  }
  const names: readonly ParamName[] = METHODS[method].params;
  if (params.length > names.length)
    return refused(`${method} takes ${names.length} parameters, and there are ${params.length}`);
  const values: unknown[] = [];
  for (const [at, name] of names.entries()) {
    const value = parseParam(name, params[at]);
    if (value === undefined) {
      return refused(`${name} is ${quoted(params[at])}, expected ${PARAMS[name].expected}`);
    }
    values.push(value);
  }
  return { ok: true, call: { method, values, params } };
}

function parseParam(name: ParamName, given: unknown): unknown {
  const { parse, otherwise }: Param<unknown> = PARAMS[name];
  return given === undefined || given === null ? otherwise : parse(given);
}

function param<T>(expected: string, parse: (value: unknown) => T | undefined, otherwise?: T): Param<T> {
  return { expected, parse, ...(otherwise !== undefined && { otherwise }) };
}

function text(longest: number, shortest = 0) {
  return (value: unknown) =>
    typeof value === "string" &&
    value.isWellFormed() &&
    value.length >= shortest &&
    Array.from(value).length <= longest
      ? value
      : undefined;
}

/** Parses an integer. Clients send numbers and strings of digits. */
function integer(least: number, most: number) {
  return (value: unknown) => {
    const number = typeof value === "string" && /^-?\d{1,10}$/.test(value) ? Number(value) : value;
    return Number.isSafeInteger(number) && (number as number) >= least && (number as number) <= most
      ? (number as number)
      : undefined;
  };
}

function url(value: unknown): string | undefined {
  if (typeof value !== "string" || value.length > 2000) return undefined;
  const isUrl = URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
  return value === "" || isUrl ? value : undefined;
}

function upstreamUrl(value: unknown): string | undefined {
  return typeof value === "string" && value.length <= 500 ? normalizeUpstreamUrl(value) : undefined;
}

/** Its fields are checked by the method, which says what is wrong with them. */
function settings(value: unknown): object | undefined {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject && JSON.stringify(value).length <= LONGEST_SETTINGS ? value : undefined;
}

function letterChoice(value: unknown): LetterChoice | undefined {
  if (value === "all") return { by: "all" };
  const upstream = upstreamUrl(value);
  if (upstream !== undefined) return { by: "upstream", upstream };
  const list: unknown[] = typeof value === "string" ? value.split(",") : [value].flat();
  if (list.length === 0 || list.length > MOST_LETTERS) return undefined;
  const ids = list.map(integer(1, Number.MAX_SAFE_INTEGER));
  return ids.every((id) => id !== undefined) ? { by: "ids", ids } : undefined;
}

function quoted(value: unknown): string {
  return value === undefined ? "missing" : (JSON.stringify(value)?.slice(0, 80) ?? typeof value);
}

function refused(reason: string): ParsedCall {
  return { ok: false, reason };
}
