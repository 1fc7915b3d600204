/** Holds new events while a person reads further down, has the focus in the list, or presses on it. */
import { useEffect, useRef } from "preact/hooks";
import type { Live } from "./live.ts";

/** In pixels. */
const NEAR_THE_TOP = 80;

/** Returns the ref of the element with the list. */
export function useHolds(live: Live) {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = list.current;
    if (!element) return undefined;
    const listening = new AbortController();
    const { signal } = listening;
    addEventListener("scroll", () => live.hold("scrolled", scrollY > NEAR_THE_TOP), {
      signal,
      passive: true,
    });
    element.addEventListener("focusin", () => live.hold("focused", true), { signal });
    element.addEventListener("focusout", () => live.hold("focused", false), { signal });
    // A card that moves between press and release would not get the click.
    element.addEventListener("pointerdown", () => live.hold("touched", true), { signal });
    for (const end of ["pointerup", "pointercancel"])
      addEventListener(end, () => live.hold("touched", false), { signal });
    return () => listening.abort();
  }, [live]);
  return list;
}
