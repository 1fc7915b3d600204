/** The settings of a Worker. */
import { type Config, parseConfig } from "../relay/config.ts";

/** Returns the Worker's settings. Throws one error that names all invalid ones. */
export function configOf(env: object): Config {
  const parsed = parseConfig(env as Record<string, unknown>);
  if (!parsed.ok) throw new Error(`a setting is invalid: ${parsed.problems.join("; ")}`);
  return parsed.config;
}
