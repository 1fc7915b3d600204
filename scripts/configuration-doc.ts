/** docs/configuration.md, from the table of settings. */
import { SETTINGS } from "../relay/config.ts";

const HEAD = `# Settings

Every setting of the relay and the aggregator. This page is written by \`npm run docs\` from \`relay/config.ts\`; both
Workers read the same settings.

On this machine:

\`\`\`sh
npm start -- --upstream wss://relay.example --var RELAY_NAME="My relay"
\`\`\`

On Cloudflare, where a setting stays until it is given again (\`--var NAME=\` sets it back to its default):

\`\`\`sh
npm run deploy -- --upstream wss://relay.example --var RELAY_NAME="My relay"
\`\`\`

\`--upstream URL\` adds to \`UPSTREAMS\` of the same command line. A value that is not allowed is refused before anything
starts, and so is a \`DEFAULT_LIMIT\` above \`MAX_LIMIT\`. What clients should know is in the relay information document (NIP-11).

`;

export function configurationDoc(): string {
  const rows = Object.entries(SETTINGS).map(([name, setting]) => [
    code(name),
    code(String(setting.default)),
    setting.expected,
    setting.about,
  ]);
  return HEAD + table([["setting", "default", "values", "meaning"], ...rows]);
}

/** Padded, as the formatter wants it. */
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
