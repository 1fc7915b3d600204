/** Finds the events in the state folder of a relay that runs on this machine. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { CommandError } from "../shared/usage.ts";

/** Of `npm run serve`. */
const SERVED = "relay.sqlite";
/** Of `npm start`: where Miniflare keeps its D1 databases, each in a file that is named after its hash. */
const STARTED = "d1/miniflare-D1DatabaseObject";
const HASH_NAME = /^[0-9a-f]{64}\.sqlite$/;

/** Returns the path of the database. Throws if the folder has none, or several. */
export function eventFileIn(folder: string): string {
  const served = join(folder, SERVED);
  const started = join(folder, STARTED);
  const files = [
    ...(existsSync(served) ? [served] : []),
    ...namesIn(started)
      .filter((name) => HASH_NAME.test(name))
      .map((name) => join(started, name)),
  ];
  const [file] = files;
  if (file === undefined)
    throw new CommandError(
      `--state ${folder} has no events of a relay: check the name, or start the relay once with this folder`,
    );
  if (files.length > 1)
    throw new CommandError(
      `--state ${folder} has several databases: move all but one to other folders: ${files.join(", ")}`,
    );
  return file;
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
