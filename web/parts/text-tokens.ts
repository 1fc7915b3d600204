/** Splits the text of a note into plain text, links, mentions and hashtags. */
import { decode } from "nostr-tools/nip19";
import { safeUrl } from "./safe-url.ts";

export type Token =
  | { kind: "text"; text: string }
  | { kind: "link"; url: URL }
  | { kind: "hashtag"; tag: string }
  | { kind: "person"; pubkey: string }
  /** `code` is the NIP-19 text, such as note1…. */
  | { kind: "event"; code: string };

/** In characters. Longer codes contain many relays, which are not needed. */
const LONGEST_CODE = 1000;
const PATTERN =
  /(?<url>https?:\/\/[^\s<>"'`]+)|nostr:(?<code>(?:npub|nprofile|note|nevent|naddr)1[02-9ac-hj-np-z]+)|(?<![\p{L}\p{N}_&/])#(?<tag>[\p{L}\p{N}_]{1,60})/giu;
const TRAILING = /[.,;:!?\])}*_]+$/;

/** What comes after so many links, mentions and hashtags stays text, so that no event makes a page slow. */
const MOST_MATCHES = 500;

export function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let end = 0;
  let matches = 0;
  for (const match of text.matchAll(PATTERN)) {
    matches += 1;
    if (matches > MOST_MATCHES) break;
    const found = tokenOf(match);
    if (!found) continue;
    if (match.index > end) tokens.push({ kind: "text", text: text.slice(end, match.index) });
    tokens.push(found.token);
    end = match.index + found.length;
  }
  if (end < text.length) tokens.push({ kind: "text", text: text.slice(end) });
  return tokens;
}

function tokenOf({ 0: whole, groups = {} }: RegExpMatchArray): { token: Token; length: number } | undefined {
  const { url, code, tag } = groups;
  if (url !== undefined) {
    const trimmed = withoutPunctuation(url);
    const parsed = safeUrl(trimmed);
    return parsed && { token: { kind: "link", url: parsed }, length: trimmed.length };
  }
  if (tag !== undefined) {
    // A number alone, such as #1, is seldom a subject.
    return /^\d+$/.test(tag) ? undefined : { token: { kind: "hashtag", tag }, length: whole.length };
  }
  const token = code === undefined ? undefined : referenceOf(code.toLowerCase());
  return token && { token, length: whole.length };
}

/** Returns the address without the punctuation of the sentence around it. */
function withoutPunctuation(url: string): string {
  const trimmed = url.replace(TRAILING, "");
  // An address may contain a pair of brackets, as those of Wikipedia do.
  const isOpen = url[trimmed.length] === ")" && trimmed.includes("(") && !trimmed.includes(")");
  return isOpen ? `${trimmed})` : trimmed;
}

function referenceOf(code: string): Token | undefined {
  if (code.length > LONGEST_CODE) return undefined;
  try {
    const decoded = decode(code);
    if (decoded.type === "npub") return { kind: "person", pubkey: decoded.data };
    if (decoded.type === "nprofile") return { kind: "person", pubkey: decoded.data.pubkey };
    return { kind: "event", code };
  } catch {
    // It looks like a reference but has a wrong checksum: it stays text.
    return undefined;
  }
}
