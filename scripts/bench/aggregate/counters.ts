/** What a relay of this project counts, from its /metrics. */
import { httpUrl } from "../../shared/relay-option.ts";

/** Returns the sum of a counter over these sources. */
export type Counters = (name: string, sources: readonly string[]) => number;

export async function countersOf(relay: string): Promise<Counters> {
  const response = await fetch(httpUrl(relay, "metrics"));
  const text = await response.text();
  return (name, sources) =>
    sources.reduce((sum, source) => {
      const [, amount = "0"] = new RegExp(`^${name}\\{source="${source}"\\} (\\d+)`, "m").exec(text) ?? [];
      return sum + Number(amount);
    }, 0);
}
