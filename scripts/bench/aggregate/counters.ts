/** What a relay of this project counts, from its /metrics. */
import { httpUrl } from "../../shared/relay-option.ts";

/** Returns the sum of a counter over these sources. */
export type Counters = (name: string, sources: readonly string[]) => number;

export async function countersOf(relay: string): Promise<Counters> {
  const response = await fetch(httpUrl(relay, "metrics"));
  const text = await response.text();
  return (name, sources) =>
    sources.reduce((sum, source) => {
      // Before version 0.3.0 names did not end in _total, and stored events had no kind.
      const line = new RegExp(`^${name}(?:_total|_counts)?\\{source="${source}"(?:,[^}]*)?\\} (\\d+)`, "gm");
      const amounts = [...text.matchAll(line)].map(([, amount]) => Number(amount));
      return amounts.reduce((total, amount) => total + amount, sum);
    }, 0);
}
