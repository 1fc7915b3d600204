/** Returns the message of anything that was thrown: remote signers and extensions throw texts too. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : typeof error === "string" ? error : "";
  return text.slice(0, 1000) || "It failed without a reason.";
}
