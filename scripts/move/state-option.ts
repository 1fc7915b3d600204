import { UsageError } from "../shared/usage.ts";

/** Throws if `--state` comes with an option that is for a relay which runs. */
export function assertAlone(values: { admin: boolean; auth: boolean }): void {
  for (const name of ["admin", "auth"] as const)
    if (values[name]) throw new UsageError(`--${name} has no meaning with --state, which asks no relay`);
}
