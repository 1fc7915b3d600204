import { describe, expect, it } from "vitest";
import { createStore } from "../../store/sql/sql-store.ts";
import { gatedCommitter, notes, passAll } from "../../tests/fixtures/committers.ts";
import { turn } from "../../tests/fixtures/turn.ts";
import { signedEvent } from "../../tests/fixtures/signed-events.ts";
import { migratedSqlite } from "../../tests/fixtures/sqlite.ts";

const gated = () => gatedCommitter(createStore(migratedSqlite()));

describe("senders", () => {
  const costly = (kind: number) => notes(3, "ab ".repeat(40_000), kind);

  it("take turns: one that sends much waits behind those that send little, and each is kept in order", async () => {
    const committing = gated();
    const { committer } = committing;
    const [head, ...rest] = notes(1200, "", 7);
    const fates = [committer.add(head!, { client: "greedy" })];
    await turn();
    fates.push(...rest.map((event) => committer.add(event, { client: "greedy" })));
    const [a, b] = notes(2);
    fates.push(committer.add(a!, { client: "a" }), committer.add(b!, { client: "b" }));
    const batches = await passAll(committing, 4);
    await Promise.all(fates);
    expect(batches[1]!.slice(0, 4)).toEqual([rest[0]!.id, a!.id, b!.id, rest[1]!.id]);
    expect(batches.map(({ length }) => length)).toEqual([1, 500, 500, 201]);
    const ofGreedy = batches.flat().filter((id) => id !== a!.id && id !== b!.id);
    expect(ofGreedy).toEqual([head, ...rest].map((event) => event!.id));
  });

  it("wait for one costly event at most, however many others send such events", async () => {
    const committing = gated();
    const { committer } = committing;
    const many = [41, 42, 43].flatMap((kind) => {
      const client = `sender of ${kind}`;
      return costly(kind).map((event) => committer.add(event, { client }));
    });
    await turn();
    const small = notes(9, "", 7);
    const order: string[][] = [];
    for (const event of small) {
      many.push(committer.add(event, { client: "a" }));
      committing.batches.at(-1)!.pass();
      await turn();
      order.push(committing.batches.at(-1)!.events.map(({ id }) => id));
      committing.batches.at(-1)!.pass();
      await turn();
    }
    await Promise.all(many);
    expect(order).toEqual(small.map(({ id }) => [id]));
    // Three events of each of three senders, in turn.
    const kinds = committing.batches.map(({ events }) => events[0]!.kind).filter((kind) => kind !== 7);
    expect(kinds).toEqual([41, 42, 43, 41, 42, 43, 41, 42, 43]);
  });

  it("[23] do not wait for the deletions of others", async () => {
    const committing = gated();
    const { committer } = committing;
    const [first] = notes(1, "", 7);
    const fates = [committer.add(first!, { client: "x" })];
    await turn();
    const [before, after] = [signedEvent(), signedEvent({ kind: 7 })];
    const deletion = signedEvent({
      kind: 5,
      tags: [
        ["e", before.id],
        ["e", after.id],
      ],
    });
    const [other, another] = notes(2);
    for (const event of [before, deletion, after]) fates.push(committer.add(event, { client: "a" }));
    for (const event of [other, another]) fates.push(committer.add(event!, { client: "b" }));
    const batches = await passAll(committing, 3);
    expect((await Promise.all(fates)).map(({ kind }) => kind)).toEqual([
      "stored",
      "stored",
      "stored",
      "deleted",
      "stored",
      "stored",
    ]);
    expect(batches.slice(1)).toEqual([[before.id, other!.id, another!.id, deletion.id], [after.id]]);
  });
});
