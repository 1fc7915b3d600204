import { isHex64 } from "../../nostr/event.ts";
import { Person } from "./author.tsx";
import type { BodyProps } from "./body-props.ts";
import { addressPath, eventPath, hashtagPath, shortId } from "./links.ts";
import { tidyName } from "./plain-text.ts";
import type { Profiles } from "./profile.ts";
import { tagText } from "./tags.ts";
import { Title } from "./title.tsx";

/** Names of tags that are entries of lists (NIP-51). */
const ENTRIES = ["p", "e", "r", "relay", "t", "a", "word", "emoji", "server", "group"];

/** A list or a set: how much is on it, and the first entries. Private entries are encrypted. */
export function ListBody({ event, profiles, isWhole }: BodyProps) {
  const title = tagText(event, "title") || tagText(event, "name") || tagText(event, "d", 60);
  const entries = event.tags.filter(isEntry);
  const shown = entries.slice(0, isWhole ? 500 : 8);
  const left = entries.length - shown.length;
  return (
    <>
      <Title text={title} />
      <p class="quiet">
        {entries.length === 1 ? "1 entry" : `${entries.length.toLocaleString("en")} entries`}
        {event.content !== "" && event.kind !== 3 && ", and others that are encrypted"}
      </p>
      {entries.length > 0 && (
        <ul class="entries">
          {shown.map((tag, at) => (
            <li key={at}>
              <Entry tag={tag} profiles={profiles} />
            </li>
          ))}
          {left > 0 && <li class="quiet">and {left.toLocaleString("en")} more</li>}
        </ul>
      )}
    </>
  );
}

function isEntry([name = "", value]: string[]): boolean {
  if (value === undefined || !ENTRIES.includes(name)) return false;
  return (name !== "p" && name !== "e") || isHex64(value);
}

function Entry({ tag: [name, value = "", use], profiles }: { tag: string[]; profiles: Profiles }) {
  switch (name) {
    case "p":
      return <Person pubkey={value} profiles={profiles} />;
    case "e":
      return <a href={eventPath(value)}>{shortId(value)}</a>;
    case "t":
      return <a href={hashtagPath(value.slice(0, 100))}>#{tidyName(value)}</a>;
    case "a": {
      const path = addressPath(value);
      const text = tidyName(value.split(":", 3)[2] ?? "") || "an event";
      return path === undefined ? <bdi>{text}</bdi> : <a href={path}>{text}</a>;
    }
    case "r":
    case "relay":
      return (
        <>
          <bdi class="mono">{tidyName(value, 100)}</bdi>
          {name === "r" && use && <span class="badge">{tidyName(use, 20)}</span>}
        </>
      );
    default:
      return <bdi>{tidyName(value)}</bdi>;
  }
}
