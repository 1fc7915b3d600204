/** Watch: events as they come. */
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Event } from "../../nostr/event.ts";
import { hexValues } from "../parts/tags.ts";
import { useSigner } from "../shared/signer/current.ts";
import type { Signer } from "../shared/signer/signer.ts";
import { Details } from "./details.tsx";
import { EventList } from "./event-list.tsx";
import { watchFilter } from "./filter.ts";
import { Filters } from "./filters.tsx";
import { Identity } from "./identity.tsx";
import type { Live } from "./live.ts";
import { Refusal } from "./refusal.tsx";
import { Toolbar } from "./toolbar.tsx";
import { useHolds } from "./use-holds.ts";
import { useLive } from "./use-live.ts";
import { useParameters } from "./use-parameters.ts";

/** After so many events the list begins again, because it remembers the height of each. */
const EVENTS_OF_A_LIST = 5000;
const MOST_NAMES_OF_AN_EVENT = 5;

export function Watch({ url }: { url: string }) {
  const { parameters, formNumber, submit } = useParameters();
  const watched = useMemo(() => watchFilter(parameters), [parameters]);
  const live = useLive(url, watched);
  const list = useHolds(live);
  const { opened, open, close } = useOpened(useSigner());
  const onShown = useCallback((events: Event[]) => live.wantNames(events.flatMap(peopleOf)), [live]);
  const filters = useMemo(
    () => (
      <Filters
        key={formNumber}
        parameters={parameters}
        problem={watched.ok ? undefined : watched.reason}
        submit={submit}
      />
    ),
    [formNumber, parameters, watched, submit],
  );
  // Cards are not drawn again for each second.
  const now = Math.floor(Date.now() / 10_000) * 10;
  const { events, shownCount } = live.feed;
  return (
    <div class="watch" data-open={opened !== undefined}>
      {filters}
      <div class="watch-main">
        <Toolbar live={live} />
        <Refusal live={live} />
        <Identity isNeeded={live.refusal?.startsWith("auth-required:") === true} />
        <div ref={list}>
          {events.length > 0 && (
            <EventList
              key={Math.floor(shownCount / EVENTS_OF_A_LIST)}
              events={events}
              profiles={live.profiles}
              now={now}
              opened={opened}
              open={open}
              onShown={onShown}
            />
          )}
        </div>
        {events.length === 0 && watched.ok && <Nothing live={live} />}
      </div>
      {opened && <Details event={opened} profiles={live.profiles} now={now} close={close} />}
    </div>
  );
}

/** Returns the people whose names a card shows. */
function peopleOf(event: Event): string[] {
  return [event.pubkey, ...hexValues(event, "p").slice(0, MOST_NAMES_OF_AN_EVENT)];
}

/** The event whose details are open. When they close, the focus goes back to where it was. It may be for `signer` alone. */
function useOpened(signer: Signer | undefined) {
  const [opened, setOpened] = useState<Event>();
  const opener = useRef<Element | null>(null);
  useEffect(() => setOpened(undefined), [signer]);
  const open = useCallback((event: Event) => {
    opener.current = document.activeElement;
    setOpened(event);
  }, []);
  const close = useCallback(() => {
    setOpened(undefined);
    // Its card may be gone meanwhile.
    const isThere = opener.current?.isConnected === true;
    const target = isThere ? opener.current : document.querySelector(".watch-bar button");
    if (target instanceof HTMLElement) target.focus();
  }, []);
  return { opened, open, close };
}

function Nothing({ live }: { live: Live }) {
  if (live.refusal !== undefined) return null;
  if (live.isLoading || live.connection.kind !== "open")
    return (
      <div class="placeholders" aria-hidden="true">
        <div class="card" />
        <div class="card" />
        <div class="card" />
      </div>
    );
  return (
    <div class="empty card">
      <h2>Nothing yet</h2>
      <p>No stored event matches. New ones appear here as soon as they come.</p>
    </div>
  );
}
