/** What the script adds to Explore: how many events match, and their export. */
import { useEffect, useRef, useState } from "preact/hooks";
import { getCount } from "../shared/api.ts";
import { collect, exportText, MOST_COLLECTED } from "./collect.ts";

/** `parameters` say which events match, not which page is shown. */
export function Tools({ parameters }: { parameters: URLSearchParams }) {
  return (
    <>
      <Count parameters={parameters} />
      <Export parameters={parameters} />
    </>
  );
}

function Count({ parameters }: { parameters: URLSearchParams }) {
  const [text, setText] = useState("Counting…");
  useEffect(() => {
    const asked = new URLSearchParams(parameters);
    asked.delete("order");
    getCount(asked).then(
      ({ count, approximate }) => setText(countText(count, approximate === true)),
      (error: unknown) => setText(`Not counted: ${messageOf(error)}`),
    );
  }, [parameters]);
  return (
    <p class="count" role="status">
      {text}
    </p>
  );
}

function countText(count: number, isApproximate: boolean): string {
  const number = count.toLocaleString("en");
  return `${isApproximate ? `About ${number}` : number} ${count === 1 ? "event matches" : "events match"}`;
}

function Export({ parameters }: { parameters: URLSearchParams }) {
  const [said, setSaid] = useState("");
  const [running, setRunning] = useState<AbortController>();
  const button = useRef<HTMLButtonElement>(null);

  async function run(form: "json" | "jsonl") {
    const controller = new AbortController();
    const { signal } = controller;
    setRunning(controller);
    setSaid("Reading events…");
    try {
      const { events, cut } = await collect(parameters, {
        signal,
        onProgress: (count) => setSaid(`${count.toLocaleString("en")} events…`),
        async wait(seconds) {
          setSaid(`The relay asks to wait ${seconds} s…`);
          await waitFor(seconds, signal);
        },
      });
      download(exportText(events, form), `events.${form}`);
      setSaid(`Exported ${events.length.toLocaleString("en")} events${cut === undefined ? "" : `: ${cut}`}`);
    } catch (error) {
      setSaid(signal.aborted ? "Cancelled" : `Not exported: ${messageOf(error)}`);
    }
    setRunning(undefined);
  }

  // The button with the focus goes away when an export begins or ends.
  const isRunning = running !== undefined;
  const wasRunning = useRef(false);
  useEffect(() => {
    if (isRunning !== wasRunning.current) button.current?.focus();
    wasRunning.current = isRunning;
  }, [isRunning]);
  return (
    <div class="row export">
      {isRunning ? (
        <button key="cancel" ref={button} type="button" onClick={() => running.abort()}>
          Cancel
        </button>
      ) : (
        <>
          <button
            key="json"
            ref={button}
            type="button"
            title={`All that match, at most ${MOST_COLLECTED.toLocaleString("en")}`}
            onClick={() => void run("json")}
          >
            Export JSON
          </button>
          <button key="jsonl" type="button" title="One event on each line" onClick={() => void run("jsonl")}>
            Export JSONL
          </button>
        </>
      )}
      <span role="status">{said}</span>
    </div>
  );
}

function waitFor(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, 1000 * seconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    });
  });
}

function download(text: string, name: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = Object.assign(document.createElement("a"), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
