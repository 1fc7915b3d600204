/** What the relay accepts and demands, in sentences for people. They follow from the settings that are enforced. */
import type { RetentionRule } from "../nostr/retention.ts";
import type { Moderation } from "../relay/access/moderation-snapshot.ts";
import type { Config } from "../relay/config.ts";
import { retentionOf } from "../relay/retention.ts";
import type { Rule } from "../web/pages/home.tsx";
import { kindName } from "../web/parts/kind-names.ts";
import { amountOf } from "../web/parts/relative-time.ts";

/** Beyond it a list is only counted. */
const MOST_NAMES = 12;
const LAST_KIND = 65_535;

export function rulesOf(config: Config, kinds: Moderation["kinds"]): Rule[] {
  return [
    { about: "Who may read", says: READERS[config.READ_ACCESS] },
    { about: "Who may write", says: WRITERS[config.WRITE_ACCESS] },
    { about: "Kinds of events", says: kindsIn(kinds) },
    ...limitsOf(config),
    { about: "How long events are kept", says: keptOf(retentionOf(config).all) },
    ...(config.UPSTREAMS.length > 0
      ? [{ about: "How long those of other relays are kept", says: keptOf(retentionOf(config).pulled) }]
      : []),
  ];
}

const READERS = {
  open: "Everybody.",
  auth: "Everybody whose client authenticates (NIP-42).",
  allow: "Only people on the relay's list.",
} as const satisfies Record<Config["READ_ACCESS"], string>;

const WRITERS = {
  open: "Everybody.",
  auth: "Everybody whose client authenticates (NIP-42).",
  allow: "Only people on the relay's list. Private messages to them are accepted from everybody.",
} as const satisfies Record<Config["WRITE_ACCESS"], string>;

function kindsIn({ allowed, disallowed }: Moderation["kinds"]): string {
  const refused = disallowed.length > 0 ? namesOf(disallowed) : "";
  if (allowed.length === 0) return refused === "" ? "All." : `All but: ${refused}.`;
  const accepted = namesOf(allowed.filter((kind) => !disallowed.includes(kind)));
  return `Only: ${accepted}. Deletions are always accepted.`;
}

function namesOf(kinds: readonly number[]): string {
  const names = kinds.slice(0, MOST_NAMES).map((kind) => `${kindName(kind)} (${kind})`);
  const left = kinds.length - names.length;
  return names.join(", ") + (left > 0 ? ` and ${left} more` : "");
}

/** Returns the limits of relay/access/policy.ts, and of the length of a message. A dry run enforces only the last. */
function limitsOf(config: Config): Rule[] {
  const message = `${Math.floor(config.MAX_MESSAGE_LENGTH / 1024).toLocaleString("en")} KB a message`;
  if (config.POLICY_DRY_RUN === "on") return [{ about: "Size", says: `At most ${message}.` }];
  const characters = config.MAX_CONTENT_LENGTH.toLocaleString("en");
  const tags = config.MAX_EVENT_TAGS.toLocaleString("en");
  const dates = [
    ...(config.CREATED_AT_LOWER_LIMIT > 0
      ? [`at most ${amountOf(config.CREATED_AT_LOWER_LIMIT)} in the past`]
      : []),
    `at most ${amountOf(config.CREATED_AT_UPPER_LIMIT)} in the future`,
  ];
  return [
    { about: "Size", says: `At most ${message}, ${characters} characters of text and ${tags} tags.` },
    { about: "Date of an event", says: `${upperFirst(dates.join(" and "))}.` },
    ...(config.MIN_POW_DIFFICULTY > 0
      ? [{ about: "Proof of work", says: `At least ${config.MIN_POW_DIFFICULTY} bits (NIP-13).` }]
      : []),
  ];
}

function keptOf(rules: readonly RetentionRule[]): string {
  const isAll = ({ kinds: [first, last] }: RetentionRule) => first === 0 && last === LAST_KIND;
  // A rule after one for all kinds has no effect.
  const end = rules.findIndex(isAll);
  const specific = end === -1 ? rules : rules.slice(0, end);
  const rest = end === -1 ? Infinity : (rules[end]?.seconds ?? Infinity);
  const parts = specific.map(({ kinds, seconds }) => `${rangeOf(kinds)} ${timeOf(seconds)}`);
  const all = parts.length === 0 ? timeOf(rest) : `${parts.join(", ")}, all others ${timeOf(rest)}`;
  return `${upperFirst(all)}.`;
}

function rangeOf([first, last]: RetentionRule["kinds"]): string {
  return first === last ? `${kindName(first)} (${first})` : `kinds ${first} to ${last}`;
}

function timeOf(seconds: number): string {
  return seconds === Infinity ? "for ever" : `for ${amountOf(seconds)}`;
}

function upperFirst(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
