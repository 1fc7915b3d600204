/** Reads the tags of events. */
import { type Event, isHex64 } from "../../nostr/event.ts";
import { tidyName } from "./plain-text.ts";

type Tagged = Pick<Event, "tags">;

/** Returns the first value of a tag; undefined if there is none. */
export function tagValue({ tags }: Tagged, name: string): string | undefined {
  return tags.find((tag) => tag[0] === name)?.[1];
}

/** Returns the first value of a tag on one line; empty if there is none. */
export function tagText(event: Tagged, name: string, most = 200): string {
  return tidyName(tagValue(event, name) ?? "", most);
}

/** Returns all first values of a tag. */
export function tagValues({ tags }: Tagged, name: string): string[] {
  return tags.flatMap(([tagName, value]) => (tagName === name && value !== undefined ? [value] : []));
}

/** Returns all first values of a tag that are ids or keys. */
export function hexValues(event: Tagged, name: string): string[] {
  return tagValues(event, name).filter(isHex64);
}

/** Returns the event that a note answers (NIP-10): the `e` tag marked `reply`, else `root`, else the last without a mark. */
export function answered({ tags }: Tagged): string | undefined {
  const events = tags.filter((tag) => tag[0] === "e" && isHex64(tag[1]));
  const marked = (mark: string) => events.find((tag) => tag[3] === mark);
  return (marked("reply") ?? marked("root") ?? events.findLast((tag) => !tag[3]))?.[1];
}

/** Returns the reason of a content warning (NIP-36), which may be empty; undefined if there is no warning. */
export function contentWarning(event: Tagged): string | undefined {
  return event.tags.some((tag) => tag[0] === "content-warning")
    ? tagText(event, "content-warning", 120)
    : undefined;
}
