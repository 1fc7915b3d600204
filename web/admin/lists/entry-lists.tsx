/** The lists of keys, events and addresses: what each means, and how its entries are added and removed. */
import type { ComponentChildren } from "preact";
import { normalizeIpRange } from "../../../nostr/ip-address.ts";
import type { MethodName } from "../../../nostr/management.ts";
import { EVENT_ID, parseReference, PUBKEY } from "../../../nostr/reference.ts";
import { eventPath, shortId } from "../../parts/links.ts";
import { Person } from "../parts/person.tsx";
import { placeHref } from "../parts/place.ts";

export interface Entry {
  subject: string;
  reason: string;
}

interface Change {
  method: MethodName;
  label: string;
  title: string;
  text: string;
  said(subject: string): string;
}

export interface ListOfEntries {
  id: string;
  title: string;
  about: string;
  list:
    | "listbannedpubkeys"
    | "listallowedpubkeys"
    | "listbannedevents"
    | "listallowedevents"
    | "listblockedips";
  /** Of the field for a new entry. */
  label: string;
  expected: string;
  parse(text: string): string | undefined;
  show(subject: string): ComponentChildren;
  /** What opens the form for a new entry. */
  open: string;
  add: Change;
  remove: Change;
  isDanger: boolean;
}

const KEY = {
  label: "Public key",
  expected: "npub1…, nprofile1… or 64 characters of hex",
  parse: (text: string) => parseReference(text.trim(), PUBKEY)?.value,
  show: (pubkey: string) => <Person pubkey={pubkey} />,
};

const EVENT = {
  label: "Event",
  expected: "note1…, nevent1… or 64 characters of hex",
  parse: (text: string) => parseReference(text.trim(), EVENT_ID)?.value,
  show: (id: string) => (
    <span class="row">
      <a class="mono" href={placeHref("find", "event", id)}>
        {shortId(id)}
      </a>
      <a class="quiet" href={eventPath(id)}>
        page
      </a>
    </span>
  ),
};

export const LISTS: ListOfEntries[] = [
  {
    id: "banned-keys",
    title: "Banned keys",
    about: "Nothing by these keys is stored. A ban takes precedence over the allow-list.",
    list: "listbannedpubkeys",
    open: "Ban a key",
    ...KEY,
    isDanger: true,
    add: {
      method: "banpubkey",
      label: "Ban the key",
      title: "Ban this key?",
      text: "All of its events are removed from this relay, and new ones are refused. If you lift the ban later, the removed events stay removed.",
      said: () => "The key is banned and its events are removed.",
    },
    remove: {
      method: "unbanpubkey",
      label: "Lift the ban",
      title: "Lift this ban?",
      text: "The key can publish here again. Its removed events stay removed.",
      said: () => "The ban is lifted.",
    },
  },
  {
    id: "allowed-keys",
    title: "Allow-list",
    about:
      "These keys may write, or read, if the settings limit that to the allow-list. What they have published is also kept longer when it comes from upstreams.",
    list: "listallowedpubkeys",
    open: "Add a key",
    ...KEY,
    isDanger: false,
    add: {
      method: "allowpubkey",
      label: "Add to the allow-list",
      title: "Add this key?",
      text: "The key is added to the allow-list. If it is banned, the ban is lifted.",
      said: () => "The key is on the allow-list.",
    },
    remove: {
      method: "unallowpubkey",
      label: "Remove",
      title: "Remove this key from the allow-list?",
      text: "If only the allow-list may write or read, this key no longer can. Its events stay.",
      said: () => "The key is removed from the allow-list.",
    },
  },
  {
    id: "banned-events",
    title: "Banned events",
    about: "These events are removed and refused, no matter who sends them.",
    list: "listbannedevents",
    open: "Ban an event",
    ...EVENT,
    isDanger: true,
    add: {
      method: "banevent",
      label: "Ban the event",
      title: "Ban this event?",
      text: "The event is removed from this relay, and refused from then on. If you lift the ban later, it comes back only when someone sends it again.",
      said: () => "The event is banned and removed.",
    },
    remove: {
      method: "allowevent",
      label: "Lift the ban",
      title: "Lift this ban?",
      text: "The event is accepted again when someone sends it, and reports of it are not shown any more.",
      said: () => "The ban is lifted. The event comes back when someone sends it again.",
    },
  },
  {
    id: "allowed-events",
    title: "Kept events",
    about: "Reports of these events are not shown any more: an admin has decided to keep them.",
    list: "listallowedevents",
    open: "Keep an event",
    ...EVENT,
    isDanger: false,
    add: {
      method: "allowevent",
      label: "Keep the event",
      title: "Keep this event?",
      text: "Reports of the event are not shown any more. If it is banned, the ban is lifted.",
      said: () => "Reports of the event are not shown any more.",
    },
    remove: {
      method: "banevent",
      label: "Ban",
      title: "Ban this event instead?",
      text: "The event is removed from this relay, and refused from then on.",
      said: () => "The event is banned and removed.",
    },
  },
  {
    id: "addresses",
    title: "Blocked addresses",
    about: "Connections and requests from these addresses are refused.",
    list: "listblockedips",
    open: "Block an address",
    label: "IP address or range",
    expected: "an IPv4 or IPv6 address, or a range such as 192.0.2.0/24",
    parse: (text) => normalizeIpRange(text.trim()),
    show: (ip) => <code>{ip}</code>,
    isDanger: true,
    add: {
      method: "blockip",
      label: "Block",
      title: "Block this address?",
      text: "Open connections from it are closed, and new ones are refused. Many people may share an address: a company, a university, a mobile network.",
      said: (ip) => `${ip} is blocked.`,
    },
    remove: {
      method: "unblockip",
      label: "Unblock",
      title: "Unblock this address?",
      text: "Connections from it are accepted again.",
      said: (ip) => `${ip} is not blocked any more.`,
    },
  },
];

/** Reads the entries of any of the lists. */
export function entryOf(listed: { reason: string; pubkey?: string; id?: string; ip?: string }): Entry {
  return { subject: listed.pubkey ?? listed.id ?? listed.ip ?? "", reason: listed.reason };
}
