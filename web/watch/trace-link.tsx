/** Leads an admin from an event to the trace in which the relay stored it. */
import { useEffect, useState } from "preact/hooks";
import { safeUrl } from "../parts/safe-url.ts";
import { useSigner } from "../shared/signer/current.ts";
import type { FoundTrace } from "../shared/management/answers.ts";

export function TraceLink({ id }: { id: string }) {
  const signer = useSigner();
  const [found, setFound] = useState<FoundTrace>();
  const [problem, setProblem] = useState("");
  const [isAsking, setAsking] = useState(false);
  useEffect(() => {
    setFound(undefined);
    setProblem("");
  }, [id]);
  if (!signer) return <span class="quiet">Admins who sign in see how the relay stored it</span>;
  async function ask() {
    if (!signer) return;
    setAsking(true);
    try {
      const { callRelay } = await import("../shared/management/call.ts");
      setFound((await callRelay(signer, "gettrace", [id])).result);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
    setAsking(false);
  }
  if (found) return <Found trace={found} />;
  return (
    <span class="row">
      <button type="button" disabled={isAsking} onClick={() => void ask()}>
        {isAsking ? "Looking…" : "Find the trace"}
      </button>
      <span role="alert">{problem}</span>
    </span>
  );
}

function Found({ trace: { trace, url } }: { trace: FoundTrace }) {
  if (trace === null) return <span role="status">None: this event was not sampled, or it is too old</span>;
  const link = url === null ? undefined : safeUrl(url);
  return (
    <span role="status">
      <code>{trace}</code>{" "}
      {link && (
        <a href={link.href} rel="noreferrer" target="_blank">
          Open
        </a>
      )}
    </span>
  );
}
