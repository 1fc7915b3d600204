/** Signals to end: Ctrl-C, a closed terminal, or a service manager. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Resolves at the first signal after this call. No signal is missed, even before the promise is awaited. */
export function interruption(): Promise<undefined> {
  return new Promise((resolve) => {
    for (const signal of SIGNALS) process.on(signal, () => resolve(undefined));
  });
}

/** Runs `make` and removes the signal handlers that it adds: they could end the process at once. */
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
