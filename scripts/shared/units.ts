/** Times and numbers for people. */

/** Returns a number such as "12,000.5". (`Intl.NumberFormat` takes 7 MB of memory.) */
export function countOf(amount: number): string {
  const [whole = "", ...fraction] = String(amount).split(".");
  return [whole.replace(/\B(?=(\d{3})+$)/g, ","), ...fraction].join(".");
}

/** Returns a number of things such as "1 event" or "12,000 events". */
export function severalOf(amount: number, one: string): string {
  return `${countOf(amount)} ${one}${amount === 1 ? "" : "s"}`;
}

/** Returns a length of time with its largest unit, rounded down: "42 s", "5 min", "3 h", "12 days". */
export function lengthOf(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 120) return `${whole} s`;
  if (whole < 7200) return `${Math.floor(whole / 60)} min`;
  return whole < 172_800 ? `${Math.floor(whole / 3600)} h` : `${countOf(Math.floor(whole / 86_400))} days`;
}

/** Returns a time in UTC: "2026-11-29 18:30:00". `at` is in Unix seconds. */
export function timeOf(at: number): string {
  const time = new Date(at * 1000);
  return Number.isNaN(time.getTime()) ? `second ${at}` : time.toISOString().slice(0, 19).replace("T", " ");
}

export function sizeOf(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  const step = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const amount = bytes / 1000 ** step;
  return `${step === 0 ? amount : amount.toFixed(1)} ${units[step]}`;
}
