/** What each method of the management API (NIP-86) answers, or changes. */
import { ipMatcher } from "../nostr/ip-address.ts";
import { type Call, type MethodName, METHODS, type Values } from "../nostr/management.ts";
import { SETTINGS } from "../relay/config.ts";
import type { CHANGEABLE } from "../relay/moderation.ts";
import type { Change, ListName, ModerationStore } from "../store/moderation.ts";

export type Decision =
  | { kind: "answer"; result: unknown }
  /** `emptied`: the key whose events are removed when that is done. */
  | { kind: "change"; changes: Change[]; emptied?: string }
  /** Understood, and not done. */
  | { kind: "refuse"; reason: string };

export interface Asked {
  store: Pick<ModerationStore, "list" | "roles" | "reportedEvents" | "auditLog">;
  /** These keys are never banned. */
  admins: readonly string[];
  /** Where the caller connects from; undefined when the platform does not tell. */
  ip: string | undefined;
  /** Unix seconds. */
  now: number;
}

const MOST_REPORTED = 500;
const MOST_AUDITED = 1000;

type Method<Name extends MethodName> = (values: Values<Name>, asked: Asked) => Decision | Promise<Decision>;

const DECISIONS: { [Name in MethodName]: Method<Name> } = {
  supportedmethods: () => answer(Object.keys(METHODS)),

  banpubkey: ([pubkey, reason], { admins }) =>
    admins.includes(pubkey)
      ? refuse(`${pubkey} is an admin: take it out of RELAY_ADMINS first`)
      : { ...change(add("banned-pubkey", pubkey, reason)), emptied: pubkey },
  unbanpubkey: ([pubkey]) => change(remove("banned-pubkey", pubkey)),
  listbannedpubkeys: (_, { store }) => list(store, "banned-pubkey", "pubkey"),

  allowpubkey: ([pubkey, reason]) => change(add("allowed-pubkey", pubkey, reason)),
  unallowpubkey: ([pubkey]) => change(remove("allowed-pubkey", pubkey)),
  listallowedpubkeys: (_, { store }) => list(store, "allowed-pubkey", "pubkey"),

  createrole: async ([id, label, description, color, order], { store }) =>
    (await hasRole(store, id))
      ? refuse(`there is a role ${JSON.stringify(id)} already, editrole changes it`)
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

  changerelayname: ([name]) => set("RELAY_NAME", name),
  changerelaydescription: ([description]) => set("RELAY_DESCRIPTION", description),
  changerelayicon: ([icon]) => set("RELAY_ICON", icon),
  changewriteaccess: ([access]) => set("WRITE_ACCESS", access),
  changereadaccess: ([access]) => set("READ_ACCESS", access),

  allowkind: ([kind, reason]) => change({ do: "allow-kind", kind: String(kind), reason }),
  disallowkind: ([kind, reason]) =>
    change(remove("allowed-kind", String(kind)), add("disallowed-kind", String(kind), reason)),
  listallowedkinds: (_, { store }) => kinds(store, "allowed-kind"),
  listdisallowedkinds: (_, { store }) => kinds(store, "disallowed-kind"),

  blockip: ([range, reason], { ip }) =>
    ip !== undefined && ipMatcher([range])(ip)
      ? refuse(`${range} is where you are calling from: you would lock yourself out`)
      : change(add("blocked-ip", range, reason)),
  unblockip: ([range]) => change(remove("blocked-ip", range)),
  listblockedips: (_, { store }) => list(store, "blocked-ip", "ip"),

  listauditlog: async (_, { store }) => answer(await store.auditLog(MOST_AUDITED)),
};

export async function decide({ method, values }: Call, asked: Asked): Promise<Decision> {
  const decideOn: (values: never, asked: Asked) => Decision | Promise<Decision> = DECISIONS[method];
  // `parseCall` has made the values that this method takes.
  return decideOn(values as never, asked);
}

function answer(result: unknown): Decision {
  return { kind: "answer", result };
}

function change(...changes: Change[]) {
  return { kind: "change" as const, changes };
}

function refuse(reason: string): Decision {
  return { kind: "refuse", reason };
}

function add(list: ListName, subject: string, reason: string): Change {
  return { do: "add", list, subject, reason };
}

function remove(list: ListName, subject: string): Change {
  return { do: "remove", list, subject };
}

/** Within the bounds that the setting has wherever it comes from. */
function set(setting: (typeof CHANGEABLE)[number], value: string): Decision {
  const { parse, expected } = SETTINGS[setting];
  return parse(value) === undefined
    ? refuse(`${setting} is ${JSON.stringify(value)}, expected ${expected}`)
    : change({ do: "set", setting, value });
}

/** As NIP-86 writes lists. */
async function list(store: Asked["store"], name: ListName, field: "pubkey" | "id" | "ip"): Promise<Decision> {
  const entries = await store.list(name);
  return answer(entries.map(({ subject, reason }) => ({ [field]: subject, reason })));
}

async function kinds(store: Asked["store"], name: ListName): Promise<Decision> {
  const entries = await store.list(name);
  return answer(entries.map(({ subject }) => Number(subject)).toSorted((a, b) => a - b));
}

async function hasRole(store: Asked["store"], id: string): Promise<boolean> {
  return (await store.roles()).some((role) => role.id === id);
}

function noRole(id: string): string {
  return `there is no role ${JSON.stringify(id)}, createrole makes one`;
}
