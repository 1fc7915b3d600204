/** Text of strangers, made safe for the layout of a page. */
import { firstCharacters, isLongerThan } from "../../nostr/characters.ts";

/**
 * Returns a name on one line. Removes what hides or reorders text, and limits stacked accents. Keeps the joiners of emoji and of
 * Persian and Indic scripts.
 */
export function tidyName(text: string, most = 60): string {
  const visible = text
    .slice(0, 20 * most)
    .replaceAll(/(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, " ")
    .replaceAll(/(\p{M}{3})\p{M}+/gu, "$1")
    .replaceAll(/\s+/g, " ")
    .trim();
  // Nothing but joiners is not a name.
  return visible.replaceAll(/[\u200c\u200d\s]/g, "") === "" ? "" : cut(visible, most);
}

/** Returns a text of several lines. Removes control characters, and limits empty lines and stacked accents. */
export function tidyText(text: string): string {
  return text
    .replaceAll("\r\n", "\n")
    .replaceAll(/(?!\n|\t)\p{Cc}/gu, "")
    .replaceAll(/(\p{M}{3})\p{M}+/gu, "$1")
    .replaceAll(/\n{3,}/g, "\n\n")
    .trim();
}

/** Returns at most this many characters, with an ellipsis if there are more. */
export function cut(text: string, most: number): string {
  return isLongerThan(text, most) ? `${firstCharacters(text, most - 1).trimEnd()}…` : text;
}
