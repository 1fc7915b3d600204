/** What is deployed already: the settings of a Worker, and its last deployments. */
import { CommandError } from "../shared/usage.ts";
import type { Wrangler } from "../shared/wrangler.ts";

/** Cloudflare's codes for a Worker that does not exist. */
const NO_WORKER = /\[code: 100(07|90)\]/;

export interface Version {
  id: string;
  /** When it was first deployed, among the deployments that Cloudflare lists. ISO 8601. */
  deployedAt: string;
  /** The release, as `npm run deploy` marked it. Empty if something else deployed it. */
  tag: string;
  /** A note of `npm run deploy`. */
  message: string;
  /** The Worker's plain variables, by name. */
  variables: Record<string, string>;
}

/** Returns the version that serves now. Undefined if the Worker does not exist. */
export async function currentVersion(worker: string, wrangler: Wrangler): Promise<Version | undefined> {
  const [latest] = await deployments(worker, wrangler);
  return latest && version(worker, latest, wrangler);
}

/** Yields the versions that served, newest first, each once. The first one serves now. */
export async function* versions(worker: string, wrangler: Wrangler): AsyncGenerator<Version> {
  const all = await deployments(worker, wrangler);
  const seen = new Set<string>();
  for (const { id } of all) {
    if (seen.has(id)) continue;
    seen.add(id);
    const first = all.findLast((one) => one.id === id);
    if (first) yield await version(worker, first, wrangler);
  }
}

/** As `wrangler deployments list --json` prints it. */
interface ListedDeployment {
  created_on: string;
  versions: { version_id: string; percentage: number }[];
}

/** As `wrangler versions view --json` prints it. */
interface ListedVersion {
  annotations?: Record<string, string>;
  resources: { bindings: { type: string; name: string; text?: string }[] };
}

interface Deployment {
  id: string;
  deployedAt: string;
}

/** Returns the last ten deployments of one version, newest first. */
async function deployments(worker: string, wrangler: Wrangler): Promise<Deployment[]> {
  const args = ["deployments", "list", "--name", worker, "--json"];
  let output;
  try {
    output = await wrangler(args);
  } catch (error) {
    if (error instanceof CommandError && NO_WORKER.test(error.message)) return [];
    throw error;
  }
  const list = parse(output, args) as ListedDeployment[];
  return list
    .toSorted((a, b) => b.created_on.localeCompare(a.created_on))
    .flatMap(({ created_on: deployedAt, versions: parts }) =>
      parts.filter(({ percentage }) => percentage === 100).map(({ version_id: id }) => ({ id, deployedAt })),
    );
}

async function version(worker: string, { id, deployedAt }: Deployment, wrangler: Wrangler): Promise<Version> {
  const args = ["versions", "view", id, "--name", worker, "--json"];
  const { annotations = {}, resources } = parse(await wrangler(args), args) as ListedVersion;
  const variables = resources.bindings.flatMap(({ type, name, text }) =>
    type === "plain_text" && text !== undefined ? [[name, text]] : [],
  );
  return {
    id,
    deployedAt,
    tag: annotations["workers/tag"] ?? "",
    message: annotations["workers/message"] ?? "",
    variables: Object.fromEntries(variables) as Record<string, string>,
  };
}

function parse(output: string, args: string[]): unknown {
  try {
    return JSON.parse(output);
  } catch {
    throw new CommandError(
      `wrangler ${args.slice(0, 2).join(" ")} did not print JSON, but ${JSON.stringify(output.slice(0, 200))}`,
    );
  }
}
