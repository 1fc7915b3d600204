/** Events that do something to other events or people. */
import { type Event, isHex64, parseEvent } from "../../nostr/event.ts";
import { Person } from "./author.tsx";
import { type BodyProps, mostOf } from "./body-props.ts";
import { satsOf } from "./invoice.ts";
import { kindName } from "./kind-names.ts";
import { addressPath, eventPath, shortId } from "./links.ts";
import { tidyName } from "./plain-text.ts";
import { jsonObject } from "./profile.ts";
import { ExternalLink, RichText } from "./rich-text.tsx";
import { safeUrl } from "./safe-url.ts";
import { hexValues, tagText, tagValue, tagValues } from "./tags.ts";

export function Reaction({ event, profiles }: BodyProps) {
  const [person] = hexValues(event, "p").toReversed();
  return (
    <p>
      {reactionOf(event.content)} <Target event={event} />
      {person !== undefined && (
        <>
          {" "}
          of <Person pubkey={person} profiles={profiles} />
        </>
      )}
    </p>
  );
}

function reactionOf(content: string) {
  if (content === "+" || content === "") return "Likes";
  if (content === "-") return "Dislikes";
  return (
    <>
      Reacts with <bdi class="reaction">{tidyName(content, 40)}</bdi> to
    </>
  );
}

/** A repost may contain a copy of the event. Nobody has checked its signature, so the card says so. */
export function Repost({ event, profiles, isWhole }: BodyProps) {
  const copy = parseEvent(jsonObject(event.content));
  const person = copy.ok ? copy.event.pubkey : hexValues(event, "p")[0];
  const mayShow = copy.ok && copy.event.tags.every(([name]) => name !== "content-warning");
  return (
    <>
      <p>
        Reposts <Target event={event} />
        {person !== undefined && (
          <>
            {" "}
            of <Person pubkey={person} profiles={profiles} />
          </>
        )}
      </p>
      {mayShow && (
        <figure class="quoted">
          <blockquote>
            <RichText text={copy.event.content} profiles={profiles} most={mostOf({ isWhole })} />
          </blockquote>
          <figcaption class="quiet">A copy in the repost. Its signature was not checked.</figcaption>
        </figure>
      )}
    </>
  );
}

export function Deletion({ event, profiles }: BodyProps) {
  const named = [...new Set(hexValues(event, "e"))];
  const addresses = [...new Set(tagValues(event, "a"))];
  const count = named.length + addresses.length;
  return (
    <>
      <p>Deletes {count === 1 ? "an event" : `${count} events`} of the same author.</p>
      {event.content && <RichText text={event.content} profiles={profiles} most={200} />}
    </>
  );
}

export function Vanish({ event, profiles }: BodyProps) {
  return (
    <>
      <p>Asks relays to remove everything by this author.</p>
      {event.content && <RichText text={event.content} profiles={profiles} most={200} />}
    </>
  );
}

export function Encrypted({ event, profiles }: BodyProps) {
  const recipients = hexValues(event, "p");
  const [first] = recipients;
  return (
    <p class="quiet">
      <span aria-hidden="true">🔒 </span>
      Encrypted
      {first !== undefined && (
        <>
          , for <Person pubkey={first} profiles={profiles} />
        </>
      )}
      {recipients.length > 1 && ` and ${recipients.length - 1} more`}
      {`, ${event.content.length.toLocaleString("en")} characters`}
    </p>
  );
}

export function Report({ event, profiles }: BodyProps) {
  const tag = event.tags.find(([name, , reason]) => (name === "e" || name === "p" || name === "x") && reason);
  const [person] = hexValues(event, "p");
  const isOfEvent = hexValues(event, "e").length > 0;
  return (
    <>
      <p>
        Reports {isOfEvent && <Target event={event} />}
        {isOfEvent && person !== undefined && " of "}
        {person !== undefined && <Person pubkey={person} profiles={profiles} />}
        {tag?.[2] && (
          <>
            {" "}
            as <strong>{tidyName(tag[2], 40)}</strong>
          </>
        )}
      </p>
      {event.content && <RichText text={event.content} profiles={profiles} most={300} />}
    </>
  );
}

/** A zap is the word of a Lightning server, in whose name the event is signed. The request in it names the sender. */
export function Zap({ event, profiles }: BodyProps) {
  const request = jsonObject(tagValue(event, "description") ?? "");
  const sender = isHex64(request["pubkey"]) ? request["pubkey"] : undefined;
  const comment = typeof request["content"] === "string" ? request["content"] : "";
  const [recipient] = hexValues(event, "p");
  const sats = satsOf(tagValue(event, "bolt11") ?? "");
  return (
    <>
      <p>
        {sender === undefined ? "Somebody" : <Person pubkey={sender} profiles={profiles} />} zaps{" "}
        <strong>{sats > 0 ? `${sats.toLocaleString("en")} sats` : "an unknown amount"}</strong>
        {recipient !== undefined && (
          <>
            {" "}
            to <Person pubkey={recipient} profiles={profiles} />
          </>
        )}
        {hexValues(event, "e").length > 0 && (
          <>
            {" "}
            for <Target event={event} />
          </>
        )}
      </p>
      {comment && <RichText text={comment} profiles={profiles} most={300} />}
    </>
  );
}

/** A link to the event that another one is about: that of its last `e` tag, else of its `a` tag. */
function Target({ event }: { event: Event }) {
  const id = hexValues(event, "e").at(-1);
  const kind = Number(tagValue(event, "k") ?? Number.NaN);
  const name = Number.isInteger(kind) ? `a ${kindName(kind).toLowerCase()}` : "an event";
  if (id !== undefined)
    return (
      <a href={eventPath(id)} title={shortId(id)}>
        {name}
      </a>
    );
  const path = addressPath(tagValue(event, "a") ?? "");
  if (path !== undefined) return <a href={path}>{name}</a>;
  const url = safeUrl(tagValue(event, "r"));
  return url ? <ExternalLink url={url} /> : <>{tagText(event, "alt") || name}</>;
}
