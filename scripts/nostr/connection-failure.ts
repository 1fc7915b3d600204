/**
 * Finds out why a relay could not be reached. WebSocket and fetch say little, and every runtime says something else. So
 * this makes the request once more, with a client that reports the cause.
 */
import { type ClientRequest, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { oneLine } from "../shared/printing.ts";
import { DEFAULT_PORT } from "../shared/relay-option.ts";
import { CommandError, messageOf } from "../shared/usage.ts";

const MILLISECONDS = 5000;

/** Returns an error that gives the cause in one sentence. */
export async function connectionFailure(relay: string): Promise<CommandError> {
  const seen = await tryOnce(relay);
  if ("status" in seen) return new CommandError(refusalOf(relay, seen));
  return new CommandError(sentenceFor(relay, seen.code, seen.message));
}

type Seen = { status: number; reason: string } | { code: string; message: string };

function tryOnce(relay: string): Promise<Seen> {
  return new Promise((resolve) => {
    let asked: ClientRequest | undefined;
    const done = (seen: Seen) => {
      asked?.destroy();
      resolve(seen);
    };
    const fail = (error: unknown) => done({ code: codeOf(error), message: messageOf(error) });
    try {
      asked = handshake(relay);
    } catch (error) {
      return fail(error);
    }
    asked.on("error", fail);
    asked.on("timeout", () => done({ code: "ETIMEDOUT", message: "no answer" }));
    asked.on("upgrade", () => done({ code: "LOST", message: "" }));
    asked.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => (text += part));
      const end = () => done({ status: response.statusCode ?? 0, reason: oneLine(text).slice(0, 200) });
      response.on("end", end).on("error", end);
    });
    asked.end();
  });
}

/** Starts a WebSocket handshake. */
function handshake(relay: string): ClientRequest {
  const url = relay.replace(/^ws/, "http");
  const headers = {
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": btoa("tributary tells."),
  };
  const ask = url.startsWith("https:") ? httpsRequest : httpRequest;
  return ask(url, { headers, timeout: MILLISECONDS, agent: false });
}

/** Returns the code of an error, or of the first nested error that has one: several addresses may have been tried. */
function codeOf(error: unknown): string {
  const { code, errors, cause } = error as { code?: unknown; errors?: unknown[]; cause?: unknown };
  if (typeof code === "string") return code;
  return errors?.[0] || cause ? codeOf(errors?.[0] ?? cause) : "";
}

function refusalOf(relay: string, { status, reason }: { status: number; reason: string }): string {
  if (status >= 300 && status < 400) return `${relay} answered ${status}: it has moved`;
  const said = reason === "" || reason.startsWith("<") ? "" : `: ${reason}`;
  return `${relay} refused the WebSocket with HTTP ${status}${said}`;
}

function sentenceFor(relay: string, code: string, message: string): string {
  const { hostname, port, protocol } = new URL(relay);
  if (code === "LOST") return `the connection to ${relay} was lost`;
  if (/REFUSED/i.test(code) || /refused/i.test(message)) {
    return isHere(hostname)
      ? `no relay answers at ${relay}: is it running? ${startCommand(port)}`
      : `cannot connect to ${relay}: connection refused, nothing listens on port ${port || (protocol === "wss:" ? 443 : 80)}`;
  }
  if (/ENOTFOUND|DNS_|ENODATA/.test(code) || /getaddrinfo|lookup address|dns error/i.test(message))
    return `cannot connect to ${relay}: the name ${hostname} is unknown${code === "EAI_AGAIN" ? ", or cannot be looked up right now" : ""}`;
  if (/TIMEDOUT/.test(code)) return `cannot connect to ${relay}: no answer`;
  if (/UNREACH/.test(code)) return `cannot connect to ${relay}: the network is unreachable`;
  if (protocol === "wss:") {
    return /CERT|SIGNATURE|SIGNED|ISSUER|ALTNAME/i.test(`${code} ${message}`)
      ? `cannot connect to ${relay}: its TLS certificate is not accepted (${oneLine(message)})`
      : `cannot connect to ${relay}: TLS failed. If the relay uses ws://, try ${relay.replace(/^wss/, "ws")}`;
  }
  return `cannot connect to ${relay}: ${oneLine(message) || code || "the connection failed"}. If the relay uses wss://, try ${relay.replace(/^ws/, "wss")}`;
}

function isHere(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
}

function startCommand(port: string): string {
  return port === String(DEFAULT_PORT) ? "npm start" : `npm start -- --port ${port || 80}`;
}
