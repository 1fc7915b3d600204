/** Remembers what upstreams announce, so that not every pull asks for the document. */
import type { Announced } from "./announced.ts";

/** Seconds. A change there is seen a day later, or at once if the upstream refuses what it took before. */
const LASTS = 86_400;
/** As many upstreams as there may be. */
const MOST = 1000;

/** `now` returns Unix seconds. */
export function remembering(
  fetch: (url: string) => Promise<Announced>,
  now: () => number,
): (url: string) => Promise<Announced> {
  const known = new Map<string, { announced: Announced; until: number }>();
  return async (url) => {
    const found = known.get(url);
    if (found && now() < found.until) return found.announced;
    known.delete(url);
    const announced = await fetch(url);
    // It has no document, or that could not be read just now.
    if (Object.keys(announced).length === 0) return announced;
    for (const [oldest] of known) if (known.size >= MOST) known.delete(oldest);
    known.set(url, { announced, until: now() + LASTS });
    return announced;
  };
}
