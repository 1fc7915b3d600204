/** The switchboard in a Durable Object. There is one. */
import { DurableObject } from "cloudflare:workers";
import { unixSeconds } from "../platforms/clock.ts";
import { report } from "../platforms/report.ts";
import { announceModeration } from "../relay/live/announcement.ts";
import {
  type Declaration,
  type DeclarationAnswer,
  type OtherDeclaration,
  type OtherPublication,
  type Publication,
  type PublishAnswer,
  Switchboard,
} from "../relay/live/switchboard.ts";
import { hubOf } from "./objects.ts";
import { switchboardTelemetry } from "./telemetry.ts";

export class SwitchboardObject extends DurableObject<RelayEnv> {
  private readonly switchboard: Switchboard;
  private readonly telemetry = switchboardTelemetry();

  constructor(ctx: DurableObjectState, env: RelayEnv) {
    super(ctx, env);
    const { sql } = ctx.storage;
    // member: hubs that may want events. hub: all hubs that ever took a connection.
    for (const table of ["member", "hub"])
      sql.exec(`CREATE TABLE IF NOT EXISTS ${table} (hub TEXT PRIMARY KEY) WITHOUT ROWID`);
    this.switchboard = new Switchboard({
      deliver: async (hub, delivery) => {
        await hubOf(hub).deliver(delivery);
      },
      tracer: this.telemetry.tracer,
      members: {
        list: () => this.names("member"),
        add: (hub) => void sql.exec("INSERT OR IGNORE INTO member (hub) VALUES (?)", hub),
        remove: (hub) => void sql.exec("DELETE FROM member WHERE hub = ?", hub),
      },
      background: (work) => ctx.waitUntil(work.finally(() => this.flush())),
      now: unixSeconds,
      retryAt: (time) => ctx.waitUntil(ctx.storage.setAlarm(time * 1000)),
      report,
      seed: Math.floor(Math.random() * 2 ** 32),
      metrics: {
        add: (name, labels, amount) => {
          this.telemetry.metrics.add(name, labels, amount);
          this.flush();
        },
      },
    });
  }

  declare(declaration: Declaration | OtherDeclaration): DeclarationAnswer {
    return this.switchboard.declare(declaration);
  }

  /** Adds a hub, which from now on gets the decisions of the operators. */
  join(hub: string): void {
    this.ctx.storage.sql.exec("INSERT OR IGNORE INTO hub (hub) VALUES (?)", hub);
  }

  /**
   * Resolves when every hub has loaded earlier decisions of the operators. Returns the names of hubs that did not
   * answer.
   */
  moderated(): Promise<string[]> {
    const tell = async (hub: string) => hubOf(hub).reloadModeration();
    return announceModeration(this.names("hub"), tell, report);
  }

  /** Publishes what a committer stored. `origin` is the hub that committed; undefined for other sources. */
  publish(publications: (Publication | OtherPublication)[], origin?: string): PublishAnswer {
    const answer = this.switchboard.publish(publications, origin);
    this.flush();
    return answer;
  }

  private flush(): void {
    this.telemetry.flush((work) => this.ctx.waitUntil(work));
  }

  private names(table: "member" | "hub"): string[] {
    const rows = this.ctx.storage.sql.exec<{ hub: string }>(`SELECT hub FROM ${table}`);
    return rows.toArray().map(({ hub }) => hub);
  }

  override alarm(): void {
    this.switchboard.retry();
  }
}
