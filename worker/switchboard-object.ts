/** The switchboard in a Durable Object, of which there is one. */
import { DurableObject } from "cloudflare:workers";
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
    sql.exec("CREATE TABLE IF NOT EXISTS member (hub TEXT PRIMARY KEY) WITHOUT ROWID");
    this.switchboard = new Switchboard({
      deliver: async (hub, delivery) => {
        await env.HUB.getByName(hub).deliver(delivery);
      },
      members: {
        list: () =>
          sql
            .exec<{ hub: string }>("SELECT hub FROM member")
            .toArray()
            .map(({ hub }) => hub),
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

  /** `origin` is the hub that committed; other doors have none. */
  publish(publications: Publication[], origin?: string): PublishAnswer {
    return this.switchboard.publish(publications, origin);
  }

  override alarm(): void {
    this.switchboard.retry();
  }
}
