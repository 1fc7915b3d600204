/** The time, as often as a person notices that it passes. */
import { useEffect, useState } from "preact/hooks";

const STEP_MILLISECONDS = 20_000;

/** Returns Unix seconds. */
export function unixNow(): number {
  return Math.floor(Date.now() / 1000);
}

export function useNow(): number {
  const [now, setNow] = useState(unixNow);
  useEffect(() => {
    const timer = setInterval(() => setNow(unixNow()), STEP_MILLISECONDS);
    return () => clearInterval(timer);
  }, []);
  return now;
}
