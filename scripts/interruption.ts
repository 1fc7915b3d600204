/** Being told to end: by Ctrl-C, by a closed terminal, by whoever manages this process. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Resolves when it happens, from this call on: there is no moment at which it would be missed. */
export function interruption(): Promise<undefined> {
  return new Promise((resolve) => {
    for (const signal of SIGNALS) process.on(signal, () => resolve(undefined));
  });
}

/** What is made goes by this process's signal handlers, and not by its own: they might leave at once. */
export function withoutSignalHandlers<T>(make: () => T): T {
  const before = new Map(SIGNALS.map((signal) => [signal, new Set(process.listeners(signal))]));
  const made = make();
  for (const [signal, kept] of before) {
    for (const listener of process.listeners(signal)) {
      if (!kept.has(listener)) process.removeListener(signal, listener);
    }
  }
  return made;
}
