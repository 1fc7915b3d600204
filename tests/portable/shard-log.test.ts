import * as fc from "fast-check";
import { expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import type { Database } from "../../store/database/database.ts";
import { retryingDatabase } from "../../store/database/retrying-database.ts";
import { wrapDatabase } from "../../store/database/wrapped-database.ts";
import type { CommitResult, Store } from "../../store/store.ts";
import { note } from "../contract/queries.ts";
import { TRANSIENT } from "../fixtures/failing-database.ts";
import { noPause } from "../fixtures/no-pause.ts";
import { severalSqlites, shardedStore } from "../fixtures/shards.ts";
import { PUBKEYS } from "../reference/generators.ts";

const RUNS = Number(process.env["RUNS"] ?? 80);
const SHARDS = 3;

/** What happens to one call of a database. "late": it fails now, and is carried out later all the same. */
type Fate = "runs" | "fails" | "answer is lost" | "late" | "dies";

const fate = fc.oneof(
  { weight: 12, arbitrary: fc.constant<Fate>("runs") },
  { weight: 1, arbitrary: fc.constantFrom<Fate>("fails", "answer is lost", "late", "dies") },
);

/** Each committer, and each of its commits: the authors of its events, and whether an event replaces others. */
const plans = fc.array(
  fc.array(
    fc.array(fc.record({ author: fc.nat(5), kind: fc.constantFrom(1, 0) }), { minLength: 1, maxLength: 4 }),
    {
      minLength: 1,
      maxLength: 3,
    },
  ),
  { minLength: 1, maxLength: 4 },
);

const never = new Promise<never>(() => undefined);

interface World {
  s: fc.Scheduler;
  next(): Fate;
  /** For how many steps of others a call is on its way. */
  delay(): number;
}

/** The database of one committer, which may die at any call: then no later call gets an answer. */
function mortal(
  db: Database,
  { s, next, delay, life, retries }: World & { life: { isOver: boolean }; retries: boolean },
): Database {
  const slow = wrapDatabase(db, async (_sql, run) => {
    await s.schedule(Promise.resolve(), "call");
    if (life.isOver) return never;
    const happens = next();
    if (happens === "fails") throw new Error(TRANSIENT);
    if (happens === "late" || happens === "dies") {
      // Whoever gives this commit up may be done before.
      void (async () => {
        for (let wait = delay(); wait > 0; wait -= 1) await s.schedule(Promise.resolve(), "on its way");
        await run();
      })().catch(() => undefined);
      if (happens === "late") throw new Error(TRANSIENT);
      life.isOver = true;
      return never;
    }
    const results = await run();
    if (life.isOver) return never;
    await s.schedule(Promise.resolve(), "answer");
    if (happens === "answer is lost") throw new Error(TRANSIENT);
    return results;
  });
  if (!retries) return slow;
  return retryingDatabase(slow, { random: () => 0, now: () => 0, pause: noPause, retried: () => undefined });
}

type Stored = { seq: number; id: string };

async function storedIn(databases: readonly Database[]): Promise<Stored[]> {
  const lists = await Promise.all(
    databases.map((db) => db.prepare("SELECT seq, lower(hex(id)) AS id FROM event").all<Stored>()),
  );
  return lists.flatMap(({ results }) => results);
}

/** Reads the log now and then, and checks that nothing appears where it has already read. */
function reader(store: Store, databases: readonly Database[]) {
  const seen = new Set<string>();
  let end = 0;
  return async () => {
    const { head } = await store.log(0, 0);
    expect(head).toBeGreaterThanOrEqual(end);
    const all = await storedIn(databases);
    const late = all.filter(({ seq, id }) => seq <= end && !seen.has(`${seq} ${id}`));
    expect(late).toEqual([]);
    for (const { seq, id } of all) if (seq <= head) seen.add(`${seq} ${id}`);
    end = head;
    return head;
  };
}

it("once a reader has seen the end of the log, nothing appears before it, whoever dies and whatever is lost", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      plans,
      fc.infiniteStream(fate),
      fc.infiniteStream(fc.nat(100)),
      async (s, committers, fates, delays) => {
        const databases = severalSqlites(SHARDS);
        const raw = shardedStore(databases).store;
        const read = reader(raw, databases);
        /** What a commit says is stored is in the log. */
        const check = async ({ fates: ended }: CommitResult) => {
          const head = await read();
          expect(ended.filter((one) => one.kind === "stored" && one.seq > head)).toEqual([]);
        };
        const world = {
          s,
          next: () => fates.next().value as Fate,
          delay: () => delays.next().value as number,
        };
        const results: { events: Event[]; result: CommitResult }[] = [];
        const work = committers.map(async (commits, n) => {
          const life = { isOver: false };
          const own = databases.map((db) => mortal(db, { ...world, life, retries: n % 2 === 0 }));
          const { store } = shardedStore(own, () => s.schedule(Promise.resolve(), "pause"));
          for (const drafts of commits) {
            const events = drafts.map(({ author, kind }) => note(1, { pubkey: PUBKEYS[author]!, kind }));
            const result = await store.commit(events).catch(() => undefined);
            // Otherwise it has told nobody that anything is stored.
            if (result) await check(result);
            if (result) results.push({ events, result });
          }
        });
        const problems: unknown[] = [];
        for (const one of work) one.catch((error) => problems.push(error));
        const reads = (async () => {
          for (let n = 0; n < 40; n += 1) {
            await s.schedule(Promise.resolve(), "read");
            await read();
          }
        })();
        reads.catch((error) => problems.push(error));
        await s.waitIdle();
        expect(problems).toEqual([]);
        // Whoever comes next finishes what others have left.
        const last = note(2);
        const end = await raw.commit([last]);
        expect(end.fates).toEqual([{ kind: "stored", seq: end.last }]);
        expect(await read()).toBe(end.last);
        const all = (await storedIn(databases)).sort((a, b) => a.seq - b.seq);
        expect((await raw.log(0, 1000)).events.map(({ seq, id }) => ({ seq, id }))).toEqual(all);
        expect(new Set(all.map(({ seq }) => seq)).size).toBe(all.length);
        for (const { events, result } of results) checkResult(events, result, all);
        for (const db of databases) db.close();
      },
    ),
    { numRuns: RUNS },
  );
}, 120_000);

/** A commit has stored what it says, where it says, and nothing else is there. */
function checkResult(events: Event[], { prev, last, fates }: CommitResult, all: Stored[]): void {
  const own = new Map(
    fates.flatMap((one, at) => (one.kind === "stored" ? [[one.seq, events[at]!.id] as const] : [])),
  );
  const isOwn = ({ seq, id }: Stored) => own.get(seq) === id;
  expect([...own.keys()].filter((seq) => seq <= prev || seq > last)).toEqual([]);
  expect(all.filter((one) => one.seq > prev && one.seq <= last && !isOwn(one))).toEqual([]);
  const failed = events.filter((_, at) => fates[at]!.kind === "failed");
  expect(failed.filter((event) => all.some(({ id }) => id === event.id))).toEqual([]);
}
