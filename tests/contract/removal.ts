/** The contract of removals: deletions (NIP-09) and requests to vanish (NIP-62), no matter how many events they name. */
import { expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { parseRetention } from "../../nostr/retention.ts";
import type { Store } from "../../store/store.ts";
import { noPause } from "../fixtures/no-pause.ts";
import { PUBKEYS } from "../reference/generators.ts";
import { note, TIMEOUT } from "./queries.ts";

export function describeRemoval(store: () => Store): void {
  describeDeletions(store);
  describeVanishing(store);
  describePruning(store);
}

function describePruning(store: () => Store): void {
  it("what is older than its kind is kept is removed, of upstreams or of all", async () => {
    const [own, pulled, both, kept] = [1, 1, 1, 0].map((kind, n) => note(n, { kind })) as [
      Event,
      Event,
      Event,
      Event,
    ];
    await store().commit([own]);
    await store().commit([pulled, both, kept], { isPulled: true });
    await store().commit([both]);
    const rules = parseRetention("0:forever,*:60") ?? [];
    const left = async () => (await store().log(0, 10)).events.map(({ id }) => id);
    expect(await store().prune({ rules, isPulled: true, now: 1000, most: 100 }, noPause)).toBe(1);
    expect(await left()).toEqual([own.id, both.id, kept.id]);
    expect(await store().prune({ rules, isPulled: false, now: 1000, most: 100 }, noPause)).toBe(2);
    expect(await left()).toEqual([kept.id]);
  });
}

function describeDeletions(store: () => Store): void {
  const [ann = "", bob = ""] = PUBKEYS;
  const deletion = (named: Event[], draft: Partial<Event> = {}) =>
    note(5000, {
      kind: 5,
      pubkey: ann,
      tags: named.map(({ id, kind, pubkey, tags }) =>
        kind === 30_000 ? ["a", `30000:${pubkey}:${tags[0]![1]}`] : ["e", id],
      ),
      ...draft,
    });
  const countAll = async () => (await store().log(0, 5000)).events.length;
  /** Returns how many events each step removed. The first step is the commit. */
  async function steps(request: Event): Promise<number[]> {
    const counts = [(await countAll()) + 1];
    expect((await store().commit([request])).unfinished).toEqual([request.id]);
    expect(await store().unfinishedDeletions()).toEqual([request.id]);
    counts.push(await countAll());
    await store().finishDeletion(request.id, async () => void counts.push(await countAll()));
    expect(await store().unfinishedDeletions()).toEqual([]);
    return counts.slice(1).map((count, at) => counts[at]! - count);
  }

  it("[23] one that names little is carried out with the commit", async () => {
    const events = [note(1, { pubkey: ann }), note(2, { pubkey: ann, kind: 30_000, tags: [["d", "x"]] })];
    await store().commit(events);
    const request = deletion(events);
    expect((await store().commit([...events, request])).unfinished).toEqual([]);
    expect((await store().log(0, 10)).events.map(({ id }) => id)).toEqual([request.id]);
  });

  it(
    "[23] one that names much is carried out in steps, and what it names stays out",
    async () => {
      const named = Array.from({ length: 600 }, (_, n) =>
        n % 2 === 0
          ? note(n, { pubkey: ann })
          : note(n, { pubkey: ann, kind: 30_000, tags: [["d", `d${n}`]] }),
      );
      const others = [
        note(3, { pubkey: bob }),
        note(6000, { pubkey: ann, kind: 30_000, tags: [["d", "d5"]] }),
      ];
      const kept = named.filter(({ created_at }) => created_at !== 5);
      for (const events of [named.slice(0, 300), named.slice(300), others]) await store().commit(events);
      const request = deletion([...named, ...others]);
      const removed = await steps(request);
      expect(removed[0]).toBe(0);
      expect(Math.max(...removed)).toBeLessThanOrEqual(100);
      expect(removed.reduce((sum, count) => sum + count)).toBe(kept.length);
      const left = (await store().log(0, 5000)).events.map(({ id }) => id);
      expect(left).toEqual([others[0]!.id, others[1]!.id, request.id]);
      const { fates } = await store().commit(named);
      expect(new Set(fates.map(({ kind }) => kind))).toEqual(new Set(["deleted"]));
    },
    TIMEOUT,
  );

  it("[23] one that names a few with very many tags is carried out in steps", async () => {
    const tags = Array.from({ length: 1000 }, (_, n) => ["t", `x${n}`]);
    const named = Array.from({ length: 16 }, (_, n) => note(n, { pubkey: ann, tags }));
    await store().commit(named);
    const removed = await steps(deletion(named));
    expect(Math.max(...removed)).toBeLessThanOrEqual(3);
    expect(await countAll()).toBe(1);
  });

  it("[23] one that comes again, or is not stored, begins nothing", async () => {
    const absent = Array.from({ length: 200 }, (_, n) => note(n, { pubkey: ann }));
    const request = deletion(absent);
    await steps(request);
    expect(await store().commit([request])).toMatchObject({ fates: [{ kind: "duplicate" }], unfinished: [] });
    await store().commit([note(5001, { kind: 62, pubkey: ann })]);
    const late = deletion(absent, { content: "late" });
    expect(await store().commit([late])).toMatchObject({ fates: [{ kind: "deleted" }], unfinished: [] });
    expect(await store().unfinishedDeletions()).toEqual([]);
    await store().finishDeletion(late.id, noPause);
  });

  it("[23] one that was interrupted and comes again is still to be carried out", async () => {
    const named = Array.from({ length: 300 }, (_, n) => note(n, { pubkey: ann }));
    await store().commit(named);
    const request = deletion(named);
    await store().commit([request]);
    const away = () => Promise.reject(new Error("the hub was evicted"));
    await expect(store().finishDeletion(request.id, away)).rejects.toThrow("evicted");
    expect(await countAll()).toBeGreaterThan(1);
    const again = await store().commit([request]);
    expect(again).toMatchObject({ fates: [{ kind: "duplicate" }], unfinished: [request.id] });
    await store().finishDeletion(request.id, noPause);
    expect(await countAll()).toBe(1);
  });
}

function describeVanishing(store: () => Store): void {
  const [ann = "", bob = ""] = PUBKEYS;
  const named = [["p", ann]];
  const vanish = (created_at: number) =>
    note(created_at, { kind: 62, pubkey: ann, tags: [["relay", "ALL_RELAYS"]] });

  it(
    "[25] whoever vanishes is kept out from the commit on, and removed apart from it, however much there is",
    async () => {
      const own = Array.from({ length: 1100 }, (_, n) => note(n >> 3, { pubkey: ann }));
      const wraps = Array.from({ length: 1100 }, (_, n) =>
        note(n >> 3, { kind: n % 2 === 0 ? 1059 : 1, pubkey: bob, tags: named }),
      );
      const later = [note(201, { pubkey: ann }), note(201, { kind: 1059, pubkey: bob, tags: named })];
      for (const events of [own, wraps, later]) await store().commit(events);
      const wish = vanish(200);
      const { fates } = await store().commit([note(1, { pubkey: bob }), wish]);
      expect(fates.map(({ kind }) => kind)).toEqual(["stored", "stored"]);
      // All other events of the commit wait for what it removes.
      expect((await store().log(0, 5000)).events).toHaveLength(2204);
      expect(await store().vanishing()).toEqual([ann]);
      const again = [note(200, { pubkey: ann }), note(200, { kind: 1059, pubkey: bob, tags: named })];
      expect((await store().commit(again)).fates).toEqual([{ kind: "deleted" }, { kind: "deleted" }]);

      await store().removeVanished(ann, noPause);
      const left = (await store().log(0, 5000)).events.map(({ id }) => id);
      const kept = [...wraps.filter(({ kind }) => kind === 1), ...later].map(({ id }) => id);
      expect(left.slice(0, -2)).toEqual(kept);
      expect([left.length, left.at(-1)]).toEqual([kept.length + 2, wish.id]);
      expect(await store().vanishing()).toEqual([]);
    },
    TIMEOUT,
  );

  it.each([
    ["events", 1100, [["t", "x"]], 300],
    ["tags", 30, Array.from({ length: 1000 }, (_, n) => ["t", `x${n}`]), 3],
  ])(
    "[25] between the steps of removing many %s everybody else is served",
    async (_, count, tags, most) => {
      const own = Array.from({ length: count }, (__, n) => note(n, { pubkey: ann, tags }));
      const wraps = own.map(({ created_at }) =>
        note(created_at, { kind: 1059, pubkey: bob, tags: [...tags, ...named] }),
      );
      for (const events of [own, wraps]) {
        while (events.length > 0) await store().commit(events.splice(-200));
      }
      await store().commit([vanish(5000)]);
      const left: number[] = [await countAll()];
      await store().removeVanished(ann, async () => {
        left.push(await countAll());
        const { fates } = await store().commit([note(6000 + left.length, { pubkey: ann, kind: 7000 })]);
        expect(fates).toEqual([{ kind: "stored", seq: expect.any(Number) }]);
      });
      // Another client stores one event in each pause.
      const removed = left.slice(1).map((all, at) => left[at]! + Math.min(at, 1) - all);
      expect(Math.max(...removed)).toBeLessThanOrEqual(most);
      expect(left.length).toBeGreaterThan((2 * count) / most);
      expect(await countAll()).toBe(left.length);
    },
    TIMEOUT,
  );

  async function countAll(): Promise<number> {
    return (await store().log(0, 5000)).events.length;
  }

  it("[25] one that asks for more while its removal is under way is not done with the first part", async () => {
    const own = Array.from({ length: 700 }, (_, n) => note(n, { pubkey: ann }));
    for (const events of [own.slice(0, 400), own.slice(400)]) await store().commit(events);
    await store().commit([vanish(500)]);
    let pauses = 0;
    await store().removeVanished(ann, async () => {
      if ((pauses += 1) === 1) await store().commit([vanish(600)]);
    });
    expect(await store().vanishing()).toEqual([ann]);
    await store().removeVanished(ann, noPause);
    expect(await store().vanishing()).toEqual([]);
    const left = (await store().log(0, 1000)).events.map(({ created_at }) => created_at);
    expect(left).toEqual([...own.slice(601).map(({ created_at }) => created_at), 500, 600]);
  });

  it("[25] of two requests the newer one counts, and who never asked loses nothing", async () => {
    const events = [note(10, { pubkey: ann }), note(20, { pubkey: ann }), note(10, { pubkey: bob })];
    await store().commit(events);
    await store().commit([vanish(15)]);
    await store().commit([vanish(5)]);
    await store().removeVanished(bob, noPause);
    await store().removeVanished(ann, noPause);
    const ids = (await store().log(0, 10)).events.map(({ id }) => id);
    expect(ids.slice(0, 2)).toEqual([events[1]!.id, events[2]!.id]);
    expect(ids).toHaveLength(4);
  });
}
