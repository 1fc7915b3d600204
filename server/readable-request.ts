/** What a server does with a request whose address is not a URL, because the Host header is missing or makes no sense. */

/**
 * Returns the answer to a request that cannot be read; undefined if it can. A request without a Host, as HTTP/1.0 allows it, gets
 * an address: on Bun it has only a path. Node's requests always have an address.
 */
export function refuseUnreadable(request: Request): Response | undefined {
  const { url } = request;
  if (URL.canParse(url)) return undefined;
  if (!url.startsWith("/")) return new Response("the Host header is not a host", { status: 400 });
  Object.defineProperty(request, "url", { value: `http://localhost${url}` });
  return undefined;
}

/** Returns the answer to a handshake that opens no WebSocket (RFC 6455, 4.2.1); undefined if it may. */
export function refuseHandshake({
  method,
  headers,
}: Pick<Request, "method" | "headers">): Response | undefined {
  if (method !== "GET") return new Response("a WebSocket opens with GET", { status: 400 });
  if (!/^[A-Za-z0-9+/]{22}==$/.test(headers.get("sec-websocket-key") ?? ""))
    return new Response("Sec-WebSocket-Key must be 16 bytes in base64", { status: 400 });
  if (headers.get("sec-websocket-version") === "13") return undefined;
  return new Response("Sec-WebSocket-Version must be 13", {
    status: 426,
    headers: { "sec-websocket-version": "13" },
  });
}

/** Whether a request asks for a WebSocket, and not for another protocol, such as HTTP/2. */
export function asksForWebSocket(upgrade: string | null | undefined): boolean {
  return upgrade?.toLowerCase() === "websocket";
}
