/** Pages of stored events over WebSocket, newest first. NIP-01 has no cursor: `until` is the last second of the page before. */
import { idOf } from "../../nostr/event.ts";
import type { Page } from "../move/page.ts";
import { note, oneLine } from "../shared/printing.ts";
import { lengthOf } from "../shared/units.ts";
import { CommandError } from "../shared/usage.ts";
import { refusal } from "./auth-option.ts";
import { type Conversation, noteNotice, textOf } from "./conversation.ts";

interface RequestOptions {
  auth: boolean;
  /** Maximum time without a message, in milliseconds. */
  silence: number;
  /** As the relay says (NIP-11). */
  maxLimit: number | undefined;
  /** Called for a second that has more events than the relay sends at once. */
  isCut(second: number): void;
  /** Where to go on. */
  from?: RequestPlace | undefined;
}

/** Maximum number of events per page, so that a page fits in memory. */
const MOST = 500;
const LONGEST_PAUSE_SECONDS = 60;

/** Where a page begins. */
export interface RequestPlace {
  until?: number | undefined;
  /** The ids of the second `until` that have come: the page has them again. */
  seen: string[];
  /** A second that filled a whole page: if anything is older, the relay has left out a part of it. */
  full?: { second: number; length: number } | undefined;
  /** 1 for a relay that takes `until` as exclusive. What it then sends too much is left out. */
  beyond?: number;
}

/** Returns all events that match, page by page. Each comes once, as the relay sends it. */
export async function* requestPages(
  conversation: Conversation,
  filter: Record<string, unknown>,
  options: RequestOptions,
): AsyncGenerator<Page<RequestPlace>> {
  const limit = Math.min(options.maxLimit ?? MOST, MOST);
  let place: RequestPlace | undefined = options.from ?? {
    until: filter["until"] as number | undefined,
    seen: [],
  };
  let { beyond = 0 } = place;
  for (let round = 0; place; round += 1) {
    const { until, seen, full }: RequestPlace = place;
    const subscription = `export-${round}`;
    // Some relays answer a filter without conditions with nothing.
    const asked = { since: 0, ...filter, limit, ...(until !== undefined && { until: until + beyond }) };
    const page = (await ask(conversation, [subscription, asked], options)).filter((event) =>
      isUpTo(event, until),
    );
    if (beyond === 0 && seen.length > 0 && !page.some((event) => secondOf(event) === until)) {
      beyond = 1;
      continue;
    }
    if (full && (page.length > 0 || full.length >= limit)) options.isCut(full.second);
    if (page.length === 0) return;
    const known = new Set(seen);
    const fresh = page.filter((event) => !known.has(idOf(event) ?? ""));
    place = placeAfter(page, { until, isFresh: fresh.length > 0 });
    yield { events: fresh, next: place && { ...place, beyond } };
  }
}

function placeAfter(
  page: unknown[],
  { until, isFresh }: { until: number | undefined; isFresh: boolean },
): RequestPlace | undefined {
  const oldest = Math.min(...page.map(secondOf));
  if (isFresh && oldest !== until) {
    const again = page.filter((event) => secondOf(event) === oldest);
    return { until: oldest, seen: again.map((event) => idOf(event) ?? "") };
  }
  // The whole page is of one second. What follows in it cannot be asked for.
  if (oldest === 0) return undefined;
  return { until: oldest - 1, seen: [], full: { second: oldest, length: page.length } };
}

/** A relay may send what it was not asked for. Such events would be in the output twice, or lead the pages astray. */
function isUpTo(event: unknown, until: number | undefined): boolean {
  const second = secondOf(event);
  return Number.isSafeInteger(second) && second >= 0 && (until === undefined || second <= until);
}

function secondOf(event: unknown): number {
  return (event as { created_at?: number } | null)?.created_at ?? Number.NaN;
}

/** Returns the events of one question. Asks again later if the relay says so. */
async function ask(
  conversation: Conversation,
  [subscription, filter]: [string, Record<string, unknown>],
  options: RequestOptions,
): Promise<unknown[]> {
  const events: unknown[] = [];
  conversation.send(["REQ", subscription, filter]);
  for (;;) {
    const message = await conversation.receive(options.silence);
    if (!message) throw new CommandError("the relay closed the connection");
    const [verb, first, second] = message;
    if (verb === "NOTICE") noteNotice(first);
    if (first !== subscription) continue;
    if (verb === "EVENT") events.push(second);
    if (verb === "EOSE") {
      conversation.send(["CLOSE", subscription]);
      return events;
    }
    if (verb !== "CLOSED") continue;
    const reason = textOf(second);
    if (!reason.startsWith("rate-limited:"))
      throw new CommandError(`the relay refused: ${refusal(reason, options)}`);
    const seconds = Math.min(LONGEST_PAUSE_SECONDS, Number(/\b(\d{1,4}) ?s/.exec(reason)?.[1] ?? 5));
    note(`${oneLine(reason)}; asking again in ${lengthOf(seconds)}`);
    await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
    events.length = 0;
    conversation.send(["REQ", subscription, filter]);
  }
}
