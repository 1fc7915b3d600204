/**
 * Policies: which events are accepted. A rule is a plain function. All rules are in one list and are checked in its
 * order.
 */
import { difficultyOf, promisedDifficulty } from "../../nostr/difficulty.ts";
import type { Event } from "../../nostr/event.ts";
import { isExpired } from "../../nostr/expiration.ts";
import {
  AUTH,
  CHAT_MESSAGE,
  DELETION,
  FILE_MESSAGE,
  GENERIC_REPOST,
  GROUP_WELCOME,
  HTTP_AUTH,
  REPOST,
  SEAL,
  VANISH,
} from "../../nostr/kinds.ts";
import { PRIVATE_KINDS } from "../../nostr/visibility.ts";
import type { Prefix, Refusal } from "../../nostr/message.ts";
import { secondsKept } from "../../nostr/retention.ts";
import type { Config, SettingName } from "../config.ts";
import { type Retention, retentionOf } from "../retention.ts";

interface RuleContext {
  /** Unix seconds. */
  now: number;
  /** Keys that the sender has authenticated as (NIP-42). */
  keys: ReadonlySet<string>;
}

export type Rule = (event: Event, context: RuleContext) => Refusal | undefined;

/** Returns all rules. Rules of settings are named after them. In a dry run they refuse nothing and only report. */
export function policy(config: Config, wouldRefuse: WouldRefuse = () => undefined): Rule[] {
  const chosen =
    config.POLICY_DRY_RUN === "on" ? dryRun(wouldRefuse) : (_name: SettingName, rule: Rule) => rule;
  return [
    notAProof,
    notBare,
    vanishesFromSomewhere,
    chosen("MAX_EVENT_TAGS", atMostTags(config.MAX_EVENT_TAGS)),
    chosen("MAX_CONTENT_LENGTH", atMostContent(config.MAX_CONTENT_LENGTH)),
    chosen("CREATED_AT_UPPER_LIMIT", notFarAhead(config.CREATED_AT_UPPER_LIMIT)),
    chosen("CREATED_AT_LOWER_LIMIT", notTooOld(config.CREATED_AT_LOWER_LIMIT)),
    notExpired,
    notOutdated(retentionOf(config)),
    chosen("MIN_POW_DIFFICULTY", enoughWork(config.MIN_POW_DIFFICULTY)),
    protectedOnlyByAuthor,
    noRepostOfProtected,
  ];
}

/** Called in a dry run with each event that a rule would have refused. */
export type WouldRefuse = (rule: SettingName, event: Event) => void;

function dryRun(wouldRefuse: WouldRefuse): (name: SettingName, rule: Rule) => Rule {
  return (name, rule) => (event, context) => {
    if (rule(event, context)) wouldRefuse(name, event);
    return undefined;
  };
}

/**
 * NIP-42, NIP-98: these events prove who sends them. They are never published, because anyone who sees one could use
 * it.
 */
function notAProof({ kind }: Event): Refusal | undefined {
  const place = PLACES_OF_PROOFS.get(kind);
  return place === undefined ? undefined : refuse("invalid", `kind ${kind} belongs in ${place}`);
}

const PLACES_OF_PROOFS = new Map<number, string>([
  [AUTH, "an AUTH message"],
  [HTTP_AUTH, "an Authorization header"],
]);

/** NIP-17, NIP-59: kinds that belong inside a gift wrap. Outside one they would show who writes to whom. */
function notBare({ kind }: Event): Refusal | undefined {
  return INSIDES.includes(kind) ? refuse("blocked", `kind ${kind} belongs inside a gift wrap`) : undefined;
}

const INSIDES: readonly number[] = [SEAL, CHAT_MESSAGE, FILE_MESSAGE, GROUP_WELCOME];

/** NIP-62: a request to vanish must name a relay. */
function vanishesFromSomewhere({ kind, tags }: Event): Refusal | undefined {
  return kind === VANISH && !tags.some(([name, value = ""]) => name === "relay" && value !== "")
    ? refuse("invalid", "a request to vanish needs a relay tag: the address of a relay, or ALL_RELAYS")
    : undefined;
}

function atMostTags(most: number): Rule {
  return (event) =>
    event.tags.length > most
      ? refuse("invalid", `the event has ${event.tags.length} tags; at most ${most} are allowed`)
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

/**
 * 0: any age. Gift wraps may be old because they are backdated (NIP-59), and requests to vanish always may (NIP-62).
 */
function notTooOld(seconds: number): Rule {
  return (event, { now }) =>
    seconds > 0 && event.created_at < now - seconds && ![VANISH, ...PRIVATE_KINDS].includes(event.kind)
      ? refuse("invalid", `created_at is more than ${seconds} s ago`)
      : undefined;
}

/** Refuses events that the next sweep would remove. Deletions and requests to vanish take effect even so. */
function notOutdated({ all }: Retention): Rule {
  return ({ kind, created_at }, { now }) => {
    const seconds = secondsKept(all, kind);
    if (created_at >= now - seconds || kind === DELETION || kind === VANISH) return undefined;
    return refuse(
      "invalid",
      `this relay keeps events of kind ${kind} for ${seconds} s, and this one is older`,
    );
  };
}

/** NIP-40: refuses expired events. */
function notExpired(event: Event, { now }: RuleContext): Refusal | undefined {
  return isExpired(event, now) ? refuse("invalid", "event expired") : undefined;
}

/** NIP-13: work for a lower target does not count, even if it reached more by luck. Requests to vanish need no work. */
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

/** NIP-70: accepts protected events only from their authors. */
function protectedOnlyByAuthor(event: Event, { keys }: RuleContext): Refusal | undefined {
  if (!isProtected(event) || keys.has(event.pubkey)) return undefined;
  return keys.size === 0
    ? refuse("auth-required", "only its author may publish a protected event")
    : refuse("restricted", "only its author may publish a protected event: authenticate as the author");
}

/** Maximum depth of reposts in reposts. Each level costs another parse. */
const MOST_REPOSTS = 8;

/** NIP-70: a repost (NIP-18) contains the other event in its content, which may be a repost too. */
function noRepostOfProtected(event: Event): Refusal | undefined {
  if (!isRepost(event.kind)) return undefined;
  for (let content: unknown = event.content, depth = 0; typeof content === "string"; depth += 1) {
    if (depth === MOST_REPOSTS) {
      return refuse("blocked", `more than ${MOST_REPOSTS} reposts are nested in each other`);
    }
    const inner = parseJson(content);
    if (hasProtectedTag(inner)) return refuse("blocked", "the repost contains a protected event");
    content = contentOfRepost(inner);
  }
  return undefined;
}

/** Returns the content of a repost; undefined if the value says that it is another kind. */
function contentOfRepost(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  const { kind, content } = value as { kind?: unknown; content?: unknown };
  return kind === undefined || isRepost(kind) ? content : undefined;
}

function isRepost(kind: unknown): boolean {
  return kind === REPOST || kind === GENERIC_REPOST;
}

/** Returns whether a value has the tag of protected events, even if it is not a complete event. */
function hasProtectedTag(value: unknown): boolean {
  const tags = typeof value === "object" && value !== null && "tags" in value ? value.tags : undefined;
  return Array.isArray(tags) && tags.some((tag) => Array.isArray(tag) && tag[0] === "-");
}

/** Returns whether only its author may publish an event (NIP-70). */
export function isProtected({ tags }: Event): boolean {
  return tags.some(([name]) => name === "-");
}

/** Parses JSON; undefined for other text, such as most contents. */
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
