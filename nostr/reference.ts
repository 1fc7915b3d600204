/** Decodes NIP-19 for filters and tags: npub1… becomes a key in hex, naddr1… becomes kind:pubkey:d. */
import { decode } from "nostr-tools/nip19";
import { isHex64 } from "./event.ts";

export interface Reference {
  /** Hex, or kind:pubkey:d. */
  value: string;
  /** Relays that may have it; may be empty. */
  relays: readonly string[];
  /** The event's author, if the text contains it. */
  author?: string | undefined;
}

type Decoded = ReturnType<typeof decode>;

export interface ReferenceForm {
  /** For people: the accepted forms. */
  expected: string;
  isPlain(text: string): boolean;
  read(decoded: Decoded): Reference | undefined;
}

const isAddress = (text: string) => /^\d{1,5}:[0-9a-f]{64}(:|$)/.test(text);

export const PUBKEY: ReferenceForm = {
  expected: "64 lower-case hex characters, npub1… or nprofile1…",
  isPlain: isHex64,
  read({ type, data }) {
    if (type === "npub") return { value: data, relays: [] };
    return type === "nprofile" ? { value: data.pubkey, relays: data.relays ?? [] } : undefined;
  },
};

export const EVENT_ID: ReferenceForm = {
  expected: "64 lower-case hex characters, note1… or nevent1…",
  isPlain: isHex64,
  read({ type, data }) {
    if (type === "note") return { value: data, relays: [] };
    if (type !== "nevent") return undefined;
    return { value: data.id, relays: data.relays ?? [], author: data.author };
  },
};

const ADDRESS: ReferenceForm = {
  expected: "kind:pubkey:d or naddr1…",
  isPlain: isAddress,
  read({ type, data }) {
    if (type !== "naddr") return undefined;
    const { kind, pubkey, identifier, relays = [] } = data;
    return { value: `${kind}:${pubkey}:${identifier}`, relays, author: pubkey };
  },
};

const QUOTED: ReferenceForm = {
  expected: "64 lower-case hex characters, kind:pubkey:d, note1…, nevent1… or naddr1…",
  isPlain: (text) => isHex64(text) || isAddress(text),
  read: (decoded) => EVENT_ID.read(decoded) ?? ADDRESS.read(decoded),
};

/** Forms by the letter of a tag, which may be upper-case (NIP-22). */
const FORMS: Record<string, ReferenceForm> = { e: EVENT_ID, p: PUBKEY, a: ADDRESS, q: QUOTED };

/** Returns the form of a tag's value; undefined if any text is valid. */
export function formOfTag(name: string): ReferenceForm | undefined {
  return name.length === 1 ? FORMS[name.toLowerCase()] : undefined;
}

/** Parses a reference; undefined if the text has none of the forms. */
export function parseReference(text: string, form: ReferenceForm): Reference | undefined {
  if (form.isPlain(text)) return { value: text, relays: [] };
  try {
    return form.read(decode(text.replace(/^nostr:/, "")));
  } catch {
    return undefined;
  }
}
