/** The tables of drizzle against those that the migrations create. */
import { getTableConfig, type SQLiteTable } from "drizzle-orm/sqlite-core";
import { expect, it } from "vitest";
import { migratedSqlite } from "../../tests/fixtures/sqlite.ts";
import * as tables from "./tables.ts";

interface Shape {
  columns: { name: string; type: string; isRequired: boolean; default: unknown }[];
  primaryKey: string[];
  indexes: { name: string; isUnique: boolean; columns: string[] }[];
}

const db = migratedSqlite();

async function rows<Row>(pragma: string, name: string): Promise<Row[]> {
  return (await db.prepare(`SELECT * FROM ${pragma}(?1)`).bind(name).all<Row>()).results;
}

async function inDatabase(table: string): Promise<Shape> {
  const columns = await rows<{ name: string; type: string; notnull: number; dflt_value: string; pk: number }>(
    "pragma_table_info",
    table,
  );
  const indexes = await rows<{ name: string; unique: number; origin: string }>("pragma_index_list", table);
  const keys = columns.filter(({ pk }) => pk > 0).toSorted((a, b) => a.pk - b.pk);
  return {
    columns: columns.map(({ name, type, notnull, dflt_value, pk }) => ({
      name,
      type: type.toLowerCase(),
      isRequired: notnull === 1 || pk > 0,
      default: dflt_value ?? undefined,
    })),
    primaryKey: keys.map(({ name }) => name),
    indexes: await Promise.all(
      indexes
        .filter(({ origin }) => origin === "c")
        .map(async ({ name, unique }) => ({
          name,
          isUnique: unique === 1,
          columns: (await rows<{ name: string }>("pragma_index_info", name)).map((column) => column.name),
        })),
    ),
  };
}

function inDrizzle(table: SQLiteTable): Shape {
  const { columns, primaryKeys, indexes } = getTableConfig(table);
  const single = columns.filter(({ primary }) => primary);
  return {
    columns: columns.map((column) => ({
      name: column.name,
      type: column.getSQLType(),
      isRequired: column.notNull || primaryKeys.some((key) => key.columns.includes(column)),
      default: column.default === undefined ? undefined : literal(column.default),
    })),
    primaryKey: [...single, ...primaryKeys.flatMap((key) => key.columns)].map(({ name }) => name),
    indexes: indexes.map(({ config }) => ({
      name: config.name,
      isUnique: config.unique,
      columns: config.columns.map((column) => ("name" in column ? column.name : "an expression")),
    })),
  };
}

/** As the database shows a default. */
function literal(value: unknown): string {
  return typeof value === "string" ? `'${value.replaceAll("'", "''")}'` : String(value);
}

it.each(Object.values(tables))("the table of drizzle is the one in the database", async (table) => {
  const { name } = getTableConfig(table);
  expect({ name, ...inDrizzle(table) }).toEqual({ name, ...(await inDatabase(name)) });
});
