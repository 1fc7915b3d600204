/** The management API (NIP-86): its methods, what each takes, and how a call is read. */
import { isHex64 } from "./event.ts";
import { normalizeIpRange } from "./ip-address.ts";

interface Param<T> {
  /** For people: which values it takes. */
  expected: string;
  /** Undefined when the value is none. */
  parse(value: unknown): T | undefined;
  /** What holds when it is left out; a parameter without this must be given. */
  otherwise?: T;
}

/** Where a relay lets in: everybody, those who have authenticated, or those on its list. */
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
} as const;

export type ParamName = keyof typeof PARAMS;

interface MethodDescription {
  params: readonly ParamName[];
  /** For people: what it does. */
  about: string;
}

/** NIP-86's own, and at the end what is ours. */
export const METHODS = {
  supportedmethods: { params: [], about: "lists all methods" },
  banpubkey: { params: ["pubkey", "reason"], about: "removes what a key has published, and takes no more" },
  unbanpubkey: { params: ["pubkey", "reason"], about: "takes new events of a banned key again" },
  listbannedpubkeys: { params: [], about: "lists banned keys" },
  allowpubkey: { params: ["pubkey", "reason"], about: "puts a key on the list of access mode allow" },
  unallowpubkey: { params: ["pubkey", "reason"], about: "takes a key off that list" },
  listallowedpubkeys: { params: [], about: "shows that list" },
  createrole: {
    params: ["role", "label", "about", "color", "order"],
    about: "makes a role",
  },
  editrole: {
    params: ["role", "label", "about", "color", "order"],
    about: "describes a role anew",
  },
  deleterole: { params: ["role"], about: "removes a role, and takes it from those who have it" },
  assignrole: { params: ["pubkey", "role"], about: "gives a role to a key" },
  unassignrole: { params: ["pubkey", "role"], about: "takes a role from a key" },
  listeventsneedingmoderation: { params: [], about: "lists reported events (kind 1984) not yet decided on" },
  allowevent: { params: ["event", "reason"], about: "decides that an event may stay, or may come again" },
  banevent: { params: ["event", "reason"], about: "removes an event, and does not take it again" },
  listbannedevents: { params: [], about: "lists banned events" },
  changerelayname: { params: ["name"], about: "changes the name in the relay document (NIP-11)" },
  changerelaydescription: { params: ["description"], about: "changes the description there" },
  changerelayicon: { params: ["icon"], about: "changes the icon there; empty: none" },
  allowkind: { params: ["kind", "reason"], about: "takes only the kinds allowed, or a disallowed one again" },
  disallowkind: { params: ["kind", "reason"], about: "takes no more events of a kind" },
  listallowedkinds: { params: [], about: "lists the only kinds taken; none: all" },
  blockip: { params: ["ip", "reason"], about: "closes the connections of an address, and takes no more" },
  unblockip: { params: ["ip", "reason"], about: "takes connections of an address again" },
  listblockedips: { params: [], about: "lists blocked addresses" },
  listallowedevents: { params: [], about: "lists reported events that may stay" },
  listdisallowedkinds: { params: [], about: "lists disallowed kinds" },
  listroles: { params: [], about: "lists roles, and who has them" },
  changewriteaccess: { params: ["access"], about: "changes who may write" },
  changereadaccess: { params: ["access"], about: "changes who may read" },
  listauditlog: { params: [], about: "lists the last 1000 changes: who, when, what, and the outcome" },
} as const satisfies Record<string, MethodDescription>;

export type MethodName = keyof typeof METHODS;

type ValueOf<Name> = Name extends ParamName
  ? (typeof PARAMS)[Name] extends Param<infer T>
    ? T
    : never
  : never;

type ValuesOf<Names extends readonly ParamName[]> = { -readonly [At in keyof Names]: ValueOf<Names[At]> };

/** What a method's parameters come to, in their order. */
export type Values<Name extends MethodName> = ValuesOf<(typeof METHODS)[Name]["params"]>;

export interface Call {
  method: MethodName;
  /** `Values` of this method. */
  values: unknown[];
  /** As they were given. */
  params: unknown[];
}

export type ParsedCall = { ok: true; call: Call } | { ok: false; reason: string };

export function isMethod(name: string): name is MethodName {
  return Object.hasOwn(METHODS, name);
}

/** Reads a request's body, which is `{method, params}`. */
export function parseCall(body: unknown): ParsedCall {
  const { method, params = [] } = (typeof body === "object" && body !== null ? body : {}) as {
    method?: unknown;
    params?: unknown;
  };
  if (typeof method !== "string" || !Array.isArray(params))
    return refused("a call is an object with method, a text, and params, a list");
  if (!isMethod(method)) {
    return refused(`there is no method ${JSON.stringify(method.slice(0, 80))}, supportedmethods lists all`);
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

/** A number, or its digits: clients send both. */
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

function quoted(value: unknown): string {
  return value === undefined ? "missing" : (JSON.stringify(value)?.slice(0, 80) ?? typeof value);
}

function refused(reason: string): ParsedCall {
  return { ok: false, reason };
}
