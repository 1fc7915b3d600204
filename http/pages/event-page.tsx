/** The page of one event, at /e/ and note1…, nevent1…, naddr1… or an id in hex. */
import type { Context, Hono } from "hono";
import { described } from "../../nostr/characters.ts";
import { type Event, isHex64, kindClass } from "../../nostr/event.ts";
import type { Filter } from "../../nostr/filter.ts";
import { COMMENT, GENERIC_REPOST, NOTE, REACTION, REPOST, ZAP_RECEIPT } from "../../nostr/kinds.ts";
import type { Refusal } from "../../nostr/message.ts";
import { formOfTag, parseReference } from "../../nostr/reference.ts";
import { type Counted, EventPage } from "../../web/pages/event.tsx";
import type { AppEnv } from "../app-env.ts";
import { messagePage, page, refusedPage, relayOf } from "./page.tsx";
import { readProfiles, readPublic } from "../public-events.ts";
import { readCount } from "../read-events.ts";

/** In characters. */
const LONGEST_REFERENCE = 1000;
const MOST_ANSWERS = 20;
const ANSWERS = [NOTE, COMMENT];
/** What to count, and what to call it: one, and several. */
const COUNTS: [kinds: number[], one: string, several: string][] = [
  [[REACTION], "reaction", "reactions"],
  [[REPOST, GENERIC_REPOST], "repost", "reposts"],
  [[ZAP_RECEIPT], "zap", "zaps"],
];

export function addEventPage(app: Hono<AppEnv>): void {
  app.get("/e/:id", async (c) => {
    const given = c.req.param("id");
    const filter = filterOf(given);
    if (!filter)
      return messagePage(c, {
        status: 404,
        title: "Not an event",
        says: `The address has ${described(given)}, expected note1…, nevent1…, naddr1… or an id in hex.`,
      });
    const read = await readPublic(c, filter, 1);
    if (!read.ok) return refusedPage(c, read.refusal);
    const [event] = read.events;
    if (!event)
      return messagePage(c, {
        status: 404,
        title: "Not on this relay",
        says: "This relay does not have the event, or does not show it to everybody. Another relay may have it.",
      });
    return eventPage(c, event);
  });
}

async function eventPage(c: Context<AppEnv>, event: Event): Promise<Response> {
  const about: Filter["tags"] = [{ name: "e", values: [event.id] }];
  const [found, counts] = await Promise.all([
    readPublic(c, { kinds: ANSWERS, tags: about }, MOST_ANSWERS + 1, "asc"),
    countAll(c, event.id, about),
  ]);
  const answers = found.ok ? found.events : [];
  const refusal = found.ok ? counts.refusal : found.refusal;
  const shown = answers.slice(0, MOST_ANSWERS);
  return page(
    c,
    <EventPage
      relay={await relayOf(c)}
      event={event}
      profiles={await readProfiles(c, [event, ...shown])}
      counts={counts.counted}
      answers={shown}
      missing={refusal?.reason}
      hasMoreAnswers={answers.length > shown.length}
      now={c.env.now()}
    />,
  );
}

/** Counts what others did with an event, and leaves out what nobody did. `refusal` is why something was not counted. */
async function countAll(
  c: Context<AppEnv>,
  id: string,
  tags: Filter["tags"],
): Promise<{ counted: Counted[]; refusal: Refusal | undefined }> {
  const counted: Counted[] = [];
  let refusal: Refusal | undefined;
  const reads = await Promise.all(
    COUNTS.map(([kinds]) => readCount(c, new Set(), { filter: { kinds, tags } })),
  );
  for (const [at, [kinds, one, several]] of COUNTS.entries()) {
    const read = reads[at];
    if (read?.kind === "refused") refusal = read.refusal;
    if (read?.kind !== "read" || read.value.count === 0) continue;
    const { count, isEstimate } = read.value;
    const href = `/explore?kinds=${kinds.join(",")}&tag.e=${id}`;
    counted.push({ label: count === 1 ? one : several, count, isEstimate, href });
  }
  return { counted, refusal };
}

/** Returns the filter for an event; undefined if the text names none. */
function filterOf(text: string): Partial<Filter> | undefined {
  const form = formOfTag("q");
  const reference = form && text.length <= LONGEST_REFERENCE ? parseReference(text, form) : undefined;
  if (!reference) return undefined;
  const [kind = "", pubkey, ...rest] = reference.value.split(":");
  if (pubkey === undefined) return { ids: [reference.value] };
  if (!isHex64(pubkey) || !(Number(kind) <= 65_535)) return undefined;
  const address = { kinds: [Number(kind)], authors: [pubkey] };
  // A replaceable event needs no `d` tag.
  if (kindClass(Number(kind)) === "replaceable") return address;
  return { ...address, tags: [{ name: "d", values: [rest.join(":")] }] };
}
