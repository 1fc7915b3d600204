/** The clock of a Worker. */

export function unixSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

/** Resolves after some milliseconds. Rejects when it is aborted. */
export function wait(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return scheduler.wait(milliseconds, signal ? { signal } : {});
}
