/** How commands end: an error that the user can fix is one line and a non-zero exit status, never a stack trace. */

/** The command line is wrong. Exit status 2. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** The command line is right, but the command failed. Exit status 1. */
export class CommandError extends Error {
  override name = "CommandError";
}

/** Returns the message of an error. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Runs a command and sets the exit status: 0 success, 1 failure, 2 wrong usage. */
export async function runCommand(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const isUsage =
      error instanceof UsageError || ("code" in error && String(error.code).startsWith("ERR_PARSE_ARGS"));
    if (!isUsage && !(error instanceof CommandError)) throw error;
    process.stderr.write(`${error.message.replace(/\s+/g, " ")}${isUsage ? " (see --help)" : ""}\n`);
    process.exitCode = isUsage ? 2 : 1;
  }
}
