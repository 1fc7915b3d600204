import { afterEach, beforeEach, expect, it } from "vitest";
import { openSqlite } from "../../platforms/sqlite.ts";
import {
  type Attributes,
  NO_SPAN,
  type Span,
  type SpanOptions,
  type Tracer,
} from "../../telemetry/tracing.ts";
import { spanAt } from "../../tests/fixtures/spans.ts";
import type { Database } from "./database.ts";
import { tracedDatabase } from "./traced-database.ts";
import { wrapDatabase } from "./wrapped-database.ts";

let sqlite: ReturnType<typeof openSqlite>;
let spans: { name: string; options: SpanOptions; attributes: Attributes }[];
let at: Span;
let db: Database;
beforeEach(() => {
  [spans, at] = [[], spanAt("00-trace")];
  sqlite = openSqlite(":memory:");
  sqlite.exec("CREATE TABLE secret_table (word TEXT)");
  const billed = wrapDatabase(sqlite, async (_statements, run) =>
    (await run()).map(({ results }) => ({
      results,
      meta: { rows_read: 3, rows_written: 1, total_attempts: 2 },
    })),
  );
  const tracer: Tracer = {
    span(name, options, work) {
      const attributes: Attributes = {};
      spans.push({ name, options, attributes });
      return work({ ...at, set: (attribute, value) => void (attributes[attribute] = value) });
    },
  };
  db = tracedDatabase(billed, tracer);
});
afterEach(() => sqlite.close());

const INSERT = "INSERT INTO secret_table (word) VALUES (?1)";
const SELECT = "\n  SELECT word FROM secret_table WHERE word = ?1";

it("records each statement and each batch: what it does and what it costs, and nothing of its text and values", async () => {
  await db.prepare(INSERT).bind("secret value").all();
  await db.batch([db.prepare(SELECT).bind("secret value"), db.prepare(SELECT).bind("x")]);
  await db.batch([db.prepare(SELECT).bind("x"), db.prepare(INSERT).bind("y")]);
  const cost = { "d1.rows_read": 6, "d1.rows_written": 2, "d1.attempts": 2 };
  const batch = { "db.system.name": "cloudflare-d1", "db.operation.batch.size": 2, ...cost };
  expect(spans.map(({ attributes }) => attributes)).toEqual([
    {
      "db.system.name": "cloudflare-d1",
      "db.operation.name": "INSERT",
      "d1.rows_read": 3,
      "d1.rows_written": 1,
      "d1.attempts": 2,
    },
    { ...batch, "db.operation.name": "BATCH SELECT" },
    { ...batch, "db.operation.name": "BATCH" },
  ]);
  expect(new Set(spans.map(({ name }) => name))).toEqual(new Set(["query"]));
  expect(spans[0]?.options).toEqual({ kind: "client", peer: "d1", isPart: true });
  expect(JSON.stringify(spans)).not.toMatch(/secret/);
});

it("does not look at statements if nothing is recorded", async () => {
  at = NO_SPAN;
  await db.prepare(INSERT).bind("x").all();
  expect(spans[0]?.attributes).toEqual({});
});
