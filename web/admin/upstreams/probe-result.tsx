/** Tests a relay from this browser, and says what it can do. */
import { useState } from "preact/hooks";
import { normalizeUpstreamUrl } from "../../../nostr/relay-url.ts";
import { relativeTime } from "../../parts/relative-time.ts";
import { useAction } from "../../shared/forms/action.ts";
import { Said } from "../../shared/forms/said.tsx";
import { unixNow } from "../../shared/now.ts";
import { probe, type ProbeReport } from "./probe.ts";

export function ProbeButton({ url }: { url: string }) {
  const action = useAction();
  const [report, setReport] = useState<ProbeReport>();
  const address = normalizeUpstreamUrl(url);
  return (
    <div class="stack">
      <button
        type="button"
        disabled={action.isRunning || address === undefined}
        onClick={() =>
          void action.run(async () => {
            setReport(undefined);
            setReport(await probe(address ?? url));
          })
        }
      >
        {action.isRunning ? "Testing…" : "Test it from this browser"}
      </button>
      <Said {...action} />
      {report && <Report report={report} />}
    </div>
  );
}

function Report({ report }: { report: ProbeReport }) {
  const { openMilliseconds, eoseMilliseconds, newest, asksForAuth, speaksNegentropy, problem } = report;
  const lines = [
    `Connected after ${openMilliseconds} ms.`,
    eoseMilliseconds !== undefined && `It answers a request within ${eoseMilliseconds} ms.`,
    newest === undefined
      ? problem === "" && "It has no events."
      : `Its newest event is from ${relativeTime(newest, unixNow())}.`,
    asksForAuth &&
      "It asks for authentication (NIP-42). If it insists, the relay needs RELAY_SECRET_KEY to pull it.",
    speaksNegentropy
      ? "It can be compared (NIP-77): pulls find late events and cost little."
      : "It cannot be compared (NIP-77): it is pulled page by page.",
  ];
  return (
    <div role="status" class={`notice ${problem === "" ? "good" : "bad"}`}>
      {problem !== "" && <p>Its events cannot be pulled: {problem}</p>}
      <ul>
        {lines
          .filter((line) => line !== false)
          .map((line) => (
            <li key={line}>{line}</li>
          ))}
      </ul>
    </div>
  );
}
