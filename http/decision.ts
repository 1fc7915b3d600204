/** What comes of a call of the management API (NIP-86): an answer, changes, or a refusal. */
import type { MethodName, Values } from "../nostr/management.ts";
import type { Config } from "../relay/config.ts";
import type { Change, ModerationStore } from "../store/moderation/moderation.ts";

export type Decision =
  | { kind: "answer"; result: unknown }
  /**
   * `emptied`: a key whose events are removed after the change. `holds`: returns the new state in words. `isForAggregator`: hubs do
   * not need to know.
   */
  | {
      kind: "change";
      changes: Change[];
      emptied?: string;
      holds?: () => Promise<string>;
      isForAggregator?: true;
    }
  /** The call is valid but refused. */
  | { kind: "refuse"; reason: string };

export interface Asked {
  store: Pick<
    ModerationStore,
    | "load"
    | "list"
    | "roles"
    | "reportedEvents"
    | "auditLog"
    | "upstreams"
    | "upstream"
    | "outbox"
    | "letters"
    | "letter"
    | "countLetters"
    | "traceOf"
  >;
  /** As deployed, without changes at run time. Its `RELAY_ADMINS` are keys that are never banned. */
  config: Config;
  /** The caller's IP address; undefined if the platform does not tell. */
  ip: string | undefined;
  /** Unix seconds. */
  now: number;
  /** Sends an alert that nothing is wrong. Returns what became of it, by channel. */
  testAlert(): Promise<Readonly<Record<string, string>>>;
}

export type Method<Name extends MethodName> = (
  values: Values<Name>,
  asked: Asked,
) => Decision | Promise<Decision>;

export function answer(result: unknown): Decision {
  return { kind: "answer", result };
}

export function change(...changes: Change[]) {
  return { kind: "change" as const, changes };
}

export function refuse(reason: string): Decision {
  return { kind: "refuse", reason };
}
