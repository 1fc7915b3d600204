/** What the operators decided, for one request; and how it reaches the hubs (NIP-86). */
import { verifySignature } from "../nostr/signature.ts";
import type { Management } from "../http/management.ts";
import { report } from "../platforms/workers.ts";
import type { Config } from "../relay/config.ts";
import type { Moderation } from "../relay/moderation.ts";
import { Moderator } from "../relay/moderator.ts";
import { createModerationStore } from "../store/moderation.ts";

/** Shared by all requests of this isolate: the value only, because no request may wait for another's work. */
let known: Moderation | undefined;

/** As of now: one row is read to see whether anything has changed. */
export async function moderatorFor(env: RelayEnv, config: Config): Promise<Moderator> {
  const source = createModerationStore(env.DB);
  const moderator = new Moderator(
    { source, config, now: () => Math.floor(Date.now() / 1000), report },
    known,
  );
  try {
    await moderator.reload();
    known = moderator.moderation;
  } catch (error) {
    // What needs the database fails by itself; the relay document does not.
    report(error);
  }
  return moderator;
}

export function managementOf(env: RelayEnv): Management {
  return {
    store: createModerationStore(env.DB),
    verify: verifySignature,
    announce: async () => {
      try {
        return await env.SWITCHBOARD.getByName("switchboard").moderated();
      } catch (error) {
        report(error);
        return ["the switchboard"];
      }
    },
  };
}
