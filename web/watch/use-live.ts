/** What comes, as long as the page is open. */
import { useEffect, useMemo, useReducer } from "preact/hooks";
import { useSigner } from "../shared/signer/current.ts";
import type { WatchFilter } from "./filter.ts";
import { Live } from "./live.ts";

/** Draws the component when something has come, and each second. */
export function useLive(url: string, watched: WatchFilter): Live {
  const [, draw] = useReducer((count: number) => count + 1, 0);
  const live = useMemo(() => new Live(url, () => draw(undefined)), [url]);
  const signer = useSigner();
  useEffect(() => {
    if (watched.ok) live.watch(watched.filter);
    else live.stop();
  }, [live, watched]);
  useEffect(() => {
    live.authenticate(signer);
  }, [live, signer]);
  useEffect(() => {
    const timer = setInterval(() => live.schedule(), 1000);
    return () => clearInterval(timer);
  }, [live]);
  return live;
}
