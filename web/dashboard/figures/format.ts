/** Figures as people read them. */

/** Returns three digits, or all of a whole number: "0.012", "3.4", "120", "14,200". */
export function number(value: number): string {
  return value.toLocaleString(
    "en",
    Math.abs(value) >= 1000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 },
  );
}

/** Returns a large number briefly: "25B", "3.4M". */
export function briefly(value: number): string {
  return value.toLocaleString("en", { notation: "compact", maximumSignificantDigits: 3 });
}

/** Returns seconds in the unit in which they have few digits: "8 ms", "1.2 s". */
export function seconds(value: number): string {
  if (value >= 0.9995) return `${number(value)} s`;
  const milliseconds = 1000 * value;
  return milliseconds < 1 ? "under 1 ms" : `${Number(milliseconds.toPrecision(2))} ms`;
}

/** Returns dollars with cents; less than one cent is said to be so. */
export function dollars(value: number): string {
  if (value > 0 && value < 0.01) return "under $0.01";
  return `$${value.toLocaleString("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
}

/** Returns a share in per cent: "4 %", "under 1 %". */
export function percent(share: number): string {
  const rounded = Math.round(100 * share);
  return rounded === 0 && share > 0 ? "under 1 %" : `${rounded} %`;
}

/** Returns the time of a step, as exactly as its range needs it, in the time zone of the browser. */
export function stepTime(at: number, step: number): string {
  const isLong = step > 900;
  return new Date(1000 * at).toLocaleString("en-GB", {
    ...(isLong || step === 900 ? { day: "numeric", month: "short" } : {}),
    hour: "2-digit",
    minute: "2-digit",
  });
}

/** Returns a dash for what is not known. */
export function orDash(value: number | null, format: (value: number) => string): string {
  return value === null ? "–" : format(value);
}

/** Returns what the relay says as a sentence: its messages begin with a small letter. */
export function sentence(text: string): string {
  const start = text.slice(0, 1).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(start) ? start : `${start}.`;
}
