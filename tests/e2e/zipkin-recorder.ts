/** The part of Zipkin's HTTP API that receives spans: POST /api/v2/spans answers 202. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { onTestFinished } from "vitest";

export interface RecordedSpan {
  traceId: string;
  id: string;
  parentId?: string;
  name: string;
  timestamp: number;
  duration: number;
  localEndpoint: { serviceName: string };
  tags: Record<string, string>;
}

/** Starts a recorder, which ends with the test. */
export async function recordSpans(): Promise<{ url: string; spans: RecordedSpan[] }> {
  const spans: RecordedSpan[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const isSpans = request.method === "POST" && request.url === "/api/v2/spans";
      if (isSpans) spans.push(...((await json(request)) as RecordedSpan[]));
      response.writeHead(isSpans ? 202 : 404).end();
    })();
  });
  await new Promise<void>((listening) => server.listen(0, "localhost", listening));
  onTestFinished(() => void server.close());
  return { url: `http://localhost:${(server.address() as AddressInfo).port}/api/v2/spans`, spans };
}
