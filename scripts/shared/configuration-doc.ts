/** Generates docs/configuration.md from the table of settings. */
import { type SettingName, SETTINGS } from "../../relay/config.ts";

const HEAD = `# Settings

\`\`\`sh
npm start -- --var RELAY_NAME="My relay" --upstream wss://relay.example
npm start -- --config my-relay.env
\`\`\`

\`npm run deploy\` takes the same options. On Cloudflare a setting keeps its value until you give it again; \`--var NAME=\` resets it
to its default. The settings apply to both the relay and the aggregator.

A settings file has one setting on each line. Lines that begin with \`#\` are comments. A value may be in quotes:

\`\`\`sh
# my-relay.env
RELAY_NAME="My relay"
RELAY_ADMINS=npub1…
UPSTREAMS=wss://relay.example,wss://other.example
\`\`\`

\`--var\` takes precedence over the file. \`--upstream URL\` adds to \`UPSTREAMS\`. All settings are checked before anything starts.
\`npm start\` and \`npm run deploy\` do not read \`.env\` or \`.dev.vars\`. So the secret key that \`keygen --save\` writes to \`.env\` does
not reach the relay.

You can change some settings while the relay runs: see \`npm run nostr -- admin --help\`. The relay information document (NIP-11)
tells clients the settings that concern them.
`;

/** In the order in which an operator needs them. */
const GROUPS: Record<string, readonly SettingName[]> = {
  Identity: [
    "RELAY_URL",
    "RELAY_ADMINS",
    "RELAY_NAME",
    "RELAY_DESCRIPTION",
    "RELAY_ICON",
    "RELAY_BANNER",
    "RELAY_CONTACT",
    "RELAY_PUBKEY",
    "RELAY_TERMS",
  ],
  Access: ["WRITE_ACCESS", "READ_ACCESS", "AUTH_CHALLENGE"],
  "Limits and spam": [
    "RATE_LIMIT",
    "MIN_POW_DIFFICULTY",
    "POLICY_DRY_RUN",
    "CREATED_AT_LOWER_LIMIT",
    "CREATED_AT_UPPER_LIMIT",
    "MAX_CONTENT_LENGTH",
    "MAX_EVENT_TAGS",
    "MAX_MESSAGE_LENGTH",
    "MAX_SUBSCRIPTIONS",
    "MAX_FILTERS",
    "MAX_FILTER_VALUES",
    "DEFAULT_LIMIT",
    "MAX_LIMIT",
    "EOSE_HINTS",
    "MAX_SYNC_EVENTS",
    "MAX_SILENT_BYTES",
    "MAX_CONNECTIONS",
    "HUB_CAPACITY",
    "MAX_HUBS",
    "HUB_REGIONS",
    "LOCATION",
  ],
  Storage: ["MAX_STORE_BYTES", "RETENTION", "UPSTREAM_RETENTION", "READ_REPLICAS"],
  Upstreams: ["UPSTREAMS", "PULL_INTERVAL", "PULL_HISTORY", "RELAY_SECRET_KEY"],
  Telemetry: [
    "ALERT_WEBHOOK",
    "SPEND_LIMIT",
    "PROBE_INTERVAL",
    "METRICS_TOKEN",
    "COUNTS_INTERVAL",
    "TRACER",
    "ZIPKIN_URL",
    "OTLP_URL",
    "OTLP_HEADERS",
    "TRACE_SAMPLE_RATE",
    "TRACE_SLOW_MS",
    "TRACE_URL",
  ],
};

export function configurationDoc(): string {
  const grouped = new Set(Object.values(GROUPS).flat());
  const missing = Object.keys(SETTINGS).filter((name) => !grouped.has(name as SettingName));
  if (missing.length > 0)
    throw new Error(`scripts/shared/configuration-doc.ts has no group for ${missing.join(", ")}`);
  return HEAD + Object.entries(GROUPS).map(section).join("");
}

function section([title, names]: [string, readonly SettingName[]]): string {
  const rows = names.map((name) => {
    const { default: usual, expected, about } = SETTINGS[name];
    return [code(name), code(String(usual)), expected, about];
  });
  return `\n## ${title}\n\n${table([["setting", "default", "values", "meaning"], ...rows])}`;
}

/** Returns a Markdown table, padded as the formatter requires. */
function table([head = [], ...rows]: string[][]): string {
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((cells) => cells[column]?.length ?? 0)),
  );
  const rule = widths.map((width) => "-".repeat(width));
  const lines = [head, rule, ...rows].map((cells) =>
    cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | "),
  );
  return `${lines.map((line) => `| ${line} |`).join("\n")}\n`;
}

function code(text: string): string {
  return text === "" ? "" : `\`${text}\``;
}
