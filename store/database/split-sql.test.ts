import { expect, it } from "vitest";
import { openSqlite } from "../../platforms/sqlite.ts";
import { readMigrations } from "../../platforms/migration-files.ts";
import { splitSql } from "./split-sql.ts";

it.each([
  ["two statements", "SELECT 1; SELECT 2;", ["SELECT 1", "SELECT 2"]],
  ["a last one without a semicolon", "SELECT 1", ["SELECT 1"]],
  ["nothing between semicolons", ";;\n; -- no\n", []],
  ["a semicolon in a comment", "SELECT 1 -- one; not two\n; SELECT 2", ["SELECT 1", "SELECT 2"]],
  ["an apostrophe in a comment", "-- It's one\nSELECT 1; SELECT 2", ["SELECT 1", "SELECT 2"]],
  ["a quote in a long comment", "SELECT /* it's; \n -- \" */ 1; SELECT 2", ["SELECT   1", "SELECT 2"]],
  ["a comment between two words", "SELECT/**/1", ["SELECT 1"]],
  ["a semicolon in a text", "SELECT 'a;b''c;d'; SELECT 2", ["SELECT 'a;b''c;d'", "SELECT 2"]],
  ["a comment's start in a text", "SELECT '--', '/*'; SELECT 2", ["SELECT '--', '/*'", "SELECT 2"]],
  ["quoted names", 'SELECT ";", `;`, [;]; SELECT 2', ['SELECT ";", `;`, [;]', "SELECT 2"]],
  ["names that contain END", "SELECT end_at, append; SELECT 2", ["SELECT end_at, append", "SELECT 2"]],
  ["a transaction's words", "BEGIN; SELECT 1; END;", ["BEGIN", "SELECT 1", "END"]],
  ["Windows' ends of lines", "SELECT 1; -- it's\r\nSELECT 2;\r\n", ["SELECT 1", "SELECT 2"]],
])("splits %s", (_case, sql, statements) => {
  expect(splitSql(sql)).toEqual(statements);
});

it.each([
  "CREATE TRIGGER",
  "create temp trigger",
  "CREATE\nTEMPORARY  TRIGGER",
  "-- it's\nCREATE /**/ TRIGGER",
])("keeps what begins with %j in one piece", (start) => {
  const body = `t AFTER INSERT ON a WHEN CASE new.b WHEN 1 THEN 1 ELSE 0 END BEGIN
      -- It's; END
      DELETE FROM b WHERE c = 'END;';
      UPDATE a SET b = CASE WHEN b THEN 1 END;
    END`;
  const statements = splitSql(`${start} ${body}; SELECT 2;`);
  expect(statements).toHaveLength(2);
  expect(statements[0]).toMatch(/END$/);
});

it.each(["SELECT 'a", 'SELECT "a', "SELECT `a", "SELECT [a", "CREATE TRIGGER t BEGIN SELECT 1;"])(
  "refuses %s, which has no end",
  (sql) => {
    expect(() => splitSql(sql)).toThrow(/has no (?:end|END): /);
  },
);

it("splits the migrations into what SQLite makes of the whole files", async () => {
  const [whole, split] = [openSqlite(":memory:"), openSqlite(":memory:")];
  for (const { sql } of readMigrations()) {
    whole.exec(sql);
    for (const statement of splitSql(sql)) split.exec(statement);
  }
  expect(await schemaOf(split)).toEqual(await schemaOf(whole));
});

/** Returns all objects of the schema with their definitions, without comments and extra spaces. */
async function schemaOf(db: ReturnType<typeof openSqlite>) {
  const { results } = await db
    .prepare("SELECT type, name, coalesce(sql, '') AS sql FROM sqlite_master ORDER BY type, name")
    .all<{ type: string; name: string; sql: string }>();
  return results.map(({ type, name, sql }) => [type, name, splitSql(sql).join(";").replaceAll(/\s+/g, " ")]);
}
