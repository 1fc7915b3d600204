/** Manages a relay (NIP-86) with an admin's key (NIP-98). */
import { parseArgs } from "node:util";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { finalizeEvent } from "nostr-tools/pure";
import { isMethod, METHODS, type ParamName, parseCall, PARAMS } from "../nostr/management.ts";
import { readEventId, readPublicKey } from "./filter-options.ts";
import { postJson } from "./http-client.ts";
import { oneLine, print, printableJson } from "./printing.ts";
import { httpUrl, RELAY_HELP, RELAY_OPTION, relayUrl } from "./relay-option.ts";
import { readSecretKey } from "./secret-key.ts";
import { CommandError, UsageError } from "./usage.ts";

export const summary = "manage a relay: bans, access, name, reports (NIP-86)";
export const help = `Usage: npm run nostr -- admin <method> [parameters] [options]

Calls a method with the key in NOSTR_SECRET_KEY, which must be among the relay's RELAY_ADMINS, and prints the
result as JSON. Keys and ids are given in hex, or as npub1… and note1…. Ends with 0 when it is done, otherwise with 1.

${Object.entries(METHODS)
  .map(([name, { params, about }]) => `  ${[name, ...params.map(shown)].join(" ")}\n      ${about}`)
  .join("\n")}

  --json             the result on one line
${RELAY_HELP}`;

export async function run(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { ...RELAY_OPTION, json: { type: "boolean", default: false } },
  });
  const relay = relayUrl(values.relay);
  const body = JSON.stringify(readCall(positionals));
  const url = httpUrl(relay, "");
  const answer = await postJson(relay, "", body, {
    "content-type": "application/nostr+json+rpc",
    authorization: authorization(url, body),
  });
  await print(printableJson(resultOf(answer), values.json ? undefined : 2));
}

/** Checked as the relay will check it. */
function readCall([method = "", ...given]: string[]): { method: string; params: unknown[] } {
  if (!isMethod(method)) {
    const problem = method === "" ? "no method is given" : `there is no method ${JSON.stringify(method)}`;
    throw new UsageError(`${problem}, expected one of ${Object.keys(METHODS).join(", ")}`);
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
      return /^-?\d{1,10}$/.test(text) ? Number(text) : text;
    default:
      return text;
  }
}

/** Good for this one request (NIP-98). */
function authorization(url: string, body: string): string {
  const tags = [
    ["u", url],
    ["method", "POST"],
    ["payload", bytesToHex(sha256(utf8ToBytes(body)))],
    // Relays take each authorization once, and the same call may be made twice in a second.
    ["nonce", crypto.randomUUID()],
  ];
  const created_at = Math.floor(Date.now() / 1000);
  const event = finalizeEvent({ kind: 27_235, created_at, tags, content: "" }, readSecretKey());
  return `Nostr ${btoa(JSON.stringify(event))}`;
}

function resultOf({ status, body }: { status: number; body: unknown }): unknown {
  const { result, error } = (body ?? {}) as { result?: unknown; error?: unknown };
  if (typeof error === "string" && error !== "") throw new CommandError(`the relay says: ${oneLine(error)}`);
  if (status !== 200 || result === undefined)
    throw new CommandError(`the relay answered ${status}, and no result: does it know NIP-86?`);
  return result;
}

function shown(name: ParamName): string {
  return "otherwise" in PARAMS[name] ? `[${name}]` : name;
}
