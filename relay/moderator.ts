/**
 * Who may write and read: access modes, bans, kinds and addresses (NIP-42, NIP-86). Keeps what the operators decided
 * current; whether a key is on a list is looked up when it matters, because such lists have no end.
 */
import { GIFT_WRAP, VANISH } from "../nostr/deletion.ts";
import { type Event, isHex64, kindClass } from "../nostr/event.ts";
import type { ModerationStore, Standing } from "../store/moderation.ts";
import type { Config } from "./config.ts";
import { loadModeration, type Moderation } from "./moderation.ts";
import type { Refusal } from "./policy.ts";

export interface ModeratorDeps {
  source: Pick<ModerationStore, "revision" | "load" | "standings">;
  config: Config;
  /** Unix seconds. */
  now(): number;
  report(error: unknown): void;
  /** Called after each change, before `reload` resolves. */
  changed?(): Promise<void>;
}

/** Whoever changes something tells all hubs; for one that could not be told, this is how long it may not know. */
const FRESH_SECONDS = 60;
const RETRY_SECONDS = 5;

/** When more are remembered, they are looked up anew. */
const MOST_STANDINGS = 10_000;

const EPHEMERAL_WRAP = 21_059;

export class Moderator {
  private readonly deps: ModeratorDeps;
  private known: Moderation | undefined;
  /** Whether `changed` has gone through for what is known. */
  private isApplied = true;
  private standings = new Map<string, Standing>();
  private staleAt = -Infinity;
  /** The load under way, and the one that starts after it for whoever asks meanwhile. */
  private loading: Promise<void> | undefined;
  private next: Promise<void> | undefined;

  /** `known`: as an earlier one knew it, not older than a moment. */
  constructor(deps: ModeratorDeps, known?: Moderation) {
    this.deps = deps;
    this.known = known;
    if (known) this.staleAt = deps.now() + FRESH_SECONDS;
  }

  /** Undefined until it has been loaded. */
  get moderation(): Moderation | undefined {
    return this.known;
  }

  /** What holds now; rejects when nothing is known and nothing can be read. */
  async current(): Promise<Moderation> {
    if (!this.known) await (this.loading ?? this.reload());
    else if (this.deps.now() >= this.staleAt) await this.refresh();
    if (!this.known) throw new Error("moderation was loaded, and is not there");
    return this.known;
  }

  /** Resolves when everything that was decided before this call holds. */
  reload(): Promise<void> {
    if (!this.loading) {
      this.loading = this.load().finally(() => {
        this.loading = undefined;
      });
      return this.loading;
    }
    this.next ??= this.loading
      .catch(() => undefined)
      .then(() => {
        this.next = undefined;
        return this.reload();
      });
    return this.next;
  }

  /** `isUpstream`: it comes from another relay, and not from a client that could be asked who it is. */
  async refuseWrite(
    event: Event,
    keys: ReadonlySet<string>,
    isUpstream: boolean,
  ): Promise<Refusal | undefined> {
    const { config, refuseKind } = await this.current();
    const refusal = refuseKind(event.kind);
    if (refusal) return refusal;
    const access = isUpstream || event.kind === VANISH ? "open" : config.WRITE_ACCESS;
    const isStored = kindClass(event.kind) !== "ephemeral";
    // Then there is only the author to look at, and the commit does.
    if (access === "open" && isStored && keys.size === 0) return undefined;
    const recipients = access === "allow" ? recipientsOf(event) : [];
    const standings = await this.standingsOf([event.pubkey, ...keys, ...recipients]);
    if (standings.get(event.pubkey) === "banned") return BANNED;
    if (isAnyone(keys, standings, "banned")) return BANNED;
    if (access === "open") return undefined;
    if (access === "auth") {
      return keys.size > 0
        ? undefined
        : refuse("auth-required", "only those who have authenticated may write");
    }
    if (isAnyone([event.pubkey, ...keys, ...recipients], standings, "allowed")) return undefined;
    return keys.size > 0
      ? refuse("restricted", "only keys on this relay's list may write, and yours is not on it")
      : refuse("auth-required", "only keys on this relay's list may write, authenticate as one of them");
  }

  async refuseRead(keys: ReadonlySet<string>): Promise<Refusal | undefined> {
    const [refusal] = await this.refuseReads([keys]);
    return refusal;
  }

  /** The same of many readers, for one lookup. */
  async refuseReads(readers: ReadonlySet<string>[]): Promise<(Refusal | undefined)[]> {
    const access = (await this.current()).config.READ_ACCESS;
    if (access === "open") return readers.map(() => undefined);
    const standings = await this.standingsOf(readers.flatMap((keys) => [...keys]));
    return readers.map((keys) => {
      if (isAnyone(keys, standings, "banned")) return refuse("restricted", "your key is banned here");
      if (access === "auth") {
        return keys.size > 0
          ? undefined
          : refuse("auth-required", "only those who have authenticated may read");
      }
      if (isAnyone(keys, standings, "allowed")) return undefined;
      return keys.size > 0
        ? refuse("restricted", "only keys on this relay's list may read, and yours is not on it")
        : refuse("auth-required", "only keys on this relay's list may read, authenticate as one of them");
    });
  }

  /** Of all these keys; looked up at once, and remembered until something changes. */
  private async standingsOf(keys: string[]): Promise<ReadonlyMap<string, Standing>> {
    if (this.standings.size > MOST_STANDINGS) this.standings = new Map();
    const { standings } = this;
    const unknown = [...new Set(keys)].filter((key) => !standings.has(key));
    if (unknown.length > 0) {
      const found = await this.deps.source.standings(unknown);
      for (const key of unknown) standings.set(key, this.isAdmin(key) ? "allowed" : found.get(key));
    }
    return standings;
  }

  private isAdmin(key: string): boolean {
    return this.deps.config.RELAY_ADMINS.includes(key);
  }

  /** Out of date is better than nothing: while the database is away nothing is stored anyway. */
  private async refresh(): Promise<void> {
    this.staleAt = this.deps.now() + RETRY_SECONDS;
    try {
      await this.reload();
    } catch (error) {
      this.deps.report(error);
    }
  }

  private async load(): Promise<void> {
    const loaded = await loadModeration(this.deps.source, this.deps.config, this.known);
    this.staleAt = this.deps.now() + FRESH_SECONDS;
    if (loaded === this.known && this.isApplied) return;
    this.known = loaded;
    // A new map: what is being looked up for the old one is not for this.
    this.standings = new Map();
    this.isApplied = false;
    await this.deps.changed?.();
    this.isApplied = true;
  }
}

/** Those who would find it in their inbox: strangers may write to them (NIP-59). */
function recipientsOf({ kind, tags }: Event): string[] {
  if (kind !== GIFT_WRAP && kind !== EPHEMERAL_WRAP) return [];
  return tags.flatMap(([name, value]) => (name === "p" && isHex64(value) ? [value] : []));
}

function isAnyone(
  keys: Iterable<string>,
  standings: ReadonlyMap<string, Standing>,
  standing: Standing,
): boolean {
  return [...keys].some((key) => standings.get(key) === standing);
}

const BANNED: Refusal = { prefix: "blocked", reason: "this key is banned here" };

function refuse(prefix: Refusal["prefix"], reason: string): Refusal {
  return { prefix, reason };
}
