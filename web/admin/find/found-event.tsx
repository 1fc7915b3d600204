/** One event: what it says, whether it is banned or kept, and what can be done about it. */
import { EventCard } from "../../parts/event-card.tsx";
import { EventDeeds } from "../parts/event-deeds.tsx";
import { Loaded, useLoading } from "../parts/loading.tsx";
import { useNow } from "../../shared/now.ts";
import { useProfiles, useRelay } from "../parts/relay.tsx";

export function FoundEvent({ id }: { id: string }) {
  const { call, readEvents } = useRelay();
  const now = useNow();
  const loading = useLoading(async () => {
    const [[event], banned, kept] = await Promise.all([
      readEvents({ ids: [id] }),
      call("listbannedevents"),
      call("listallowedevents"),
    ]);
    return {
      event,
      ban: banned.result.find((one) => one.id === id),
      isKept: kept.result.some((one) => one.id === id),
    };
  }, id);
  const profiles = useProfiles(loading.value?.event ? [loading.value.event.pubkey] : []);
  return (
    <div class="stack">
      <h3>The event</h3>
      <Loaded of={loading}>
        {({ event, ban, isKept }) => (
          <>
            {ban && <p class="notice bad">It is banned{ban.reason && `: ${ban.reason}`}</p>}
            {isKept && <p class="notice">An admin has decided to keep it.</p>}
            {event ? (
              <EventCard event={event} now={now} profiles={profiles} isWhole />
            ) : (
              <p class="notice">This relay has no such event, or does not show it to you.</p>
            )}
            <EventDeeds id={id} event={event} done={loading.reload} />
          </>
        )}
      </Loaded>
    </div>
  );
}
