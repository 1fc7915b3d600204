/**
 * The object of an upstream in live mode. It only translates the platform's calls. Its outgoing WebSocket keeps it awake, all month:
 * that is billed, and why live mode is off by default.
 * https://developers.cloudflare.com/durable-objects/best-practices/websockets/
 */
import { DurableObject } from "cloudflare:workers";
import type { LiveHealth } from "../../store/upstreams/live-health.ts";
import { LiveUpstream, type LiveOrder, type LiveUpstreamDeps, type LiveWait } from "./upstream.ts";

export interface LiveObjectDeps extends Omit<LiveUpstreamDeps, "kept" | "keep" | "wakeAt" | "background"> {
  /** Sends gathered counts and spans in the background. */
  flush(background: (work: Promise<void>) => void): void;
}

const WAIT = "wait";

/** Returns the class of the object. */
export function liveObject(deps: LiveObjectDeps) {
  return class extends DurableObject<AggregatorEnv> {
    private readonly upstream: LiveUpstream;

    constructor(ctx: DurableObjectState, env: AggregatorEnv) {
      super(ctx, env);
      this.upstream = new LiveUpstream({
        ...deps,
        kept: () => ctx.storage.kv.get<LiveWait>(WAIT),
        keep: (wait) => ctx.storage.kv.put(WAIT, wait),
        wakeAt: (time) => ctx.waitUntil(ctx.storage.setAlarm(1000 * time)),
        background: (work) => ctx.waitUntil(work),
      });
    }

    /** Called by Cron. Connects in the background. */
    follow(order: LiveOrder): LiveHealth {
      const health = this.upstream.follow(order);
      this.flush();
      return health;
    }

    override alarm(): void {
      this.upstream.goOn();
      this.flush();
    }

    private flush(): void {
      deps.flush((work) => this.ctx.waitUntil(work));
    }
  };
}
