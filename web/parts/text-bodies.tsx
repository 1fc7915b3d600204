/** Events whose text people read: notes, articles, files, code. */
import type { Event } from "../../nostr/event.ts";
import { isLongerThan } from "../../nostr/characters.ts";
import { Person } from "./author.tsx";
import { type BodyProps, mostOf } from "./body-props.ts";
import { addressPath, eventPath } from "./links.ts";
import { cut, tidyText } from "./plain-text.ts";
import { exactTime } from "./relative-time.ts";
import { ExternalLink, Pictures, RichText } from "./rich-text.tsx";
import { isPicture, pictureUrl, safeUrl } from "./safe-url.ts";
import { answered, hexValues, tagText, tagValue, tagValues } from "./tags.ts";
import { Title } from "./title.tsx";

export function TextBody(props: BodyProps) {
  const { event, profiles } = props;
  return (
    <>
      <AnswerTo {...props} />
      {event.content === "" ? (
        <p class="quiet">Without text.</p>
      ) : (
        <RichText text={event.content} profiles={profiles} most={mostOf(props)} />
      )}
      <ReadOn {...props} />
    </>
  );
}

/** Says which event this one answers (NIP-10, NIP-22). */
function AnswerTo({ event, profiles }: BodyProps) {
  const id = answered(event);
  const path = id === undefined ? addressPath(tagValue(event, "a") ?? "") : eventPath(id);
  if (path === undefined) return null;
  const [person] = hexValues(event, "p").toReversed();
  return (
    <p class="quiet">
      <a href={path}>Reply</a>
      {person !== undefined && (
        <>
          {" "}
          to <Person pubkey={person} profiles={profiles} />
        </>
      )}
    </p>
  );
}

function ReadOn({ event, isWhole }: BodyProps) {
  if (isWhole || !isLongerThan(event.content, mostOf({ isWhole }))) return null;
  return (
    <p>
      <a href={eventPath(event.id)}>Read on</a>
    </p>
  );
}

/** An article, a calendar event, a product and the like: a title, what it is about, and its details. */
export function TitledBody(props: BodyProps) {
  const { event, profiles, isWhole } = props;
  const title =
    tagText(event, "title") || tagText(event, "name") || tagText(event, "subject") || tagText(event, "d");
  const summary = tagValue(event, "summary") ?? tagValue(event, "description") ?? "";
  const image = pictureUrl(tagValue(event, "image") ?? tagValue(event, "thumb"));
  return (
    <>
      <h3 dir="auto">
        <a href={eventPath(event.id)}>{title || "Without a title"}</a>
      </h3>
      {summary && <RichText text={summary} profiles={profiles} most={500} />}
      <Details event={event} />
      <Pictures urls={image === undefined ? [] : [image]} />
      {(isWhole || summary === "") && event.content && (
        <RichText text={event.content} profiles={profiles} most={mostOf(props)} />
      )}
      <ReadOn {...props} />
    </>
  );
}

/** Tags of which people want to see the value: name of the tag, what to call it. */
const DETAILS = [
  ["start", "Begins"],
  ["starts", "Begins"],
  ["end", "Ends"],
  ["location", "Where"],
  ["status", "State"],
  ["goal", "Goal"],
] as const;

function Details({ event }: { event: Event }) {
  const rows: [string, string][] = DETAILS.flatMap(([tag, label]) => {
    const value = tagText(event, tag, 100);
    return value === ""
      ? []
      : [[label, /^\d{9,12}$/.test(value) ? exactTime(Number(value)) : value] as const];
  });
  const price = event.tags.find(([name]) => name === "price");
  if (price) rows.push(["Price", cut(tidyText(price.slice(1, 4).join(" ")), 60)]);
  const options = event.tags.flatMap(([name, , text]) =>
    name === "option" && text ? [cut(tidyText(text), 100)] : [],
  );
  if (rows.length === 0 && options.length === 0) return null;
  return (
    <>
      <dl class="details">
        {rows.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>
              <bdi>{value}</bdi>
            </dd>
          </div>
        ))}
      </dl>
      {options.length > 0 && (
        <ul>
          {options.slice(0, 20).map((text, at) => (
            <li key={at}>
              <bdi>{text}</bdi>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

/** Pictures, videos and other files (NIP-68, NIP-71, NIP-94). */
export function FileBody(props: BodyProps) {
  const { event, profiles } = props;
  const title = tagText(event, "title");
  const urls = [...tagValues(event, "url"), ...mediaUrls(event)]
    .flatMap((text) => safeUrl(text) ?? [])
    .slice(0, 8);
  const isImage = (url: URL) => isPicture(url) || (event.kind === 20 && url.protocol === "https:");
  const label = tagText(event, "alt") || title || "Picture of this event";
  return (
    <>
      <Title text={title} />
      {event.content && <RichText text={event.content} profiles={profiles} most={mostOf(props)} />}
      <ul class="entries">
        {urls.map((url) => (
          <li key={url.href}>
            <ExternalLink url={url} />
          </li>
        ))}
      </ul>
      <Pictures urls={urls.filter(isImage).map(({ href }) => href)} label={label} />
    </>
  );
}

/** Returns the addresses in `imeta` tags (NIP-92). */
function mediaUrls({ tags }: Event): string[] {
  return tags.flatMap(([name, ...entries]) =>
    name === "imeta"
      ? entries.filter((entry) => entry.startsWith("url ")).map((entry) => entry.slice(4).trim())
      : [],
  );
}

export function CodeBody(props: BodyProps) {
  const { event } = props;
  const title = tagText(event, "name") || tagText(event, "subject") || tagText(event, "description");
  return (
    <>
      <Title text={title} />
      <pre tabIndex={0} aria-label="Code">
        {cut(tidyText(event.content), mostOf(props))}
      </pre>
      <ReadOn {...props} />
    </>
  );
}
