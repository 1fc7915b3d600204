/** Lightning invoices (BOLT 11). */

/** Satoshis of one unit of the amount. */
const UNITS: Record<string, number> = { "": 100_000_000, m: 100_000, u: 100, n: 0.1, p: 0.0001 };
/** In characters. */
const LONGEST = 5000;

/**
 * Returns whole satoshis; 0 if the invoice names no amount. nostr-tools reads invoices
 * too, but its file brings a second copy of the cryptography into every page.
 */
export function satsOf(invoice: string): number {
  const [, amount, unit = ""] =
    /^lnbc(\d{1,12})([munp]?)1[02-9ac-hj-np-z]{50,}$/.exec(invoice.slice(0, LONGEST).toLowerCase()) ?? [];
  return amount === undefined ? 0 : Math.floor(Number(amount) * (UNITS[unit] ?? 0));
}
