/** An event in one line of plain text, for titles and for previews of shared links. */
import type { Event } from "../../nostr/event.ts";
import { NOTE, PROFILE } from "../../nostr/kinds.ts";
import { PRIVATE_KINDS } from "../../nostr/visibility.ts";
import { kindName } from "./kind-names.ts";
import { tidyName } from "./plain-text.ts";
import { nameOf, parseProfile, type Profiles } from "./profile.ts";
import { contentWarning, tagText } from "./tags.ts";
import { tokensOf } from "./text-tokens.ts";

/** Kinds whose content is text for people. */
const TEXTS = [
  NOTE,
  9,
  11,
  20,
  21,
  22,
  42,
  1068,
  1111,
  1244,
  1311,
  1621,
  9802,
  30_023,
  30_315,
  34_235,
  34_236,
];

export function summaryOf(event: Event, profiles: Profiles, most = 200): string {
  const warning = contentWarning(event);
  if (warning !== undefined) return `Content warning${warning && `: ${warning}`}`;
  if (event.kind === PROFILE) {
    const { name, about } = parseProfile(event);
    return tidyName(`${name} ${about}`, most) || kindName(event.kind);
  }
  const title = tagText(event, "title", most) || tagText(event, "subject", most);
  if (title) return title;
  const hasText = TEXTS.includes(event.kind) && !PRIVATE_KINDS.includes(event.kind);
  const text = hasText ? tidyName(plainText(event.content.slice(0, 8 * most), profiles), most) : "";
  return text || tagText(event, "alt", most) || kindName(event.kind);
}

/** Returns a text in which mentions are names, and addresses are short. */
function plainText(text: string, profiles: Profiles): string {
  return tokensOf(text)
    .map((token) => {
      switch (token.kind) {
        case "text":
          return token.text;
        case "link":
          return token.url.host;
        case "hashtag":
          return `#${token.tag}`;
        case "person":
          return `@${nameOf(token.pubkey, profiles)}`;
        case "event":
          return "an event";
      }
    })
    .join("");
}
