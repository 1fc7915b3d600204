/** The live connections to upstreams. On Workers each is an object of its own; here they share the process. */
import type { LiveHealth } from "../store/upstreams/live-health.ts";
import { type LiveOrder, LiveUpstream, type LiveUpstreamDeps } from "../aggregator/live/upstream.ts";

export class LiveUpstreams {
  private readonly deps: Omit<LiveUpstreamDeps, "kept" | "keep" | "wakeAt">;
  private readonly upstreams = new Map<string, LiveUpstream>();
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(deps: Omit<LiveUpstreamDeps, "kept" | "keep" | "wakeAt">) {
    this.deps = deps;
  }

  /** Gives an order to the connection of an upstream, which begins with its first one. */
  async follow(order: LiveOrder): Promise<LiveHealth> {
    const upstream = this.upstreams.get(order.url) ?? this.create(order.url);
    this.upstreams.set(order.url, upstream);
    return upstream.follow(order);
  }

  /** Nothing is kept: the process that knew of a drop has ended, and Cron's order has the health. */
  private create(url: string): LiveUpstream {
    return new LiveUpstream({
      ...this.deps,
      kept: () => undefined,
      keep: () => undefined,
      wakeAt: (time) => {
        clearTimeout(this.timers.get(url));
        const pause = Math.max(0, 1000 * (time - this.deps.now()));
        this.timers.set(
          url,
          setTimeout(() => this.upstreams.get(url)?.goOn(), pause),
        );
      },
    });
  }

  stop(): void {
    for (const timer of this.timers.values()) clearTimeout(timer);
    for (const upstream of this.upstreams.values()) upstream.stop();
  }
}
