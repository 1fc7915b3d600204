/** Chooses the hubs that a new connection tries. Hubs fill one after the other, so that few are awake. */

/** Number of hubs that are tried in sequence. After them, the steps get larger. */
const IN_A_ROW = 4;

export class HubChoice {
  private readonly hubs: number;
  private first = 0;

  /** Created once for each process or isolate: it remembers which hub had room. */
  constructor(hubs: number) {
    this.hubs = hubs;
  }

  /** Returns at most 8 of 64 hubs: the one that last had room, the next ones, and some further away. */
  candidates(): number[] {
    const steps: number[] = [];
    for (let step = 0; step < this.hubs; step = step < IN_A_ROW - 1 ? step + 1 : step * 2 + 1)
      steps.push(step);
    return steps.map((step) => (this.first + step) % this.hubs);
  }

  hadRoom(hub: number): void {
    this.first = hub;
  }

  /** Call this if no candidate had room: the next connection tries others. */
  allFull(): void {
    this.first = (this.first + IN_A_ROW) % this.hubs;
  }
}
