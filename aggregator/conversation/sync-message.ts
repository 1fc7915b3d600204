/** One message of a reconciliation with an upstream, and its answer (NIP-77). */
import { type Exchange, type Interruption, shortText } from "./line.ts";

export interface SyncAnswer {
  ending:
    /** NEG-MSG: the upstream's message, in hex as it came: not checked. */
    | { how: "message"; message: string }
    /** NEG-ERR, or CLOSED. `most` is the upstream's maximum number of events, if it tells that. */
    | { how: "closed"; reason: string; most?: number }
    /** Only a NOTICE came: the upstream does not speak NIP-77. */
    | { how: "unsupported"; notice: string }
    /** The upstream wants authentication (NIP-42), which was not possible. */
    | { how: "auth"; reason: string }
    | Interruption;
}

/** Returns the exchange of a NEG-OPEN or NEG-MSG. It may take `within` milliseconds. */
export function syncExchange(
  message: [verb: string, id: string, ...unknown[]],
  within: number,
): Exchange<SyncAnswer> {
  let notice: string | undefined;
  return {
    message,
    within,
    take([verb, id, text, most]) {
      if (verb === "NOTICE") notice = shortText(id);
      if (id !== message[1]) return undefined;
      if (verb === "NEG-MSG" && typeof text === "string")
        return { done: { ending: { how: "message", message: text } } };
      if (verb !== "NEG-ERR" && verb !== "CLOSED") return undefined;
      const bound = Number.isSafeInteger(most) && (most as number) > 0 ? { most: most as number } : {};
      return { done: { ending: { how: "closed", reason: shortText(text), ...bound } } };
    },
    interrupted: (ending) =>
      ending.how === "silence" && notice !== undefined && message[0] === "NEG-OPEN"
        ? { ending: { how: "unsupported", notice } }
        : { ending },
  };
}
