/** Lets an ingest path that outlives a batch judge events by the decisions of the operators that hold now. */
import type { Access } from "../../relay/access/access.ts";
import type { ConsumeDeps } from "./consume.ts";

/**
 * The ingest path of a live connection looks for new decisions once a minute. An event that it refuses by old ones would be
 * remembered as refused by the new ones, and no pull would take it any more.
 */
export function byCurrentDecisions(deps: ConsumeDeps, access: Pick<Access, "reload">): ConsumeDeps {
  return {
    ...deps,
    async unneeded(upstream, ids) {
      const found = await deps.unneeded(upstream, ids);
      // Afterwards, so that the decisions are never older than the rules that were found.
      await access.reload();
      return found;
    },
  };
}
