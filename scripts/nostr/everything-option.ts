/** The --everything option: what a relay is besides its events. */
import { UsageError } from "../shared/usage.ts";

/** Rejects a combination of options that would move only a part, or that cannot move it. */
export function assertWhole(
  { everything, admin, limit }: { everything: boolean; admin: boolean; limit?: string | undefined },
  filter: Record<string, unknown>,
): void {
  if (!everything) return;
  if (!admin)
    throw new UsageError("--everything needs --admin: only admins may move what operators have decided");
  if (Object.keys(filter).length > 0 || limit !== undefined)
    throw new UsageError("--everything moves a whole relay: remove the options that select events");
}
