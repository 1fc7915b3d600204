/** What the operators decided, as far as it fits in memory (NIP-86): a plain value, made anew when it changes. */
import { ipMatcher } from "../nostr/ip-address.ts";
import type { ModerationRecord, ModerationStore } from "../store/moderation.ts";
import { type Config, type SettingName, SETTINGS } from "./config.ts";
import type { Refusal } from "./policy.ts";

export interface Moderation {
  /** Another one, and something has changed. */
  revision: number;
  /** The relay's settings, with those in place that were changed at run time. */
  config: Config;
  /** Undefined when events of this kind are taken. */
  refuseKind(kind: number): Refusal | undefined;
  isBlocked(ip: string | undefined): boolean;
}

/** What can be changed at run time, each with a method of its own. */
export const CHANGEABLE = [
  "RELAY_NAME",
  "RELAY_DESCRIPTION",
  "RELAY_ICON",
  "WRITE_ACCESS",
  "READ_ACCESS",
] as const satisfies SettingName[];

/** The same value as `known` when nothing has changed since: then this reads one row. */
export async function loadModeration(
  source: Pick<ModerationStore, "revision" | "load">,
  config: Config,
  known?: Moderation,
): Promise<Moderation> {
  if (known && (await source.revision()) === known.revision) return known;
  return moderationOf(await source.load(), config);
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
      return { prefix: "blocked", reason: `events of kind ${kind} are not taken here` };
    },
    isBlocked: (ip) => ip !== undefined && isBlocked(ip),
  };
}

/** Where only some kinds are taken, their authors can still delete them, and vanish (NIP-09, NIP-62). */
const ALWAYS_ALLOWED = [5, 62];

/** What is no value of its setting any more is left out. */
function changedSettings(stored: Record<string, string>): Partial<Config> {
  return Object.fromEntries(
    CHANGEABLE.map((name) => [name, parseStored(name, stored[name])]).filter(
      ([, value]) => value !== undefined,
    ),
  ) as Partial<Config>;
}

/** Here an empty text is one, and no wish for the default. */
function parseStored(name: (typeof CHANGEABLE)[number], text: string | undefined): string | undefined {
  return text === undefined ? undefined : SETTINGS[name].parse(text);
}
