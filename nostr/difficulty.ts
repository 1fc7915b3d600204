/** Proof of work (NIP-13). */
import type { Event } from "./event.ts";

/** Returns the number of leading zero bits of an id (hex). */
export function difficultyOf(id: string): number {
  const digits = id.length - id.replace(/^0+/, "").length;
  const next = Number.parseInt(id[digits] ?? "", 16);
  return digits * 4 + (Number.isNaN(next) ? 0 : Math.clz32(next) - 28);
}

/** Returns the target difficulty of the nonce tag; undefined without a valid one. */
export function promisedDifficulty({ tags }: Pick<Event, "tags">): number | undefined {
  const promised = tags.find(([name]) => name === "nonce")?.[2] ?? "";
  return /^\d{1,3}$/.test(promised) ? Number(promised) : undefined;
}
