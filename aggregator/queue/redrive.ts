/** Puts dead letters on the queue again that an operator has chosen. */
import type { DeadLetters, MarkedLetter } from "../../store/letters/dead-letters.ts";
import { type Bundle, bundleEvents } from "./bundle.ts";

interface RedriveDeps {
  letters: Pick<DeadLetters, "marked" | "removeMarked">;
  enqueue(bundles: Bundle[]): Promise<void>;
}

/** Letters that are read at once: up to 5 MB. And how often, in one run. The rest waits for the next minute. */
const AT_ONCE = 40;
const MOST_ROUNDS = 25;

/**
 * Queues letters that are marked, and removes them. If it ends in between, they are queued once more by the next run, and no event is
 * stored twice. A letter whose event fails again comes back.
 */
export async function redrive({ letters, enqueue }: RedriveDeps): Promise<void> {
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const marked = await letters.marked(AT_ONCE);
    if (marked.length === 0) return;
    await enqueue(bundlesOf(marked));
    await letters.removeMarked(marked.map(({ id }) => id));
  }
}

function bundlesOf(marked: MarkedLetter[]): Bundle[] {
  const groups = Map.groupBy(marked, ({ upstream, attempts }) => `${attempts} ${upstream}`);
  return [...groups.values()].flatMap((group) => {
    const [{ upstream, attempts } = { upstream: "", attempts: 0 }] = group;
    const events = group.map(({ body }) => JSON.parse(body) as unknown);
    // What is kept of a letter fits in a message.
    return bundleEvents(events, { upstream, attempts }, Infinity).bundles;
  });
}
