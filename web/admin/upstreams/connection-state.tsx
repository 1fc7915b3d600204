/** The live connection to an upstream, and what it answers to the events that are published to it. */
import { shortId } from "../../parts/links.ts";
import { Time } from "../../parts/time.tsx";
import type { LiveStatus, OnwardStatus } from "../../shared/management/answers.ts";
import { Figure } from "../parts/figure.tsx";
import { useNow } from "../../shared/now.ts";

export function LiveState({ live }: { live: LiveStatus }) {
  const now = useNow();
  const { connectedSince, lastEvent, lastDrop, drops, events, waste } = live;
  return (
    <section class="card stack" aria-label="Live mode">
      <h3>Live mode</h3>
      <p>
        {connectedSince === undefined ? (
          "There is no connection now."
        ) : (
          <>
            Connected since <Time at={connectedSince} now={now} />.
          </>
        )}
        {lastEvent !== undefined && (
          <>
            {" "}
            The last event came <Time at={lastEvent} now={now} />.
          </>
        )}
      </p>
      {lastDrop && (
        <p class="quiet">
          The connection was last lost <Time at={lastDrop.at} now={now} />: <bdi>{lastDrop.reason}</bdi>
        </p>
      )}
      <div class="figures">
        <Figure name="events" value={events} />
        <Figure name="lost connections" value={drops} />
        <Figure name="messages nobody asked for" value={waste} />
      </div>
    </section>
  );
}

export function OnwardState({ onward }: { onward: OnwardStatus }) {
  const now = useNow();
  const { accepted, known, refused, refusals, failures, problem } = onward;
  return (
    <section class="card stack" aria-label="Published there">
      <h3>Published there</h3>
      {problem !== undefined && (
        <p class="notice bad">
          It has failed {failures === 1 ? "once" : `${failures} times`} since the last answer:{" "}
          <bdi>{problem}</bdi>
        </p>
      )}
      <div class="figures">
        <Figure name="accepted" value={accepted} />
        <Figure name="already there" value={known} />
        <Figure name="refused" value={refused} isBad={refused > 0} />
      </div>
      {refusals.length > 0 && (
        <details>
          <summary>The latest refusals</summary>
          <ul class="lines">
            {refusals.map(({ id, kind, reason, at }) => (
              <li key={id} class="line">
                <div class="grow">
                  <bdi>{reason}</bdi>
                  <p class="quiet">
                    event <code>{shortId(id)}</code>, kind {kind}
                  </p>
                </div>
                <span class="quiet">
                  <Time at={at} now={now} />
                </span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}
