/** How it stands with the connection, how much comes, and the button that holds it. */
import type { Live } from "./live.ts";
import { Sparkline } from "./sparkline.tsx";

export function Toolbar({ live }: { live: Live }) {
  const { connection, feed, isHeld, isPaused } = live;
  const now = performance.now();
  const resume = () => {
    live.resume();
    scrollTo({ top: 0 });
  };
  return (
    <div class="watch-bar">
      <div class="row">
        <ConnectionStatus live={live} />
        {connection.kind === "waiting" && (
          <button type="button" onClick={() => live.retry()}>
            Try now
          </button>
        )}
      </div>
      <div class="row watch-rate">
        <Sparkline counts={live.rate.history(now)} />
        <span>
          <strong>{rateText(live.rate.perSecond(now))}</strong> <span class="quiet">events/s</span>
        </span>
      </div>
      <div class="row">
        {feed.waitingCount > 0 && isHeld && (
          <button type="button" class="primary" onClick={resume}>
            {feed.waitingCount.toLocaleString("en")} new
            <span class="visually-hidden"> events: show them</span>
          </button>
        )}
        <button
          type="button"
          aria-pressed={isPaused}
          onClick={() => (isPaused ? resume() : live.hold("paused", true))}
        >
          {isPaused ? "Resume" : "Pause"}
        </button>
      </div>
    </div>
  );
}

function ConnectionStatus({ live }: { live: Live }) {
  const { connection } = live;
  const [tone, text] = statusOf(live);
  return (
    <span class="connection" data-tone={tone}>
      <span role="status">{text}</span>
      {connection.kind === "waiting" && (
        // Not in the status: a screen reader would read every second.
        <span aria-hidden="true" class="quiet">
          {secondsUntil(connection.until)}
        </span>
      )}
    </span>
  );
}

function statusOf({ connection, isLoading, isPaused, isHeld }: Live): [tone: string, text: string] {
  switch (connection.kind) {
    case "connecting":
      return ["waiting", "Connecting…"];
    case "open":
      if (isLoading) return ["waiting", "Loading…"];
      if (isPaused) return ["held", "Paused"];
      return isHeld ? ["held", "Held while you read"] : ["good", "Live"];
    case "waiting":
      return ["bad", "Not connected"];
    case "closed":
      return ["bad", "Closed"];
  }
}

function secondsUntil(milliseconds: number): string {
  const seconds = Math.ceil((milliseconds - Date.now()) / 1000);
  return seconds > 0 ? `next try in ${seconds} s` : "trying…";
}

function rateText(perSecond: number): string {
  return perSecond >= 10 || perSecond === 0 ? perSecond.toFixed(0) : perSecond.toFixed(1);
}
