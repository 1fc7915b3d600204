/** Puts the ingest path together: policy, signature, group commit. Hubs, HTTP and the queue each create one. */
import type { Verify } from "../../nostr/signature.ts";
import { type CommitDeps, Committer, passingPublication } from "./commit.ts";
import type { Config } from "../config.ts";
import { FairQueue } from "../limits/fair-queue.ts";
import { ingestPath, type Ingest, type IngestDeps } from "./ingest.ts";
import type { Access } from "../access/access.ts";
import { Publisher, type PublisherDeps } from "../live/publisher.ts";
import { Pacer } from "../limits/pacer.ts";
import { policy } from "../access/policy.ts";
import type { Store } from "../../store/store.ts";
import type { Publication } from "../live/switchboard.ts";

interface CreateIngestDeps extends CommitDeps {
  store: CommitDeps["store"] & Pick<Store, "isDeleted">;
  config: Config;
  verify: Verify;
  idOf?: IngestDeps["idOf"];
  access: Pick<Access, "refuseWrite">;
  /** A pacer that is shared with other checks. By default it has its own. */
  pacer?: Pacer;
  /** Unix seconds. */
  now(): number;
  /** Writes to the operator's log. */
  report(error: unknown): void;
}

/** Cost of one slice: about 20 ms of checking ids and signatures. */
const SLICE_COST = 12_000;

/** Maximum number of ephemeral events in progress: looked up in the database and delivered. */
const PASSING_AT_ONCE = 4;
const PASSING_OF_CLIENT = 2;

export function createPacer(pause: (milliseconds: number) => Promise<void>): Pacer {
  return new Pacer({ slice: SLICE_COST, breathe: () => pause(1) });
}

export function createIngest(deps: CreateIngestDeps): Ingest {
  const committer = new Committer(deps);
  const isPulled = deps.source === "queue";
  const pacer = deps.pacer ?? createPacer(deps.pause);
  const passing = new FairQueue({
    most: PASSING_AT_ONCE,
    mostOfClient: PASSING_OF_CLIENT,
    breathe: () => deps.pause(1),
  });
  return ingestPath({
    rules: policy(deps.config, (rule, { id }) => {
      deps.metrics.add("events_would_refuse_total", { source: deps.source });
      deps.report(`dry run: ${rule} would have refused event ${id}`);
    }),
    refuseWrite: (event, { keys }) => deps.access.refuseWrite(event, keys, isPulled),
    verify: deps.verify,
    idOf: deps.idOf,
    turn: (client, cost) => pacer.turn(client, cost),
    now: () => deps.now(),
    commit: (event, source) => committer.add(event, source),
    // A turn lasts until the event is delivered, because the queue of the database is not fair.
    passOn: (event, { client, trace }) =>
      passing.runAlways(client, async () => {
        if (await deps.store.isDeleted(event)) return { kind: "deleted" };
        await deps.publish(passingPublication(event, trace?.traceparent, isPulled));
        return { kind: "passed-on" };
      }),
  });
}

/** Publishes for a source without its own subscriptions: sends to the switchboard and waits for it. */
export function publishThrough(
  deps: Omit<PublisherDeps, "answered">,
): (publication: Publication) => Promise<void> {
  const publisher = new Publisher({ ...deps, answered: () => undefined });
  return (publication) => publisher.send(publication);
}
