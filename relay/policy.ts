/** Which events are welcome. A rule is a plain function; all of them are in one list, in the order they are asked. */
import type { Event } from "../nostr/event.ts";
import type { Prefix } from "../nostr/message.ts";
import type { Config } from "./config.ts";

export interface Refusal {
  prefix: Prefix;
  /** For the client: what is wrong and what would be right. */
  reason: string;
}

/** `now` is in Unix seconds. */
export type Rule = (event: Event, now: number) => Refusal | undefined;

export function policy(config: Config): Rule[] {
  return [
    notAnAuthEvent,
    atMostTags(config.MAX_EVENT_TAGS),
    atMostContent(config.MAX_CONTENT_LENGTH),
    notFarAhead(config.CREATED_AT_UPPER_LIMIT),
    ...(config.CREATED_AT_LOWER_LIMIT > 0 ? [notTooOld(config.CREATED_AT_LOWER_LIMIT)] : []),
  ];
}

/** NIP-42: kind 22242 answers a challenge; it is never stored and never sent to anybody. */
function notAnAuthEvent(event: Event): Refusal | undefined {
  return event.kind === 22_242 ? refuse("invalid", "kind 22242 goes into an AUTH message") : undefined;
}

function atMostTags(most: number): Rule {
  return (event) =>
    event.tags.length > most
      ? refuse("invalid", `${event.tags.length} tags, at most ${most} are taken`)
      : undefined;
}

function atMostContent(most: number): Rule {
  return ({ content }) =>
    content.length > most && Array.from(content).length > most
      ? refuse("invalid", `content is longer than ${most} characters`)
      : undefined;
}

function notFarAhead(seconds: number): Rule {
  return (event, now) =>
    event.created_at > now + seconds
      ? refuse("invalid", `created_at is more than ${seconds} s ahead of the relay's clock`)
      : undefined;
}

function notTooOld(seconds: number): Rule {
  return (event, now) =>
    event.created_at < now - seconds
      ? refuse("invalid", `created_at is more than ${seconds} s ago`)
      : undefined;
}

function refuse(prefix: Prefix, reason: string): Refusal {
  return { prefix, reason };
}
