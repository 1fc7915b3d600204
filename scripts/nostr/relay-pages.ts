/** Pages of the stored events of any relay. */
import { CommandError } from "../shared/usage.ts";
import { HOMEPAGE } from "../shared/version.ts";
import { authenticate } from "./auth-option.ts";
import { openConversation } from "./conversation.ts";
import { readJson } from "./http-client.ts";
import { httpPages } from "./http-pages.ts";
import { requestPages } from "./request-pages.ts";

const SILENCE_MILLISECONDS = 60_000;

export interface PageOptions {
  auth: boolean;
  /** In milliseconds. */
  timeout: number | undefined;
  /** Called for a second that has more events than the relay sends at once. */
  isCut(second: number): void;
}

/** Returns all stored events that match, newest first. Over HTTP if the relay is a Tributary: its cursor has no limit within a second. */
export async function* relayPages(
  relay: string,
  filter: Record<string, unknown>,
  { auth, timeout, isCut }: PageOptions,
): AsyncGenerator<unknown[]> {
  const about = await aboutRelay(relay, timeout);
  if (about.software === HOMEPAGE) return yield* httpPages(relay, filter, { auth, timeout });
  await using conversation = await openConversation(relay, timeout);
  if (auth) await authenticate(conversation, relay, filter);
  const silence = timeout ?? SILENCE_MILLISECONDS;
  yield* requestPages(conversation, filter, { auth, silence, maxLimit: about.maxLimit, isCut });
}

/** Reads the relay information document (NIP-11). Not every relay has one. */
async function aboutRelay(
  relay: string,
  timeout: number | undefined,
): Promise<{ software: unknown; maxLimit: number | undefined }> {
  try {
    const document = await readJson(relay, "", { accept: "application/nostr+json", timeout });
    const { software, limitation } = document as {
      software?: unknown;
      limitation?: { max_limit?: unknown };
    };
    const limit = limitation?.max_limit;
    return {
      software,
      maxLimit: Number.isSafeInteger(limit) && (limit as number) > 0 ? (limit as number) : undefined,
    };
  } catch (error) {
    if (!(error instanceof CommandError) && !(error instanceof TypeError)) throw error;
    // If nothing answers there, the WebSocket says so.
    return { software: undefined, maxLimit: undefined };
  }
}
