import { type Config, parseConfig } from "../relay/config.ts";

/** The Worker's settings; throws a sentence that names everything that is wrong with them. */
export function configOf(env: object): Config {
  const parsed = parseConfig(env as Record<string, unknown>);
  if (!parsed.ok) throw new Error(`the settings are wrong: ${parsed.problems.join("; ")}`);
  return parsed.config;
}
