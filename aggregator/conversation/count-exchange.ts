/** A COUNT and its answer (NIP-45). */
import type { Exchange } from "./line.ts";

const COUNT_MILLISECONDS = 10_000;

/** Returns the exchange of a COUNT. Its result is undefined if the upstream does not tell. */
export function countExchange(id: string, filter: Record<string, unknown>): Exchange<number | undefined> {
  return {
    message: ["COUNT", id, filter],
    within: COUNT_MILLISECONDS,
    take([verb, subscription, answer]) {
      if (subscription !== id) return undefined;
      if (verb === "CLOSED") return { done: undefined };
      if (verb !== "COUNT") return undefined;
      const { count } = (answer ?? {}) as { count?: unknown };
      return { done: Number.isSafeInteger(count) && (count as number) >= 0 ? (count as number) : undefined };
    },
    interrupted: () => undefined,
  };
}
