/** Settings given on the command line, or in a file that it names. */
import { parseConfig, SETTINGS } from "../../relay/config.ts";
import { relayAddressHint } from "./relay-option.ts";
import { assertSetting } from "./setting-name.ts";
import { readSettingsFile } from "./settings-file.ts";
import { UsageError } from "./usage.ts";

export const SETTINGS_OPTIONS = {
  config: { type: "string" },
  upstream: { type: "string", multiple: true, default: [] as string[] },
  var: { type: "string", multiple: true, default: [] as string[] },
} as const;

export const SETTINGS_HELP = `  --upstream URL     a relay to pull events from; may be repeated
  --var NAME=VALUE   a setting from docs/configuration.md; may be repeated
  --config FILE      a file with one NAME=VALUE on each line; --var takes precedence
`;

interface Given {
  config?: string | undefined;
  upstream: string[];
  var: string[];
}

/** Returns the given settings, without defaults. Checks them as the Workers will. */
export function readSettings(given: Given): Record<string, string> {
  const settings = given.config === undefined ? {} : readSettingsFile(given.config);
  for (const assignment of given.var) {
    const [, name, value] = /^([^=]+)=([\s\S]*)$/.exec(assignment) ?? [];
    if (name === undefined || value === undefined)
      throw new UsageError(`--var is ${assignment}, expected NAME=VALUE`);
    assertSetting(name, "--var");
    settings[name] = value;
  }
  for (const url of given.upstream) assertUpstream(url);
  if (given.upstream.length > 0)
    settings["UPSTREAMS"] = [settings["UPSTREAMS"], ...given.upstream].filter(Boolean).join(",");
  const parsed = parseConfig(settings);
  if (!parsed.ok) throw new UsageError(parsed.problems.join("; "));
  return settings;
}

function assertUpstream(url: string): void {
  const { parse, expected } = SETTINGS.UPSTREAMS;
  if (parse(url) !== undefined) return;
  const hint = URL.canParse(url) && url.includes("://") ? `expected ${expected}` : relayAddressHint(url);
  throw new UsageError(`--upstream is ${JSON.stringify(url)}: ${hint}`);
}
