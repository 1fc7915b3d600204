/** The one door, put together: rules, signature, group commit. Hubs, HTTP and the queue each have one. */
import type { Verify } from "../nostr/signature.ts";
import { type CommitDeps, Committer, passingPublication } from "./commit.ts";
import type { Config } from "./config.ts";
import { createIngest, type Ingest } from "./ingest.ts";
import type { Moderator } from "./moderator.ts";
import { Outlet, type OutletDeps } from "./outlet.ts";
import { policy } from "./policy.ts";
import type { Store } from "../store/store.ts";
import type { Publication } from "./switchboard.ts";

export interface DoorDeps extends CommitDeps {
  store: Pick<Store, "commit" | "removeVanished" | "isDeleted">;
  config: Config;
  verify: Verify;
  moderator: Pick<Moderator, "refuseWrite">;
  /** Unix seconds. */
  now(): number;
  /** For the operator's log. */
  report(error: unknown): void;
}

export function createDoor(deps: DoorDeps): Ingest {
  const committer = new Committer(deps);
  return createIngest({
    rules: policy(deps.config, (rule, { id }) => {
      deps.metrics.add("events_spared_counts", deps.door);
      deps.report(`dry run: ${rule} would have refused event ${id}`);
    }),
    refuseWrite: (event, { keys }) => deps.moderator.refuseWrite(event, keys, deps.door === "queue"),
    verify: deps.verify,
    now: () => deps.now(),
    commit: (event, traceparent) => committer.add(event, traceparent),
    isDeleted: (event) => deps.store.isDeleted(event),
    passOn: (event, traceparent) => deps.publish(passingPublication(event, traceparent)),
  });
}

/** How a door without subscribers of its own publishes: through the switchboard, and waits until it is told. */
export function publishThrough(
  deps: Omit<OutletDeps, "answered">,
): (publication: Publication) => Promise<void> {
  const outlet = new Outlet({ ...deps, answered: () => undefined });
  return (publication) => outlet.send(publication);
}
