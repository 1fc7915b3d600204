/** Finds out from this browser what a relay can do as an upstream. The relay is not trusted. */
import { parseEvent } from "../../../nostr/event.ts";

export interface ProbeReport {
  /** Milliseconds until the connection was open. */
  openMilliseconds: number;
  /** Milliseconds until the first event, and until EOSE; absent if it did not come. */
  eventMilliseconds?: number;
  eoseMilliseconds?: number;
  /** When its newest event was created (Unix seconds). */
  newest?: number;
  asksForAuth: boolean;
  speaksNegentropy: boolean;
  /** Why no events can be pulled; empty if they can. */
  problem: string;
}

const PATIENCE_MILLISECONDS = 10_000;
const LONGEST_MESSAGE = 2_000_000;
/** Of a reconciliation (NIP-77) of an id that no event has: version 1 of the protocol, and one range of no ids. */
const NOTHING = { ids: ["0".repeat(64)] };
const EMPTY_MESSAGE = "6100000200";

/** Rejects with a reason if there is no connection. */
export async function probe(url: string, patience = PATIENCE_MILLISECONDS): Promise<ProbeReport> {
  const begun = performance.now();
  const since = (start: number) => Math.round(performance.now() - start);
  const socket = await connect(url, patience);
  const report: ProbeReport = {
    openMilliseconds: since(begun),
    asksForAuth: false,
    speaksNegentropy: false,
    problem: "",
  };
  try {
    const asked = performance.now();
    report.problem = await converse(
      socket,
      patience,
      ["REQ", "test", { limit: 1 }],
      ([verb, first, second]) => {
        if (verb === "AUTH") report.asksForAuth = true;
        if (first !== "test") return undefined;
        if (verb === "CLOSED") return textOf(second) || "it refuses the request";
        if (verb === "EVENT") {
          report.eventMilliseconds ??= since(asked);
          const parsed = parseEvent(second);
          if (!parsed.ok) return `its newest event is invalid: ${parsed.reason}`;
          report.newest = parsed.event.created_at;
        }
        if (verb !== "EOSE") return undefined;
        report.eoseMilliseconds = since(asked);
        return "";
      },
    );
    await converse(socket, patience, ["NEG-OPEN", "sync", NOTHING, EMPTY_MESSAGE], ([verb, first]) => {
      if (verb === "AUTH") report.asksForAuth = true;
      report.speaksNegentropy ||= verb === "NEG-MSG" || verb === "NEG-ERR";
      return verb === "NOTICE" || first === "sync" ? "" : undefined;
    });
    return report;
  } finally {
    socket.close();
  }
}

function connect(url: string, patience: number): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    const fail = () => {
      clearTimeout(timer);
      socket.close();
      reject(new Error(`This browser cannot connect to ${url}. The relay may still be able to.`));
    };
    const timer = setTimeout(fail, patience);
    socket.addEventListener("open", () => {
      clearTimeout(timer);
      resolve(socket);
    });
    socket.addEventListener("error", fail);
  });
}

/** Sends a message, and reads answers until `take` returns a text. Resolves with that, or with how the answer ended without it. */
function converse(
  socket: WebSocket,
  patience: number,
  message: unknown[],
  take: (message: unknown[]) => string | undefined,
): Promise<string> {
  return new Promise((resolve) => {
    const end = (text: string) => {
      clearTimeout(timer);
      socket.removeEventListener("message", receive);
      socket.removeEventListener("close", closed);
      resolve(text.slice(0, 300));
    };
    const closed = () => end("it closed the connection");
    const timer = setTimeout(() => end(`it did not answer within ${patience / 1000} s`), patience);
    function receive({ data }: MessageEvent) {
      if (typeof data !== "string" || data.length > LONGEST_MESSAGE) return;
      const answer = take(parsed(data));
      if (answer !== undefined) end(answer);
    }
    socket.addEventListener("message", receive);
    socket.addEventListener("close", closed);
    if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
    else closed();
  });
}

function parsed(data: string): unknown[] {
  try {
    const value: unknown = JSON.parse(data);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
