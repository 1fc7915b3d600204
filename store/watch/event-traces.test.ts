import { afterEach, beforeEach, expect, it } from "vitest";
import { migratedSqlite } from "../../tests/fixtures/sqlite.ts";
import { createEventTraces, type EventTraces } from "./event-traces.ts";

const idOf = (n: number) => n.toString(16).padStart(64, "0");
const traceOf = (n: number) => n.toString(16).padStart(32, "0");
const events = (...numbers: number[]) => numbers.map((n) => ({ id: idOf(n), trace: traceOf(n) }));

let db: ReturnType<typeof migratedSqlite>;
let traces: EventTraces;
beforeEach(() => {
  db = migratedSqlite();
  traces = createEventTraces(db, 3);
});
afterEach(() => db.close());

const found = (numbers: number[]) => Promise.all(numbers.map((n) => traces.find(idOf(n))));

it("finds the trace of an event, and none of an event that it does not know", async () => {
  await traces.remember(events(1, 2));
  expect(await found([1, 2, 3])).toEqual([traceOf(1), traceOf(2), undefined]);
});

it("keeps the latest events only", async () => {
  await traces.remember(events(1, 2));
  await traces.remember(events(3, 4));
  expect(await found([1, 2, 3, 4])).toEqual([undefined, traceOf(2), traceOf(3), traceOf(4)]);
});

it("keeps the last trace of an event that was stored again, and counts it as the latest", async () => {
  await traces.remember(events(1, 2, 3));
  await traces.remember([{ id: idOf(1), trace: traceOf(9) }]);
  await traces.remember(events(4));
  expect(await found([1, 2, 3, 4])).toEqual([traceOf(9), undefined, traceOf(3), traceOf(4)]);
});
