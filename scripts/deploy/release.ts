/** Marks on a deployed version, so that a rollback knows what it goes back to. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { readMigrations } from "../../platforms/migration-files.ts";
import { VERSION } from "../shared/version.ts";

interface Release {
  /** The version of this project, and its commit if there is a repository. */
  tag: string;
  /** Says which schema the version brings. */
  message: string;
}

const SCHEMA = /\bschema (\S+)/;

export async function thisRelease(): Promise<Release> {
  const commit = await commitId();
  return {
    tag: commit === undefined ? VERSION : `${VERSION}-${commit}`,
    message: `tributary ${VERSION}, schema ${readMigrations().at(-1)?.name.replace(".sql", "")}`,
  };
}

/** Returns the last migration that a deployed version knows. Undefined: its message does not say. */
export function schemaOf(message: string): string | undefined {
  return SCHEMA.exec(message)?.[1];
}

async function commitId(): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)("git", ["rev-parse", "--short=8", "HEAD"], {
      cwd: import.meta.dirname,
    });
    return stdout.trim();
  } catch {
    // Not a repository, or no git: the version alone has to do.
    return undefined;
  }
}
