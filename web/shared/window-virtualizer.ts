/** A list of which only the part that the window shows is in the page. */
import { observeWindowOffset, observeWindowRect, Virtualizer, windowScroll } from "@tanstack/virtual-core";
import { useLayoutEffect, useReducer, useState } from "preact/hooks";

interface ListOptions {
  count: number;
  /** A new function after each change of the list: positions are kept by it. */
  getItemKey(index: number): string;
  /** In pixels. The real heights are measured. */
  estimateSize(): number;
  /** The distance of the list from the top of the page, in pixels. */
  scrollMargin: number;
  gap: number;
  overscan: number;
}

export function useWindowVirtualizer(options: ListOptions): Virtualizer<Window, HTMLElement> {
  const [, draw] = useReducer((count: number) => count + 1, 0);
  const all = {
    ...options,
    getScrollElement: () => window,
    observeElementRect: observeWindowRect,
    observeElementOffset: observeWindowOffset,
    scrollToFn: windowScroll,
    initialOffset: () => window.scrollY,
    initialRect: { width: window.innerWidth, height: window.innerHeight },
    onChange: () => draw(0),
  };
  const [virtualizer] = useState(() => new Virtualizer<Window, HTMLElement>(all));
  virtualizer.setOptions(all);
  useLayoutEffect(() => virtualizer._didMount(), [virtualizer]);
  useLayoutEffect(() => virtualizer._willUpdate());
  return virtualizer;
}
