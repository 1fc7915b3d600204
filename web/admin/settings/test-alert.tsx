/** Sends a test alert, and says what became of it on each channel. */
import { useState } from "preact/hooks";
import { useAction } from "../../shared/forms/action.ts";
import { Said } from "../../shared/forms/said.tsx";
import { useRelay } from "../parts/relay.tsx";

const CHANNELS: Record<string, string> = { webhook: "Webhook", message: "Private message to the admins" };

export function TestAlert() {
  const { call } = useRelay();
  const action = useAction();
  const [channels, setChannels] = useState<Record<string, string>>();
  return (
    <div class="card stack">
      <h3>Alerts</h3>
      <p class="quiet">
        The relay tells its admins when it fails its test of itself, when the database fills up, when an
        upstream is behind, and the like: by a webhook and by private messages, as the deployment has set.
      </p>
      <button
        type="button"
        disabled={action.isRunning}
        onClick={() =>
          void action.run(async () => {
            setChannels(undefined);
            setChannels((await call("testalert")).result);
          })
        }
      >
        {action.isRunning ? "Sending…" : "Send a test alert"}
      </button>
      <Said {...action} />
      {channels && (
        <ul role="status">
          {Object.entries(channels).map(([channel, became]) => (
            <li key={channel}>
              {CHANNELS[channel] ?? channel}: <bdi>{became}</bdi>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
