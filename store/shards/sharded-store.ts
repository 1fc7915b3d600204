/**
 * A store of several databases, by author. It behaves like one (tests/contract), but a commit of events of several authors is
 * atomic for each shard only. docs/decisions/0006-several-databases.md says how the log stays one.
 */
import type { Event } from "../../nostr/event.ts";
import type { Pause } from "../removal/removal.ts";
import type { Reservation, ShardLog } from "./shard-log.ts";
import type { Shard } from "./shard.ts";
import {
  countInShards,
  loadFromShards,
  logOfShards,
  readShards,
  recordsOfShards,
  shardOf,
} from "./sharded-reads.ts";
import type { CommitResult, Failure, Fate, Origin, Query, ReadResult, Store } from "../store.ts";
import { isLongDeletion, spreadingOf } from "../removal/tombstones.ts";
import type { Work } from "../work.ts";
import { CLIENTS } from "../sql/write.ts";

export interface ShardedStoreOptions {
  /** In the same order for ever: an author's events stay where they are. */
  shards: readonly Shard[];
  /** In the first of their databases. */
  log: ShardLog;
  /** Resolves after some milliseconds. */
  pause(milliseconds: number): Promise<void>;
  /** Returns a text that nobody else gets. */
  token(): string;
}

/** Milliseconds. A reservation that has been the first for so long is given up: whoever made it has probably died. */
const PATIENCE = 5000;
const FIRST_PAUSE = 5;
const LONGEST_PAUSE = 1000;

const atOnce: Pause = async () => undefined;

export function createShardedStore(options: ShardedStoreOptions): Store {
  const { shards, log } = options;
  const commits = new ShardedCommits(options);
  const all = <T>(ask: (shard: Shard) => Promise<T>) => Promise.all(shards.map(ask));
  const spread = (pause: Pause, ids?: string[]) => spreadLeft(shards, pause, ids);
  return {
    commit: (events, origin) => commits.commit(events, origin),
    isDeleted: (event) => shardFor(shards, event.pubkey).isDeleted(event),
    read: (queries) => readUpToHead(options, queries),
    load: (events) => loadFromShards(shards, events),
    records: (filter, view, most) => recordsOfShards(shards, filter, view, most),
    count: (countables) => countInShards(shards, countables),
    log: async (after, limit) => logOfShards(shards, after, limit, await log.head()),
    newestPublic: async () => {
      const newest = (await all((shard) => shard.newestPublic())).filter((one) => one !== undefined);
      return newest.toSorted((a, b) => b.seq - a.seq)[0];
    },
    known: async (ids) => new Set((await all((shard) => shard.known(ids))).flatMap((known) => [...known])),
    adopt: async (ids) => void (await all((shard) => shard.adopt(ids))),
    async unfinishedDeletions() {
      await commits.finishAbandoned();
      const left = (await all((shard) => shard.spreading())).flat().map(({ id }) => id);
      const unfinished = (await all((shard) => shard.unfinishedDeletions())).flat();
      return [...new Set([...left, ...unfinished])];
    },
    async finishDeletion(id, pause) {
      await spread(pause, [id]);
      for (const shard of shards) await shard.finishDeletion(id, pause);
    },
    vanishing: async () => [...new Set((await all((shard) => shard.vanishing())).flat())],
    async removeVanished(pubkey, pause) {
      await spread(pause);
      for (const shard of shards) await shard.removeVanished(pubkey, pause);
    },
    async removeExpired(now, limit) {
      const results = await all((shard) => shard.removeExpired(now, Math.ceil(limit / shards.length)));
      return {
        removed: results.reduce((sum, { removed }) => sum + removed, 0),
        more: results.some(({ more }) => more),
      };
    },
    async prune(what, pause) {
      const most = Math.ceil(what.most / shards.length);
      let removed = 0;
      for (const shard of shards) removed += await shard.prune({ ...what, most }, pause);
      return removed;
    },
  };
}

function shardFor(shards: readonly Shard[], pubkey: string): Shard {
  return shards[shardOf(pubkey, shards.length)] as Shard;
}

/** The end of the log comes first: everything up to it is stored before any shard is asked. */
async function* readUpToHead({ shards, log }: ShardedStoreOptions, queries: Query[]): Work<ReadResult> {
  return yield* readShards(shards, queries, await log.head());
}

/** Carries out in all shards what an interrupted commit, or one with a long deletion, has left. */
async function spreadLeft(shards: readonly Shard[], pause: Pause, ids?: string[]): Promise<void> {
  for (const home of shards) {
    const left = (await home.spreading()).filter(({ id }) => ids?.includes(id) ?? true);
    for (const one of left) {
      for (const shard of shards) if (shard !== home) await shard.carryOut([one], pause);
      await home.endSpreading([one.id]);
    }
  }
}

/** The part of a commit that one shard takes. */
interface Part {
  shard: Shard;
  /** The places of its events in the commit. */
  places: number[];
  events: Event[];
  positions: number[];
}

class ShardedCommits {
  private readonly options: ShardedStoreOptions;
  /** The highest position in any shard. Undefined before the first commit: the first database may have been restored alone. */
  private known: number | undefined;

  constructor(options: ShardedStoreOptions) {
    this.options = options;
  }

