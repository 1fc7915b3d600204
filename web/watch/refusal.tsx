/** What the relay says to the person: that it refuses the events, or a notice. */
import type { Live } from "./live.ts";

export function Refusal({ live }: { live: Live }) {
  const { refusal, notice } = live;
  return (
    <>
      <div role="alert">
        {refusal !== undefined && (
          <div class="notice bad">
            <p>
              <strong>The relay does not send these events.</strong> <bdi>{refusal}</bdi>
            </p>
            <div class="row">
              <button type="button" onClick={() => live.retry()}>
                Try again
              </button>
            </div>
          </div>
        )}
      </div>
      <div role="status">
        {notice !== undefined && (
          <p class="notice">
            The relay says: <bdi>{notice.slice(0, 500)}</bdi>
          </p>
        )}
      </div>
    </>
  );
}
