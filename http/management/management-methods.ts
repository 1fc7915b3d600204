/** What each method of the management API (NIP-86) answers or changes. */
import { ipMatcher } from "../../nostr/ip-address.ts";
import { type Call, type MethodName, METHODS } from "../../nostr/management.ts";
import type { Change, ListName } from "../../store/moderation/moderation.ts";
import { answer, type Asked, change, type Decision, type Method, refuse } from "../decision.ts";
import { ALERT_DECISIONS } from "./management-alerts.ts";
import { LETTER_DECISIONS } from "./management-letters.ts";
import { OUTBOX_DECISIONS } from "./management-outbox.ts";
import { SETTING_DECISIONS } from "./management-settings.ts";
import { TRACE_DECISIONS } from "./management-traces.ts";
import { UPSTREAM_DECISIONS } from "./management-upstreams.ts";

const MOST_REPORTED = 500;
const MOST_AUDITED = 1000;

const DECISIONS: { [Name in MethodName]: Method<Name> } = {
  supportedmethods: () => answer(Object.keys(METHODS)),

  banpubkey: ([pubkey, reason], { config }) =>
    config.RELAY_ADMINS.includes(pubkey)
      ? refuse(`${pubkey} is an admin: remove it from RELAY_ADMINS first`)
      : { ...change(add("banned-pubkey", pubkey, reason), { do: "empty", pubkey }), emptied: pubkey },
  unbanpubkey: ([pubkey]) => change(remove("banned-pubkey", pubkey)),
  listbannedpubkeys: (_, { store }) => list(store, "banned-pubkey", "pubkey"),

  allowpubkey: ([pubkey, reason]) =>
    change(remove("banned-pubkey", pubkey), add("allowed-pubkey", pubkey, reason)),
  unallowpubkey: ([pubkey]) => change(remove("allowed-pubkey", pubkey)),
  listallowedpubkeys: (_, { store }) => list(store, "allowed-pubkey", "pubkey"),

  createrole: async ([id, label, description, color, order], { store }) =>
    (await hasRole(store, id))
      ? refuse(`the role ${JSON.stringify(id)} already exists: change it with editrole`)
      : change({ do: "put-role", role: { id, label, description, color, order } }),
  editrole: async ([id, label, description, color, order], { store }) =>
    (await hasRole(store, id))
      ? change({ do: "put-role", role: { id, label, description, color, order } })
      : refuse(noRole(id)),
  deleterole: ([id]) => change({ do: "delete-role", id }),
  assignrole: async ([pubkey, role], { store }) =>
    (await hasRole(store, role)) ? change({ do: "assign", role, pubkey }) : refuse(noRole(role)),
  unassignrole: ([pubkey, role]) => change({ do: "unassign", role, pubkey }),
  listroles: async (_, { store }) => answer(await store.roles()),

  listeventsneedingmoderation: async (_, { store, now }) =>
    answer(await store.reportedEvents(now, MOST_REPORTED)),
  allowevent: ([id, reason]) => change(remove("banned-event", id), add("allowed-event", id, reason)),
  banevent: ([id, reason]) =>
    change(remove("allowed-event", id), add("banned-event", id, reason), { do: "remove-event", id }),
  listbannedevents: (_, { store }) => list(store, "banned-event", "id"),
  listallowedevents: (_, { store }) => list(store, "allowed-event", "id"),

  allowkind: ([kind, reason], { store }) =>
    changeKinds(store, remove("disallowed-kind", String(kind)), add("allowed-kind", String(kind), reason)),
  unallowkind: ([kind], { store }) => changeKinds(store, remove("allowed-kind", String(kind))),
  disallowkind: ([kind, reason], { store }) =>
    changeKinds(store, remove("allowed-kind", String(kind)), add("disallowed-kind", String(kind), reason)),
  undisallowkind: ([kind], { store }) => changeKinds(store, remove("disallowed-kind", String(kind))),
  listallowedkinds: (_, { store }) => kinds(store, "allowed-kind"),
  listdisallowedkinds: (_, { store }) => kinds(store, "disallowed-kind"),

  blockip: ([range, reason], { ip }) =>
    ip !== undefined && ipMatcher([range])(ip)
      ? refuse(`${range} contains your own address: you would lock yourself out`)
      : change(add("blocked-ip", range, reason)),
  unblockip: ([range]) => change(remove("blocked-ip", range)),
  listblockedips: (_, { store }) => list(store, "blocked-ip", "ip"),

  listauditlog: async (_, { store }) => answer(await store.auditLog(MOST_AUDITED)),

  ...UPSTREAM_DECISIONS,
  ...OUTBOX_DECISIONS,
  ...LETTER_DECISIONS,
  ...TRACE_DECISIONS,
  ...SETTING_DECISIONS,
  ...ALERT_DECISIONS,
};

export async function decide({ method, values }: Call, asked: Asked): Promise<Decision> {
  const decideOn: (values: never, asked: Asked) => Decision | Promise<Decision> = DECISIONS[method];
  // `parseCall` has parsed the values for this method.
  return decideOn(values as never, asked);
}

function add(list: ListName, subject: string, reason: string): Change {
  return { do: "add", list, subject, reason };
}

function remove(list: ListName, subject: string): Change {
  return { do: "remove", list, subject };
}

/** Answers a list in the form of NIP-86. */
async function list(store: Asked["store"], name: ListName, field: "pubkey" | "id" | "ip"): Promise<Decision> {
  const entries = await store.list(name);
  return answer(entries.map(({ subject, reason }) => ({ [field]: subject, reason })));
}

/**
 * Changes kinds. Answers which kinds are accepted now, because a similar call can close the relay to nearly
 * everything.
 */
function changeKinds(store: Asked["store"], ...changes: Change[]): Decision {
  return { ...change(...changes), holds: () => acceptedKinds(store) };
}

async function acceptedKinds(store: Asked["store"]): Promise<string> {
  const only = await listedKinds(store, "allowed-kind");
  if (only.length > 0) return `only these kinds are accepted: ${only.join(", ")}`;
  const not = await listedKinds(store, "disallowed-kind");
  return not.length > 0 ? `all kinds are accepted except ${not.join(", ")}` : "all kinds are accepted";
}

async function kinds(store: Asked["store"], name: ListName): Promise<Decision> {
  return answer(await listedKinds(store, name));
}

async function listedKinds(store: Asked["store"], name: ListName): Promise<number[]> {
  const entries = await store.list(name);
  return entries.map(({ subject }) => Number(subject)).toSorted((a, b) => a - b);
}

async function hasRole(store: Asked["store"], id: string): Promise<boolean> {
  return (await store.roles()).some((role) => role.id === id);
}

function noRole(id: string): string {
  return `there is no role ${JSON.stringify(id)}: create it with createrole`;
}
