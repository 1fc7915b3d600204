/** A time as people say it, with the exact time in its title. */
import { exactTime, relativeTime } from "./relative-time.ts";

/** Both are Unix seconds. */
export function Time({ at, now }: { at: number; now: number }) {
  const exact = exactTime(at);
  return (
    <time dateTime={exact} title={exact}>
      {relativeTime(at, now)}
    </time>
  );
}