  async commit(events: Event[], origin: Origin = CLIENTS): Promise<CommitResult> {
    const { shards, log, token } = this.options;
    this.known ??= Math.max(...(await Promise.all(shards.map((shard) => shard.last()))));
    const known = Math.max(this.known, origin.head ?? 0);
    const reservation = await log.reserve(token(), events.length, known);
    const parts = this.partsOf(events, reservation);
    const results = await Promise.all(parts.map((part) => commitPart(part, origin, reservation)));
    const fates: (Fate | Failure)[] = [];
    for (const [n, { places }] of parts.entries()) {
      for (const [at, place] of places.entries()) fates[place] = results[n]?.fates[at] as Fate | Failure;
    }
    const used = results.some(({ isFenced }) => isFenced)
      ? reservation.last
      : lastOf(fates, reservation.prev);
    const { head, last } = await log.release(reservation, used);
    if (head < last) await this.waitFor(last);
    this.known = Math.max(this.known, last);
    await this.spread(events.filter((_, at) => /^(?:stored|duplicate)$/.test(fates[at]?.kind ?? "")));
    const isAny = fates.some(({ kind }) => kind === "stored");
    return {
      prev: reservation.prev,
      last: isAny ? last : reservation.prev,
      fates,
      unfinished: results.flatMap(({ unfinished }) => unfinished),
      isRepeated: false,
    };
  }

  /** Gives up what commits have left that have died. */
  async finishAbandoned(): Promise<void> {
    const { log } = this.options;
    const first = await log.first();
    if (first) await this.waitFor(first.last);
  }

  private partsOf(events: Event[], { prev }: Reservation): Part[] {
    const { shards } = this.options;
    const byShard = Map.groupBy(events.keys(), (at) => shardOf((events[at] as Event).pubkey, shards.length));
    return [...byShard].map(([shard, places]) => ({
      shard: shards[shard] as Shard,
      places,
      events: places.map((at) => events[at] as Event),
      positions: places.map((at) => prev + 1 + at),
    }));
  }

  /** Waits until the log goes as far as this: until all commits that reserved before have ended. */
  private async waitFor(last: number): Promise<void> {
    const { log, pause } = this.options;
    let waited = 0;
    let seen = "";
    for (let wait = FIRST_PAUSE; ; wait = Math.min(2 * wait, LONGEST_PAUSE)) {
      const first = await log.first();
      if (!first || first.prev >= last) return;
      if (first.token !== seen) waited = 0;
      seen = first.token;
      if (waited >= PATIENCE) await this.giveUp(first);
      else await pause(wait);
      waited += wait;
    }
  }

  /** Nothing can be stored any more at the positions of this reservation. Its commit may still run: then it stores nothing more. */
  private async giveUp(reservation: Reservation): Promise<void> {
    const { shards, log } = this.options;
    await Promise.all(shards.map((shard) => shard.fence(reservation.last)));
    await log.release(reservation, reservation.last);
  }

  /** Deletions and requests to vanish also concern gift wraps, which are in the shards of their random authors. */
  private async spread(events: Event[]): Promise<void> {
    const { shards } = this.options;
    const asked = events
      .filter((event) => !isLongDeletion(event))
      .flatMap((event) => spreadingOf(event) ?? []);
    if (asked.length === 0) return;
    const homes = Map.groupBy(asked, ({ pubkey }) => shardFor(shards, pubkey));
    await Promise.all(
      shards.map(async (shard) => {
        const others = [...homes].flatMap(([home, own]) => (home === shard ? [] : own));
        if (others.length > 0) await shard.carryOut(others, atOnce);
      }),
    );
    await Promise.all([...homes].map(([home, own]) => home.endSpreading(own.map(({ id }) => id))));
  }
}

interface PartResult {
  fates: (Fate | Failure)[];
  unfinished: string[];
  /** The shard refuses the positions of this commit from now on. */
  isFenced: boolean;
}

async function commitPart(part: Part, origin: Origin, reservation: Reservation): Promise<PartResult> {
  const { shard, events, positions } = part;
  try {
    const { fates, unfinished, isRepeated } = await shard.commit(events, { ...origin, positions });
    if (!isRepeated) return { fates, unfinished, isFenced: false };
    const found = await settled(part, reservation);
    return { fates: fates.map((fate, at) => found[at] ?? fate), unfinished, isFenced: true };
  } catch (error) {
    const found = await settled(part, reservation);
    const failure: Failure = { kind: "failed", error };
    // If it is stored, so is what it has left to do.
    const unfinished = found.some((fate) => fate) ? await shard.unfinishedDeletions() : [];
    const own = unfinished.filter((id) => events.some((event) => event.id === id));
    return { fates: found.map((fate) => fate ?? failure), unfinished: own, isFenced: true };
  }
}

/**
 * Finds out which events a commit has stored whose answer was lost. It may even be carried out later: so first the shard is
 * told to refuse its positions.
 */
async function settled(
  { shard, events, positions }: Part,
  { prev, last }: Reservation,
): Promise<(Fate | undefined)[]> {
  await shard.fence(last);
  const seqs = new Map<string, number>();
  for (let after = prev; after < last;) {
    const page = await shard.log(after, events.length);
    for (const { id, seq } of page.events) if (seq <= last) seqs.set(id, seq);
    after = page.events.at(-1)?.seq ?? last;
  }
  return events.map(({ id }): Fate | undefined => {
    const seq = seqs.get(id);
    if (seq === undefined || !positions.includes(seq)) return undefined;
    seqs.delete(id);
    return { kind: "stored", seq };
  });
}

function lastOf(fates: (Fate | Failure)[], prev: number): number {
  return fates.reduce((last, fate) => (fate.kind === "stored" ? Math.max(last, fate.seq) : last), prev);
}
