/** How commands end: what the user can mend is one line and a non-zero exit, never a stack trace. */

/** The command was called wrongly. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** The command was called rightly, and could not do it. */
export class CommandError extends Error {
  override name = "CommandError";
}

/** What an error says, in one line. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Exit codes: 0 done, 1 could not be done, 2 called wrongly. */
export async function runCommand(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const isUsage =
      error instanceof UsageError || ("code" in error && String(error.code).startsWith("ERR_PARSE_ARGS"));
    if (!isUsage && !(error instanceof CommandError)) throw error;
    process.stderr.write(`${error.message.replace(/\s+/g, " ")}${isUsage ? " (--help tells more)" : ""}\n`);
    process.exitCode = isUsage ? 2 : 1;
  }
}
