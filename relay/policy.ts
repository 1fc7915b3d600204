/** Which events are welcome. A rule is a plain function; all of them are in one list, in the order they are asked. */
import { VANISH } from "../nostr/deletion.ts";
import { difficultyOf, promisedDifficulty } from "../nostr/difficulty.ts";
import type { Event } from "../nostr/event.ts";
import { isExpired } from "../nostr/expiration.ts";
import { PRIVATE_KINDS } from "../nostr/reader.ts";
import type { Prefix } from "../nostr/message.ts";
import type { Config, SettingName } from "./config.ts";

export interface Refusal {
  prefix: Prefix;
  /** For the client: what is wrong and what would be right. */
  reason: string;
}

export interface RuleContext {
  /** Unix seconds. */
  now: number;
  /** Keys that the sender has proven to hold (NIP-42). */
  keys: ReadonlySet<string>;
}

export type Rule = (event: Event, context: RuleContext) => Refusal | undefined;

/** The operator's choices go by the name of their setting; in a dry run they are only told of. */
export function policy(config: Config, spared: Spared = () => undefined): Rule[] {
  const chosen = config.POLICY_DRY_RUN === "on" ? dryRun(spared) : (_name: SettingName, rule: Rule) => rule;
  return [
    notAnAuthEvent,
    notBare,
    chosen("MAX_EVENT_TAGS", atMostTags(config.MAX_EVENT_TAGS)),
    chosen("MAX_CONTENT_LENGTH", atMostContent(config.MAX_CONTENT_LENGTH)),
    chosen("CREATED_AT_UPPER_LIMIT", notFarAhead(config.CREATED_AT_UPPER_LIMIT)),
    chosen("CREATED_AT_LOWER_LIMIT", notTooOld(config.CREATED_AT_LOWER_LIMIT)),
    notExpired,
    chosen("MIN_POW_DIFFICULTY", enoughWork(config.MIN_POW_DIFFICULTY)),
    protectedOnlyByAuthor,
    noRepostOfProtected,
  ];
}

/** Told of an event that a rule would have refused, if this were no dry run. */
export type Spared = (rule: SettingName, event: Event) => void;

function dryRun(spared: Spared): (name: SettingName, rule: Rule) => Rule {
  return (name, rule) => (event, context) => {
    if (rule(event, context)) spared(name, event);
    return undefined;
  };
}

/** NIP-42: kind 22242 answers a challenge; it is never stored and never sent to anybody. */
function notAnAuthEvent(event: Event): Refusal | undefined {
  return event.kind === 22_242 ? refuse("invalid", "kind 22242 goes into an AUTH message") : undefined;
}

/** NIP-17, NIP-59: the insides of a gift wrap; outside of one they would tell who writes to whom. */
function notBare({ kind }: Event): Refusal | undefined {
  return INSIDES.includes(kind) ? refuse("blocked", `kind ${kind} belongs inside a gift wrap`) : undefined;
}

/** Seal, chat message, file message, and the welcome of a group. */
const INSIDES = [13, 14, 15, 444];

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
  return (event, { now }) =>
    event.created_at > now + seconds
      ? refuse("invalid", `created_at is more than ${seconds} s ahead of the relay's clock`)
      : undefined;
}

/** Zero: any age. Gift wraps are dated back on purpose (NIP-59), and who wants to vanish may always (NIP-62). */
function notTooOld(seconds: number): Rule {
  return (event, { now }) =>
    seconds > 0 && event.created_at < now - seconds && ![VANISH, ...PRIVATE_KINDS].includes(event.kind)
      ? refuse("invalid", `created_at is more than ${seconds} s ago`)
      : undefined;
}

/** NIP-40 */
function notExpired(event: Event, { now }: RuleContext): Refusal | undefined {
  return isExpired(event, now) ? refuse("invalid", "event expired") : undefined;
}

/** NIP-13: work that was done by luck, for a lower aim, does not count. Who wants to vanish owes none. */
function enoughWork(least: number): Rule {
  return (event) => {
    if (least === 0 || event.kind === VANISH) return undefined;
    const difficulty = difficultyOf(event.id);
    if (difficulty < least) return refuse("pow", `difficulty ${difficulty} is less than ${least}`);
    const promised = promisedDifficulty(event);
    if (promised !== undefined && promised >= least) return undefined;
    return refuse("pow", `the nonce tag must commit to a difficulty of at least ${least}`);
  };
}

/** NIP-70 */
function protectedOnlyByAuthor(event: Event, { keys }: RuleContext): Refusal | undefined {
  if (!isProtected(event) || keys.has(event.pubkey)) return undefined;
  return keys.size === 0
    ? refuse("auth-required", "only its author may publish a protected event")
    : refuse("restricted", "only its author may publish a protected event, authenticate as them");
}

/** NIP-70: a repost (NIP-18) carries the other event in its content. */
function noRepostOfProtected(event: Event): Refusal | undefined {
  if (event.kind !== 6 && event.kind !== 16) return undefined;
  return hasProtectedTag(parseJson(event.content))
    ? refuse("blocked", "it reposts a protected event")
    : undefined;
}

/** Of whatever says that it is an event, complete or not. */
function hasProtectedTag(value: unknown): boolean {
  const tags = typeof value === "object" && value !== null && "tags" in value ? value.tags : undefined;
  return Array.isArray(tags) && tags.some((tag) => Array.isArray(tag) && tag[0] === "-");
}

function isProtected({ tags }: Event): boolean {
  return tags.some(([name]) => name === "-");
}

/** Undefined for what is no JSON: most contents. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function refuse(prefix: Prefix, reason: string): Refusal {
  return { prefix, reason };
}
