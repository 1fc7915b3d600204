/**
 * The moderation snapshot: decisions of the operators that fit in memory (NIP-86). It is a plain value; a change
 * creates a new one.
 */
import type { Refusal } from "../../nostr/message.ts";
import { ipMatcher } from "../../nostr/ip-address.ts";
import { DELETION, VANISH } from "../../nostr/kinds.ts";
import type { ModerationRecord, ModerationStore } from "../../store/moderation/moderation.ts";
import { type Config, type SettingName, SETTINGS } from "../config.ts";

export interface Moderation {
  /** A different revision means that something has changed. */
  revision: number;
  /** The relay's settings, including changes at run time. */
  config: Config;
  /** Returns why events of a kind are refused; undefined if they are accepted. */
  refuseKind(kind: number): Refusal | undefined;
  /** As operators listed them. An empty `allowed` means all kinds. */
  kinds: Readonly<Record<"allowed" | "disallowed", readonly number[]>>;
  isBlocked(ip: string | undefined): boolean;
}

/** Why a client at a blocked address is refused. */
export const BLOCKED_ADDRESS: Refusal = { prefix: "blocked", reason: "this address is blocked" };

/** Settings that can be changed at run time. Each has its own method. */
export const CHANGEABLE = [
  "RELAY_NAME",
  "RELAY_DESCRIPTION",
  "RELAY_ICON",
  "WRITE_ACCESS",
  "READ_ACCESS",
] as const satisfies SettingName[];

/** Loads the snapshot. Returns `known` if nothing has changed; then it reads one row. */
export async function loadModeration(
  store: Pick<ModerationStore, "revision" | "load">,
  config: Config,
  known?: Moderation,
): Promise<Moderation> {
  if (known && (await store.revision()) === known.revision) return known;
  return moderationOf(await store.load(), config);
}

function moderationOf(record: ModerationRecord, config: Config): Moderation {
  const allowed = new Set(record.allowedKinds);
  const disallowed = new Set(record.disallowedKinds);
  const isBlocked = ipMatcher(record.blockedIps);
  return {
    revision: record.revision,
    config: { ...config, ...changedSettings(record.settings) },
    refuseKind(kind) {
      const isTaken = allowed.size === 0 || allowed.has(kind) || ALWAYS_ALLOWED.includes(kind);
      if (isTaken && !disallowed.has(kind)) return undefined;
      return { prefix: "blocked", reason: `this relay does not accept events of kind ${kind}` };
    },
    kinds: { allowed: record.allowedKinds, disallowed: record.disallowedKinds },
    isBlocked: (ip) => ip !== undefined && isBlocked(ip),
  };
}

/**
 * Kinds that are always accepted, even with a list of allowed kinds: authors can always delete and vanish (NIP-09,
 * NIP-62).
 */
const ALWAYS_ALLOWED: readonly number[] = [DELETION, VANISH];

/** Ignores stored values that are no longer valid for their setting. */
function changedSettings(stored: Record<string, string>): Partial<Config> {
  return Object.fromEntries(
    CHANGEABLE.map((name) => [name, parseStored(name, stored[name])]).filter(
      ([, value]) => value !== undefined,
    ),
  ) as Partial<Config>;
}

/** Parses a stored value. Here, empty text is a value and does not mean the default. */
function parseStored(name: (typeof CHANGEABLE)[number], text: string | undefined): string | undefined {
  return text === undefined ? undefined : SETTINGS[name].parse(text);
}
