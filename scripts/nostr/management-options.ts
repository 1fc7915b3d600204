/** What the commands share that manage a relay: options, their help, and the call. */
import type { MethodName } from "../../nostr/management.ts";
import { RELAY_HELP, RELAY_OPTION, relayUrl } from "../shared/relay-option.ts";
import { callRelay } from "./management-call.ts";
import { timeoutHelp, TIMEOUT_OPTION, timeoutOf } from "./timeout-option.ts";

export const SIGNED = `The call is signed with the key in NOSTR_SECRET_KEY, which must be one of the relay's RELAY_ADMINS.`;
export const MANAGEMENT_OPTIONS = { ...RELAY_OPTION, ...TIMEOUT_OPTION } as const;
export const MANAGEMENT_HELP = `${timeoutHelp("30")}${RELAY_HELP}`;
export const JSON_OPTION = { json: { type: "boolean", default: false } } as const;

/** Values of MANAGEMENT_OPTIONS. */
export interface ManagementValues {
  relay: string;
  timeout?: string | undefined;
}

/** Calls the relay that the options name. Rejects as `callRelay` does. */
export function callWith(values: ManagementValues, method: MethodName, params: unknown[]): Promise<unknown> {
  return callRelay(relayUrl(values.relay), { method, params }, timeoutOf(values.timeout));
}
