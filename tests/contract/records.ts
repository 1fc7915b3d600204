/** The part of the contract in tests/contract/store.ts that is about the records of a set of events (NIP-77). */
import { bytesToHex } from "@noble/hashes/utils.js";
import { expect, it } from "vitest";
import type { Store, View } from "../../store/store.ts";
import { finish } from "../../store/work.ts";
import { STRANGERS_VIEW } from "../fixtures/strangers.ts";
import { aFilter, anEvent, PUBKEYS, seeded } from "../reference/generators.ts";
import { matches, survivors, type WireFilter } from "../reference/matcher.ts";
import { note, queryOf } from "./queries.ts";

export function describeRecords(store: () => Store): void {
  it("[36] records are what a read would find, sorted, and nothing when they are too many", async () => {
    const random = seeded(36);
    const events = survivors(Array.from({ length: 400 }, () => anEvent(random)));
    await store().commit(events);
    for (let tried = 0; tried < 80; tried += 1) {
      const { limit, ...filter } = aFilter(random, events);
      const found = events.filter((event) => matches(filter, event)).slice(0, limit);
      const wire = { ...filter, ...(limit !== undefined && { limit }) };
      expect(await recordsOf(wire), JSON.stringify(wire)).toEqual(
        found.map(({ created_at, id }) => created_at.toString(16).padStart(16, "0") + id).toSorted(),
      );
      const tooFew = await recordsOf(wire, Math.max(0, found.length - 1));
      expect([tooFew, await recordsOf(wire, found.length)]).toEqual([
        found.length > 0 ? undefined : [],
        expect.objectContaining({ length: found.length }),
      ]);
    }
  });

  it("[36] records are those that the reader may see", async () => {
    const [writer = "", other = "", receiver = ""] = PUBKEYS;
    const [dm, wrap] = [4, 1059].map((kind) => note(kind, { kind, pubkey: writer, tags: [["p", receiver]] }));
    const expiring = note(5000, { tags: [["expiration", "100"]] });
    await store().commit([dm!, wrap!, expiring]);
    const times = async (view: View) =>
      (await recordsOf({}, 10, view))?.map((record) => Number.parseInt(record.slice(0, 16), 16));
    expect(await times({ keys: [], now: 99 })).toEqual([5000]);
    expect(await times({ keys: [], now: 100 })).toEqual([]);
    expect(await times({ keys: [other], now: 100 })).toEqual([]);
    expect(await times({ keys: [writer], now: 100 })).toEqual([4]);
    expect(await times({ keys: [other, receiver], now: 100 })).toEqual([4, 1059]);
  });

  it("[36] the newest records are found, even if the reader has many older private events in one second", async () => {
    const [writer = ""] = PUBKEYS;
    const notes = [1000, 1001].map((at) => note(at, { pubkey: writer }));
    const messages = Array.from({ length: 10 }, () => note(500, { kind: 4, pubkey: writer }));
    await store().commit([...notes, ...messages]);
    const view = { keys: [writer], now: 2000 };
    expect(await recordsOf({ limit: 1 }, 10, view)).toEqual([expect.stringContaining(notes[1]!.id)]);
  });

  it("[36] records of many authors are found however many are wanted", async () => {
    const events = Array.from({ length: 30 }, (_, n) => note(n, { pubkey: PUBKEYS[n % 3]! }));
    await store().commit(events);
    for (const most of [30, 5001, 100_000]) {
      expect(await recordsOf({ authors: PUBKEYS.slice(0, 2) }, most)).toHaveLength(20);
      expect(await recordsOf({ kinds: [1, 7] }, most)).toHaveLength(30);
    }
  });

  /** Returns the records in hex. */
  async function recordsOf(filter: WireFilter, most = 10_000, view = STRANGERS_VIEW) {
    const { result: records } = await finish(store().records(queryOf(filter, 0).filter, view, most));
    return records && (bytesToHex(records).match(/.{80}/g) ?? []);
  }
}
