/** The switchboard in a Durable Object, of which there is one. */
import { DurableObject } from "cloudflare:workers";
import { report } from "../platforms/workers.ts";
import { announceModeration } from "../relay/announcement.ts";
import {
  type Declaration,
  type DeclarationAnswer,
  type Publication,
  type PublishAnswer,
  Switchboard,
} from "../relay/switchboard.ts";

const RETRY_MILLISECONDS = 2000;

export class SwitchboardObject extends DurableObject<RelayEnv> {
  private readonly switchboard: Switchboard;

  constructor(ctx: DurableObjectState, env: RelayEnv) {
    super(ctx, env);
    const { sql } = ctx.storage;
    // Those who may want something, and those who ever took a connection.
    for (const table of ["member", "hub"])
      sql.exec(`CREATE TABLE IF NOT EXISTS ${table} (hub TEXT PRIMARY KEY) WITHOUT ROWID`);
    this.switchboard = new Switchboard({
      deliver: async (hub, delivery) => {
        await env.HUB.getByName(hub).deliver(delivery);
      },
      members: {
        list: () => this.names("member"),
        add: (hub) => void sql.exec("INSERT OR IGNORE INTO member VALUES (?)", hub),
        remove: (hub) => void sql.exec("DELETE FROM member WHERE hub = ?", hub),
      },
      background: (work) => ctx.waitUntil(work),
      retryLater: () => ctx.waitUntil(ctx.storage.setAlarm(Date.now() + RETRY_MILLISECONDS)),
    });
  }

  declare(declaration: Declaration): DeclarationAnswer {
    return this.switchboard.declare(declaration);
  }

  /** A hub is there, and is to be told of what the operators decide from now on. */
  join(hub: string): void {
    this.ctx.storage.sql.exec("INSERT OR IGNORE INTO hub VALUES (?)", hub);
  }

  /** Resolves when every hub knows what the operators decided before, with the names of those that did not answer. */
  moderated(): Promise<string[]> {
    const tell = async (hub: string) => this.env.HUB.getByName(hub).reloadModeration();
    return announceModeration(this.names("hub"), tell, report);
  }

  /** `origin` is the hub that committed; other doors have none. */
  publish(publications: Publication[], origin?: string): PublishAnswer {
    return this.switchboard.publish(publications, origin);
  }

  private names(table: "member" | "hub"): string[] {
    const rows = this.ctx.storage.sql.exec<{ hub: string }>(`SELECT hub FROM ${table}`);
    return rows.toArray().map(({ hub }) => hub);
  }

  override alarm(): void {
    this.switchboard.retry();
  }
}
