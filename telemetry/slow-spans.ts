/** Which work counts as slow, so that its trace is sent although it was not sampled. */

/** Work that no client waits for. It takes this many times as long before it counts as slow. */
const BACKGROUND = new Set(["pull", "publish_onward", "receive", "consume", "sweep", "scheduled"]);
const BACKGROUND_FACTOR = 30;

/** `slowMilliseconds` is the setting TRACE_SLOW_MS. */
export function slowSpans(slowMilliseconds: number): (name: string, duration: number) => boolean {
  return (name, duration) =>
    duration >= (BACKGROUND.has(name) ? BACKGROUND_FACTOR * slowMilliseconds : slowMilliseconds);
}
