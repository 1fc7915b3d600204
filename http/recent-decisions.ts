/** The operators' decisions for pages and documents that must not fail with the database. */
import type { Moderation } from "../relay/access/moderation-snapshot.ts";
import type { AppEnv } from "./app-env.ts";

/**
 * Returns what was last known if the database does not answer, so that the relay can still describe itself. Undefined if
 * nothing is known: then the configured settings hold.
 */
export async function recentIfThere({
  decisions,
  report,
}: Pick<AppEnv["Bindings"], "decisions" | "report">): Promise<Moderation | undefined> {
  try {
    return await decisions.recent();
  } catch (error) {
    report(error);
    return decisions.last();
  }
}
