/** The --auth option: whether to authenticate (NIP-42). What does it is in authentication.ts. */
import { oneLine } from "../shared/printing.ts";

export const AUTH_OPTION = { auth: { type: "boolean", default: false } } as const;

export const AUTH_HELP =
  "  --auth             authenticate first, with the key in NOSTR_SECRET_KEY (NIP-42)\n";

/** Returns the relay's reason for a refusal, and what the user can do about it. */
export function refusal(reason: string, { auth }: { auth: boolean }): string {
  const isMended = !auth && reason.startsWith("auth-required:");
  return `${oneLine(reason) || "it gave no reason"}${isMended ? " (use --auth to authenticate)" : ""}`;
}
