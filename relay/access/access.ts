/**
 * Who may write and read: access modes, bans, kinds and addresses (NIP-42, NIP-86). Keeps the moderation snapshot current.
 * Lists of keys are unbounded, so a key is looked up only when needed.
 */
import type { Refusal } from "../../nostr/message.ts";
import { type Event, isHex64, kindClass } from "../../nostr/event.ts";
import { EPHEMERAL_GIFT_WRAP, GIFT_WRAP, VANISH } from "../../nostr/kinds.ts";
import type { ModerationStore, Standing } from "../../store/moderation/moderation.ts";
import type { Config } from "../config.ts";
import { loadModeration, type Moderation } from "./moderation-snapshot.ts";
import type { SpendLimit } from "../limits/spend-limit.ts";
import { SharedRun } from "../shared-run.ts";

export interface AccessDeps {
  moderation: Pick<ModerationStore, "revision" | "load" | "standings">;
  config: Config;
  /** Refuses all but admins when the month's money is spent. Absent: nobody is refused because of it. */
  spendLimit?: Pick<SpendLimit, "refusal" | "isStopped"> | undefined;
  /** Unix seconds. */
  now(): number;
  report(error: unknown): void;
  /** Called after each change, before `reload` resolves. */
  changed?(): Promise<void>;
}

/**
 * Seconds between checks for changes. Changes are announced; a hub that missed an announcement learns of it this much
 * later.
 */
const FRESH_SECONDS = 60;
const RETRY_SECONDS = 5;

/** Maximum number of remembered standings. Beyond it, all are forgotten and looked up again. */
const MOST_STANDINGS = 10_000;

export class Access {
  private readonly deps: AccessDeps;
  private known: Moderation | undefined;
  /** Whether `changed` has finished for the current snapshot. */
  private isApplied = true;
  /** `changed` may also ask, and must not wait for itself. */
  private isApplying = false;
  private standings = new Map<string, Standing>();
  private staleAt = -Infinity;
  /** Undefined: no snapshot is being read. */
  private reading: Promise<void> | undefined;
  private readonly loading = new SharedRun(() => this.load());

  /** `known` is an earlier snapshot of any age. The first question checks whether it has changed. */
  constructor(deps: AccessDeps, known?: Moderation) {
    this.deps = deps;
    this.known = known;
  }

  /** Undefined before the first load. */
  get moderation(): Moderation | undefined {
    return this.known;
  }

  /**
   * Returns the current snapshot. While another is read, everyone waits for it: it may have been announced. Rejects if nothing is
   * known and nothing can be read.
   */
  async current(): Promise<Moderation> {
    if (!this.known) await (this.loading.current ?? this.reload());
    // If the database does not answer, the old snapshot is used. Nothing can be stored then anyway.
    else if (this.reading) await this.reading.catch(() => undefined);
    else if (this.deps.now() >= this.staleAt && !this.isApplying)
      await this.reload().catch((error: unknown) => this.deps.report(error));
    if (!this.known) throw new Error("moderation was loaded, and is not there");
    return this.known;
  }

  /** Resolves when all decisions before this call are in effect. */
  reload(): Promise<void> {
    return this.loading.run();
  }

  /**
   * Returns why an event is refused. `isUpstream`: it comes from another relay, which cannot be asked to authenticate.
   */
  async refuseWrite(
    event: Event,
    keys: ReadonlySet<string>,
    isUpstream: boolean,
  ): Promise<Refusal | undefined> {
    // Before anything is read. The signature of an admin's event is checked later.
    const spent = this.deps.spendLimit?.refusal([event.pubkey, ...keys]);
    if (spent) return spent;
    const { config, refuseKind } = await this.current();
    const refusal = refuseKind(event.kind);
    if (refusal) return refusal;
    const access = isUpstream || event.kind === VANISH ? "open" : config.WRITE_ACCESS;
    const isStored = kindClass(event.kind) !== "ephemeral";
    // Only the author matters then, and the commit checks it.
    if (access === "open" && isStored && keys.size === 0) return undefined;
    const recipients = access === "allow" ? recipientsOf(event) : [];
    const standings = await this.standingsOf([event.pubkey, ...keys, ...recipients]);
    if (standings.get(event.pubkey) === "banned") return BANNED;
    if (isAnyone(keys, standings, "banned")) return BANNED;
    if (access === "open") return undefined;
    if (access === "auth") {
      return keys.size > 0 ? undefined : refuse("auth-required", "only authenticated clients may write");
    }
    if (isAnyone([event.pubkey, ...keys, ...recipients], standings, "allowed")) return undefined;
    return keys.size > 0
      ? refuse("restricted", "only keys on this relay's allow-list may write, and yours is not on it")
      : refuse(
          "auth-required",
          "only keys on this relay's allow-list may write: authenticate as one of them",
        );
  }

