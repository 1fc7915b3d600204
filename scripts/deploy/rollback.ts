/** Goes back to the release that was deployed before, for both Workers. */
import { CommandError } from "../shared/usage.ts";
import type { Wrangler } from "../shared/wrangler.ts";
import { type Version, versions } from "./deployed.ts";
import { schemaOf } from "./release.ts";
import { workerConfigs } from "./worker-configs.ts";

interface Rollback {
  wrangler: Wrangler;
  /** The relay's name. Undefined: as in wrangler.toml. */
  name?: string | undefined;
  say(line: string): void;
}

interface Step {
  worker: string;
  from: Version;
  to: Version;
  /** When something newer than `to` was deployed first. ISO 8601. */
  since: string;
}

export async function rollBack({ wrangler, name, say }: Rollback): Promise<void> {
  const { relay, aggregator, database } = workerConfigs({ name, isFree: false, hasAnalytics: true });
  const relayStep = await stepBack(relay.name, wrangler);
  if (relayStep === undefined)
    throw new CommandError(
      `none of the last ten deployments of ${relay.name} is of another release. npx wrangler versions list --name ${relay.name} lists the versions, npx wrangler rollback VERSION --name ${relay.name} goes back to one`,
    );
  const aggregatorStep = await stepBack(aggregator.name, wrangler, relayStep.to.tag);
  // The aggregator first: it calls the relay's objects. So the new one never meets old objects.
  const steps = [aggregatorStep, relayStep].filter((step) => step !== undefined);
  assertKnowsSchema(relayStep, steps, database);
  for (const { worker, from, to } of steps) {
    await wrangler([...rollbackCommand({ worker, to }), "--message", `back from ${from.tag}`, "--yes"]);
    say(`${worker.padEnd(24)} ${from.tag} -> ${to.tag}`);
  }
}

/** Returns the step to the newest earlier version of the release `tag`, or of any other release than the current one. */
async function stepBack(worker: string, wrangler: Wrangler, tag?: string): Promise<Step | undefined> {
  let from: Version | undefined;
  let since = "";
  for await (const to of versions(worker, wrangler)) {
    // A changed secret makes a version without a mark. It belongs to the release before it.
    if (to.tag !== "") {
      from ??= to;
      if (to.tag !== from.tag && (tag === undefined || to.tag === tag)) return { worker, from, to, since };
    }
    since = to.deployedAt;
  }
  return undefined;
}

/** All hubs change at once: the default would leave busy ones on the bad version for five minutes. */
function rollbackCommand({ worker, to }: Pick<Step, "worker" | "to">): string[] {
  return ["rollback", to.id, "--name", worker, "--durable-objects-code-update-mode", "immediate"];
}

/** A version that finds a newer schema than its own answers reads but stores nothing. */
function assertKnowsSchema({ from, to, since }: Step, steps: Step[], database: string): void {
  const [older = "", newer = ""] = [schemaOf(to.message), schemaOf(from.message)];
  if (older >= newer) return;
  const commands = steps.map((step) => `npx wrangler ${rollbackCommand(step).join(" ")}`);
  throw new CommandError(
    `${to.tag} does not know the schema of ${from.tag} (${newer}): it would answer reads but store nothing. ` +
      `The database would have to go back too, and what was stored since ${since} would be lost: ` +
      [
        ...commands,
        `npx wrangler d1 time-travel restore ${database} --timestamp=${secondBefore(since)}`,
      ].join("; ") +
      ". Read docs/operating.md first",
  );
}

function secondBefore(time: string): string {
  return new Date(Date.parse(time) - 1000).toISOString();
}
