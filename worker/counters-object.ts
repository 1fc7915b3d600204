/** Where the counts of all hubs and invocations are summed up; there is one of these. */
import { DurableObject } from "cloudflare:workers";
import type { Count } from "../telemetry/counts.ts";
import { METRICS } from "../telemetry/metrics.ts";

export class CountersObject extends DurableObject<RelayEnv> {
  private readonly sql: SqlStorage;

  constructor(ctx: DurableObjectState, env: RelayEnv) {
    super(ctx, env);
    this.sql = ctx.storage.sql;
    this.sql.exec(
      "CREATE TABLE IF NOT EXISTS counter (name TEXT, door TEXT, amount INTEGER NOT NULL, PRIMARY KEY (name, door)) WITHOUT ROWID",
    );
  }

  add(counts: Count[]): void {
    for (const { name, door, amount } of counts) {
      if (!Object.hasOwn(METRICS, name))
        throw new Error(`${JSON.stringify(name)} is not in the list of metrics`);
      this.sql.exec(
        "INSERT INTO counter VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET amount = amount + excluded.amount",
        name,
        door,
        amount,
      );
    }
  }

  read(): Count[] {
    return this.sql.exec("SELECT name, door, amount FROM counter").toArray() as unknown as Count[];
  }
}
