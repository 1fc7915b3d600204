import { lettersContract } from "../contract/letters.ts";
import { migratedSqlite } from "../fixtures/sqlite.ts";

lettersContract(async () => migratedSqlite());
