/** The events that came, newest first. Only those near the window are in the page. */
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Event } from "../../nostr/event.ts";
import { EventCard } from "../parts/event-card.tsx";
import type { Profiles } from "../parts/profile.ts";
import { useWindowVirtualizer } from "../shared/window-virtualizer.ts";

interface EventListProps {
  events: readonly Event[];
  profiles: Profiles;
  /** Unix seconds. */
  now: number;
  /** The event whose details are open. */
  opened: Event | undefined;
  open(event: Event): void;
  /** Called with the events that are in the page. */
  onShown(events: Event[]): void;
}

const ESTIMATED_PIXELS = 150;
const GAP_PIXELS = 12;
const OVERSCAN = 4;

export function EventList({ events, profiles, now, opened, open, onShown }: EventListProps) {
  const list = useRef<HTMLDivElement>(null);
  const [scrollMargin, setScrollMargin] = useState(0);
  const getItemKey = useMemo(() => (index: number) => events[index]?.id ?? "", [events]);
  const virtualizer = useWindowVirtualizer({
    count: events.length,
    getItemKey,
    estimateSize: () => ESTIMATED_PIXELS,
    scrollMargin,
    gap: GAP_PIXELS,
    overscan: OVERSCAN,
  });
  const items = virtualizer.getVirtualItems();
  useLayoutEffect(() => {
    const top = list.current?.getBoundingClientRect().top ?? 0;
    setScrollMargin(Math.round(top + window.scrollY));
    onShown(items.flatMap(({ index }) => events[index] ?? []));
  });
  return (
    <div
      ref={list}
      class="watch-list"
      role="feed"
      aria-label="Events"

      onKeyDown={moveFocus}
    >
      <div style={{ height: `${virtualizer.getTotalSize()}px` }} role="none">
        {items.map(({ key, index, start }) => {
          const event = events[index];
          return (
            event && (
              <div
                key={key}
                ref={virtualizer.measureElement}
                role="none"
                data-index={index}
                style={{ transform: `translateY(${start - scrollMargin}px)` }}
              >
                <Row event={event} profiles={profiles} now={now} isOpened={event === opened} open={open} />
              </div>
            )
          );
        })}
      </div>
    </div>
  );
}

interface RowProps {
  event: Event;
  profiles: Profiles;
  now: number;
  isOpened: boolean;
  open(event: Event): void;
}

/** Renders a card only if something in it has changed. */
function Row({ event, profiles, now, isOpened, open }: RowProps) {
  return useMemo(
    () => (
      <EventCard
        event={event}
        profiles={profiles}
        now={now}
        actions={
          <button type="button" class="details-button" aria-expanded={isOpened} onClick={() => open(event)}>
            Details
          </button>
        }
      />
    ),
    [event, profiles, now, isOpened, open],
  );
}

/** Page Down and Page Up move the focus from event to event, as in every feed. */
function moveFocus(key: KeyboardEvent): void {
  const step = { PageDown: 1, PageUp: -1 }[key.key];
  const from = key.target instanceof Element ? key.target.closest("[data-index]") : null;
  if (step === undefined || !(from instanceof HTMLElement)) return;
  const to = document.querySelector(`.watch-list [data-index="${Number(from.dataset["index"]) + step}"]`);
  const button = to?.querySelector<HTMLElement>(".details-button");
  if (!button) return;
  key.preventDefault();
  button.focus();
}
