/** What a profile (kind 0) says about a person. Everything in it is what the person claims. */
import type { Event } from "../../nostr/event.ts";
import { shortKey } from "./links.ts";
import { tidyName, tidyText, cut } from "./plain-text.ts";
import { pictureUrl, safeUrl } from "./safe-url.ts";

export interface Profile {
  /** Empty if the profile has no usable name. */
  name: string;
  about: string;
  /** An https: address. */
  picture: string | undefined;
  /** An https: address. */
  banner: string | undefined;
  website: string | undefined;
  /** A name such as bob@example.com. Nothing has checked it. */
  nip05: string;
  lightning: string;
}

export type Profiles = ReadonlyMap<string, Profile>;

const LONGEST_ABOUT = 2000;

/** Reads a profile. One that is not valid JSON says nothing. */
export function parseProfile({ content }: Pick<Event, "content">): Profile {
  const fields = jsonObject(content);
  const text = (name: string) => {
    const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
    return typeof value === "string" ? value : "";
  };
  return {
    name: tidyName(text("display_name")) || tidyName(text("displayName")) || tidyName(text("name")),
    about: cut(tidyText(text("about").slice(0, 3 * LONGEST_ABOUT)), LONGEST_ABOUT),
    picture: pictureUrl(text("picture")),
    banner: pictureUrl(text("banner")),
    website: safeUrl(text("website"))?.href,
    nip05: tidyName(text("nip05"), 100).replace(/^_@/, ""),
    lightning: tidyName(text("lud16"), 100),
  };
}

/** Returns what to call the owner of a key. */
export function nameOf(pubkey: string, profiles: Profiles): string {
  return profiles.get(pubkey)?.name || shortKey(pubkey);
}

/** Returns the members of a JSON object; none if the text is something else. */
export function jsonObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
