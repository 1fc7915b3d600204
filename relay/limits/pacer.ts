/**
 * Cuts long work into slices with a pause between them. A slice is measured by cost, not by the clock. (workerd reads its
 * sockets only when it has nothing else to do.) The client that has been served the least is next (fair-batches.ts).
 */
import { FairBatches } from "./fair-batches.ts";

interface PacerDeps {
  /** Maximum cost of one slice. */
  slice: number;
  /** Lets all other waiting work continue. */
  breathe(): Promise<void>;
}

interface Waiting {
  cost: number;
  begin(): void;
}

export class Pacer {
  private readonly deps: PacerDeps;
  private spent = 0;
  private readonly waiting = new FairBatches<Waiting>(({ cost }) => cost);
  private isServing = false;

  constructor(deps: PacerDeps) {
    this.deps = deps;
  }

  /** Resolves when work of this cost may start; at once if the slice has room. Work of one client stays in order. */
  async turn(client: unknown, cost: number): Promise<void> {
    if (!this.isServing && this.spent < this.deps.slice) {
      this.spent += cost;
      return;
    }
    await new Promise<void>((begin) => {
      this.waiting.add(client, { cost, begin });
      if (!this.isServing) void this.serve();
    });
  }

  private async serve(): Promise<void> {
    this.isServing = true;
    while (!this.waiting.isEmpty) {
      await this.deps.breathe();
      this.spent = 0;
      for (const { begin } of this.waiting.take((next) => this.hasRoomFor(next))) begin();
    }
    this.isServing = false;
  }

  /** Returns whether work may start in this slice, and counts it. */
  private hasRoomFor({ cost }: Waiting): boolean {
    if (this.spent >= this.deps.slice) return false;
    this.spent += cost;
    return true;
  }
}
