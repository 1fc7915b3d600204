/** The options of the programs that run a relay on this machine, and what they say when it is ready. */
import { readOptions } from "../shared/options.ts";
import { readPort } from "../shared/port-option.ts";
import { DEFAULT_PORT } from "../shared/relay-option.ts";
import { readSettings, SETTINGS_OPTIONS } from "../shared/settings-option.ts";
import { VERSION } from "../shared/version.ts";
import { addressesOf, HOST_OPTION, readHost } from "./host-option.ts";

export interface RelayOptions {
  port: number;
  host: string;
  state: string;
  settings: Record<string, string>;
  isBehindProxy: boolean;
}

const PROXY_OPTION = { "behind-proxy": { type: "boolean", default: false } } as const;

/** Returns the options, or the text to print for --help and --version. `hasProxy`: whether --behind-proxy is one of them. */
export function readRelayOptions(
  args: string[],
  { help, state, hasProxy = false }: { help: string; state: string; hasProxy?: boolean },
): RelayOptions | string {
  const { values } = readOptions(args, {
    port: { type: "string", default: String(DEFAULT_PORT) },
    state: { type: "string", default: state },
    ...HOST_OPTION,
    ...SETTINGS_OPTIONS,
    ...(hasProxy ? PROXY_OPTION : {}),
    version: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  });
  if (values.help) return help;
  if (values.version) return `tributary ${VERSION}\n`;
  return {
    port: readPort(values.port),
    host: readHost(values.host),
    state: values.state,
    settings: readSettings(values),
    isBehindProxy: "behind-proxy" in values && values["behind-proxy"] === true,
  };
}

/** Prints where the relay is, and that it is ready. */
export function tellWhere({ host, port, state }: Pick<RelayOptions, "host" | "port" | "state">): void {
  const [address = "", ...others] = addressesOf(host, port);
  console.log(`relay    ws://${address}`);
  for (const other of others) console.log(`         ws://${other}`);
  console.log(`page     http://${address}/`);
  console.log(`events   http://${address}/api/v1/events`);
  console.log(`metrics  http://${address}/metrics`);
  console.log(`state    ${state}`);
  const relay = address === `localhost:${DEFAULT_PORT}` ? "" : ` --relay ws://${address}`;
  console.log(`try      npm run nostr -- req --kinds 1 --follow${relay}`);
  console.log(`ready ws://${address}`);
}
