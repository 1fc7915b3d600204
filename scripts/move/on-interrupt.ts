/** The first Ctrl-C ends a transfer at a place where it can go on. The second one ends the program at once. */
export function onInterrupt(): AbortSignal {
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupted.abort());
  return interrupted.signal;
}
