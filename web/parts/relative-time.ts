/** Times as people say them: "3 min ago". All times are in Unix seconds. */

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** The last second that a JavaScript Date can show. An event may claim a later one. */
const LAST_SECOND = 8_640_000_000_000;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Returns a time relative to now; after 30 days the date. */
export function relativeTime(seconds: number, now: number): string {
  const passed = now - seconds;
  const distance = Math.abs(passed);
  if (distance < 10) return "just now";
  if (distance >= 30 * DAY) return dateOf(seconds);
  const amount = amountOf(distance);
  return passed > 0 ? `${amount} ago` : `in ${amount}`;
}

/** Returns a duration in its largest unit: "40 s", "3 min", "2 h", "1 day". */
export function amountOf(seconds: number): string {
  if (seconds < MINUTE) return `${Math.floor(seconds)} s`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min`;
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)} h`;
  const days = Math.floor(seconds / DAY);
  return days === 1 ? "1 day" : `${days} days`;
}

/** Returns the exact time in ISO 8601, in UTC and without milliseconds. */
export function exactTime(seconds: number): string {
  if (!(seconds <= LAST_SECOND)) return "after the year 275760";
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}

function dateOf(seconds: number): string {
  if (!(seconds <= LAST_SECOND)) return exactTime(seconds);
  const date = new Date(seconds * 1000);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
}
