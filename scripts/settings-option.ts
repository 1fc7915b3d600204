/** Settings given on the command line. */
import { isSetting, parseConfig, SETTINGS } from "../relay/config.ts";
import { UsageError } from "./usage.ts";

export const SETTINGS_OPTIONS = {
  upstream: { type: "string", multiple: true, default: [] as string[] },
  var: { type: "string", multiple: true, default: [] as string[] },
} as const;

export const SETTINGS_HELP = `  --upstream URL     a relay to pull from; may be repeated
  --var NAME=VALUE   any setting of docs/configuration.md; may be repeated
`;

/** Only what was given; checked as the Workers will check it. */
export function readSettings(values: { upstream: string[]; var: string[] }): Record<string, string> {
  const settings: Record<string, string> = {};
  for (const assignment of values.var) {
    const [, name, value] = /^([^=]+)=([\s\S]*)$/.exec(assignment) ?? [];
    if (name === undefined || value === undefined)
      throw new UsageError(`--var is ${assignment}, expected NAME=VALUE`);
    if (!isSetting(name)) {
      throw new UsageError(
        `--var names ${name}, which is no setting: there are ${Object.keys(SETTINGS).join(", ")}`,
      );
    }
    settings[name] = value;
  }
  if (values.upstream.length > 0)
    settings["UPSTREAMS"] = [settings["UPSTREAMS"], ...values.upstream].filter(Boolean).join(",");
  const parsed = parseConfig(settings);
  if (!parsed.ok) throw new UsageError(parsed.problems.join("; "));
  return settings;
}
