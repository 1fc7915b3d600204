/** What a relay says about itself in its information document (NIP-11). Not every relay has one. */
import { CommandError } from "../shared/usage.ts";
import { readJson } from "./http-client.ts";

export interface About {
  /** The address of the software. */
  software: unknown;
  /** How many events it sends at once. */
  maxLimit: number | undefined;
  /** Whether it says that it speaks NIP-77. */
  isCompared: boolean;
}

/** Reads the document. `timeout` is in milliseconds. */
export async function aboutRelay(relay: string, timeout: number | undefined): Promise<About> {
  try {
    const document = await readJson(relay, "", { accept: "application/nostr+json", timeout });
    const { software, limitation, supported_nips } = document as {
      software?: unknown;
      limitation?: { max_limit?: unknown };
      supported_nips?: unknown;
    };
    const limit = limitation?.max_limit;
    return {
      software,
      maxLimit: Number.isSafeInteger(limit) && (limit as number) > 0 ? (limit as number) : undefined,
      isCompared: Array.isArray(supported_nips) && supported_nips.includes(77),
    };
  } catch (error) {
    if (!(error instanceof CommandError) && !(error instanceof TypeError)) throw error;
    // If nothing answers there, the WebSocket says so.
    return { software: undefined, maxLimit: undefined, isCompared: false };
  }
}