  /**
   * Returns whether anyone may read, as far as is known, without asking. Where only some may, a stranger must not even be able
   * to tell how long a read takes.
   */
  get isProbablyOpen(): boolean {
    const { READ_ACCESS } = this.known?.config ?? this.deps.config;
    return READ_ACCESS === "open" && this.deps.spendLimit?.isStopped !== true;
  }

  async refuseRead(keys: ReadonlySet<string>): Promise<Refusal | undefined> {
    const spent = this.deps.spendLimit?.refusal(keys);
    if (spent) return spent;
    const [refusal] = await this.refuseReads([keys]);
    return refusal;
  }

  /** Like `readRefusal`, for many clients with one look-up. */
  async refuseReads(readers: ReadonlySet<string>[]): Promise<(Refusal | undefined)[]> {
    const access = (await this.current()).config.READ_ACCESS;
    if (access === "open") return readers.map(() => undefined);
    const standings = await this.standingsOf(readers.flatMap((keys) => [...keys]));
    return readers.map((keys) => {
      if (isAnyone(keys, standings, "banned"))
        return refuse("restricted", "your key is banned on this relay");
      if (access === "auth") {
        return keys.size > 0 ? undefined : refuse("auth-required", "only authenticated clients may read");
      }
      if (isAnyone(keys, standings, "allowed")) return undefined;
      return keys.size > 0
        ? refuse("restricted", "only keys on this relay's allow-list may read, and yours is not on it")
        : refuse(
            "auth-required",
            "only keys on this relay's allow-list may read: authenticate as one of them",
          );
    });
  }

  /** Returns the standings of these keys. Looks them up together, and remembers them until something changes. */
  private async standingsOf(keys: string[]): Promise<ReadonlyMap<string, Standing>> {
    if (this.standings.size > MOST_STANDINGS) this.standings = new Map();
    const { standings } = this;
    const unknown = [...new Set(keys)].filter((key) => !standings.has(key));
    if (unknown.length > 0) {
      const found = await this.deps.moderation.standings(unknown);
      for (const key of unknown) standings.set(key, this.isAdmin(key) ? "allowed" : found.get(key));
    }
    return standings;
  }

  private isAdmin(key: string): boolean {
    return this.deps.config.RELAY_ADMINS.includes(key);
  }

  private async read(): Promise<void> {
    this.staleAt = this.deps.now() + RETRY_SECONDS;
    const loaded = await loadModeration(this.deps.moderation, this.deps.config, this.known);
    this.staleAt = this.deps.now() + FRESH_SECONDS;
    if (loaded === this.known) return;
    this.known = loaded;
    // A new map, so that look-ups that are still running for the old one do not fill it.
    this.standings = new Map();
    this.isApplied = false;
  }

  private async load(): Promise<void> {
    this.reading = this.read();
    try {
      await this.reading;
    } finally {
      this.reading = undefined;
    }
    if (this.isApplied) return;
    this.isApplying = true;
    try {
      await this.deps.changed?.();
    } finally {
      this.isApplying = false;
    }
    this.isApplied = true;
  }
}

/** Returns the recipients of a gift wrap: strangers may write to them (NIP-59). */
function recipientsOf({ kind, tags }: Event): string[] {
  if (kind !== GIFT_WRAP && kind !== EPHEMERAL_GIFT_WRAP) return [];
  return tags.flatMap(([name, value]) => (name === "p" && isHex64(value) ? [value] : []));
}

function isAnyone(
  keys: Iterable<string>,
  standings: ReadonlyMap<string, Standing>,
  standing: Standing,
): boolean {
  return [...keys].some((key) => standings.get(key) === standing);
}

const BANNED: Refusal = { prefix: "blocked", reason: "this key is banned on this relay" };

function refuse(prefix: Refusal["prefix"], reason: string): Refusal {
  return { prefix, reason };
}
