/**
 * Who may work now. So many pieces of work run at once, and so many of them for one line; the lines take turns, so
 * that whoever asks for much waits behind those who ask for little.
 */
export interface TurnsDeps {
  /** At once. */
  most: number;
  mostOfLine: number;
  /**
   * Between the end of one turn and the beginning of one that waited: time for what has arrived meanwhile. (workerd
   * looks at its sockets only when nothing else is left to do; a local one has the database in the same process.)
   */
  breathe(): Promise<void>;
}

interface Waiting {
  owner: unknown;
  /** Whether its turn came; otherwise it was dropped. */
  resolve(isTurn: boolean): void;
}

interface Line {
  running: number;
  waiting: Waiting[];
}

export class Turns {
  private readonly deps: TurnsDeps;
  private running = 0;
  /** The first is the next whose turn it is. */
  private readonly lines = new Map<unknown, Line>();

  constructor(deps: TurnsDeps) {
    this.deps = deps;
  }

  /**
   * `line`: whatever tells one client from the others. `owner`: what the work is for; undefined is the answer when that
   * was dropped before its turn came.
   */
  async take<T>(line: unknown, owner: unknown, work: () => Promise<T>): Promise<T | undefined> {
    const isTurn = await new Promise<boolean>((resolve) => {
      this.lineOf(line).waiting.push({ owner, resolve });
      this.startNext();
    });
    if (!isTurn) return undefined;
    try {
      return await work();
    } finally {
      void this.end(line);
    }
  }

  /** Nobody waits for this any more. What has begun goes on. */
  drop(name: unknown, owner: unknown): void {
    const line = this.lines.get(name);
    if (!line) return;
    const dropped = line.waiting.filter((one) => one.owner === owner);
    line.waiting = line.waiting.filter((one) => one.owner !== owner);
    for (const { resolve } of dropped) resolve(false);
    if (line.running === 0 && line.waiting.length === 0) this.lines.delete(name);
  }

  private async end(name: unknown): Promise<void> {
    const isWaitedFor = [...this.lines.values()].some(({ waiting }) => waiting.length > 0);
    if (isWaitedFor) await this.deps.breathe();
    this.running -= 1;
    this.lineOf(name).running -= 1;
    this.startNext();
  }

  private startNext(): void {
    for (const [name, line] of this.lines) {
      if (this.running >= this.deps.most) return;
      if (line.running === 0 && line.waiting.length === 0) this.lines.delete(name);
      if (line.running >= this.deps.mostOfLine) continue;
      const next = line.waiting.shift();
      if (!next) continue;
      this.running += 1;
      line.running += 1;
      this.lines.delete(name);
      this.lines.set(name, line);
      next.resolve(true);
    }
  }

  private lineOf(name: unknown): Line {
    const line = this.lines.get(name) ?? { running: 0, waiting: [] };
    this.lines.set(name, line);
    return line;
  }
}
