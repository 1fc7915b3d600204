/** `admin`: manages a relay (NIP-86) with an admin's key (NIP-98). */
import {
  isMethod,
  type MethodName,
  METHODS,
  type ParamName,
  parseCall,
  PARAMS,
} from "../../nostr/management.ts";
import { readEventId, readPublicKey } from "./filter-options.ts";
import { callWith, JSON_OPTION, MANAGEMENT_HELP, MANAGEMENT_OPTIONS } from "./management-options.ts";
import { didYouMean } from "../shared/nearest.ts";
import { readOptions } from "../shared/options.ts";
import { print, printableJson } from "../shared/printing.ts";
import { UsageError } from "../shared/usage.ts";

export const summary = "manage a relay: bans, access, name, reports (NIP-86)";
export const help = `Usage: npm run nostr -- admin <method> [parameters] [options]

Calls a management method and prints the result as JSON. The call is signed with the key in NOSTR_SECRET_KEY,
which must be one of the relay's RELAY_ADMINS. Give keys and ids in hex, or as npub1… and note1…. The exit
status is 0 on success, otherwise 1.

${Object.entries(METHODS)
  .map(([name, { params, about }]) => `  ${[name, ...params.map(shown)].join(" ")}\n      ${about}`)
  .join("\n")}

  --json             print the result on one line
${MANAGEMENT_HELP}`;

export async function run(args: string[]): Promise<void> {
  const { values, positionals } = readOptions(args, { ...MANAGEMENT_OPTIONS, ...JSON_OPTION }, Infinity);
  const { method, params } = readCall(positionals);
  const result = await callWith(values, method, params);
  await print(printableJson(result, values.json ? undefined : 2));
}

/** Parses a call and checks it as the relay will. */
function readCall([method = "", ...given]: string[]): { method: MethodName; params: unknown[] } {
  if (method === "") throw new UsageError("a method is missing");
  if (!isMethod(method)) {
    const near = didYouMean(method, Object.keys(METHODS));
    throw new UsageError(`there is no method ${JSON.stringify(method)}${near}`);
  }
  const names: readonly ParamName[] = METHODS[method].params;
  const params = given.map((text, at) => readParam(names[at], text));
  const parsed = parseCall({ method, params });
  if (!parsed.ok) throw new UsageError(parsed.reason);
  return { method, params };
}

function readParam(name: ParamName | undefined, text: string): unknown {
  switch (name) {
    case "pubkey":
      return readPublicKey(text, name);
    case "event":
      return readEventId(text, name);
    case "kind":
    case "color":
    case "order":
    case "since":
    case "until":
      return /^-?\d{1,10}$/.test(text) ? Number(text) : text;
    case "settings":
      return readSettings(text);
    default:
      return text;
  }
}

function readSettings(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError(`settings is ${JSON.stringify(text)}, expected JSON such as '{"interval":600}'`);
  }
}

function shown(name: ParamName): string {
  return "otherwise" in PARAMS[name] ? `[${name}]` : name;
}
