/** A pull of a second Tributary over NIP-77, with real programs. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Event } from "nostr-tools";
import { expect, onTestFinished, test } from "vitest";
import { type RawData, WebSocket, WebSocketServer } from "ws";
import { byId, connect, publishAll, query, someEvents } from "./client.ts";
import { freePort } from "../../scripts/bench/relays/free-port.ts";
import { eventually, startRelay, temporaryFolder } from "./programs.ts";
import { MANAGED, pullNow } from "./upstreams.ts";

const HELD = 3000;

test("an unchanged upstream costs one short message, and a back-dated event is found by the next pull", async () => {
  const upstream = await startRelay(await freePort(), join(temporaryFolder(), "upstream"));
  const publisher = await connect(upstream.url);
  const events = someEvents(HELD, "held", 60);
  await publishAll(publisher, events);
  const line = await startTappedLine(upstream.url);

  const state = join(temporaryFolder(), "state");
  const relay = await startRelay(await freePort(), state, [
    "--upstream",
    line.url,
    "--var",
    "PULL_HISTORY=all",
    ...MANAGED,
  ]);
  const reader = await connect(relay.url);
  const found = (wanted: Event[]) => query(reader, { ids: wanted.map(({ id }) => id), limit: 500 });
  await eventually(
    async () => (await fetch(`${relay.http}/api/v1/events/count`)).json() as Promise<{ count: number }>,
    ({ count }) => count >= HELD,
  );
  expect(byId(await found(events.slice(-20)))).toEqual(byId(events.slice(-20)));

  // Some pulls later, what was queued has been seen here.
  const quiet = await eventually(
    async () => {
      await pullNow(relay, line.url);
      return line.pulls
        .slice(0, -1)
        .find((frames) => verbsOf(frames).join() === "NEG-OPEN,NEG-MSG,NEG-CLOSE");
    },
    (frames) => frames !== undefined,
  );
  const bytes = quiet!.reduce((sum, frame) => sum + frame.length, 0);
  expect(bytes).toBeLessThan(HELD);

  const [backDated] = someEvents(HELD, "back-dated", 61).slice(-1);
  await publishAll(publisher, [backDated!]);
  await eventually(
    async () => {
      await pullNow(relay, line.url);
      return found([backDated!]);
    },
    ({ length }) => length === 1,
  );
  // No pull has asked for a page since then. The first one does if the upstream's document comes too late.
  expect(line.documents()).toBeLessThanOrEqual(2);
  expect(
    line.pulls
      .slice(line.pulls.indexOf(quiet!))
      .flat()
      .filter((frame) => frame.startsWith('["REQ"') && !frame.includes('"ids"')),
  ).toEqual([]);
});

function verbsOf(frames: string[]): string[] {
  return frames.map((frame) => /^\["([A-Z-]+)"/.exec(frame)?.[1] ?? "");
}

interface TappedLine {
  url: string;
  /** The frames of each connection, in both directions. */
  pulls: string[][];
  /** Returns how often the document was asked for. */
  documents(): number;
}

/** Passes everything on to a relay. */
async function startTappedLine(target: string): Promise<TappedLine> {
  const pulls: string[][] = [];
  let documents = 0;
  const server = createServer((request, response) => {
    const { accept = "" } = request.headers;
    documents += 1;
    void fetch(target.replace(/^ws/, "http"), { headers: { accept } }).then(async (answer) =>
      response.writeHead(answer.status).end(await answer.text()),
    );
  });
  const sockets = new WebSocketServer({ server }).on("connection", (from) => {
    const frames: string[] = [];
    pulls.push(frames);
    const to = new WebSocket(target);
    const waiting: string[] = [];
    const keep = (data: RawData) => {
      const frame = (data as Buffer).toString();
      frames.push(frame);
      return frame;
    };
    to.on("open", () => waiting.splice(0).forEach((frame) => to.send(frame)));
    to.on("message", (data) => from.send(keep(data)));
    from.on("message", (data) => {
      const frame = keep(data);
      if (to.readyState === to.OPEN) to.send(frame);
      else waiting.push(frame);
    });
    from.on("close", () => to.close());
    to.on("close", () => from.close());
    // Either end may be gone before the other one is open.
    to.on("error", () => from.close());
  });
  await new Promise<void>((ready) => server.listen(0, "localhost", ready));
  onTestFinished(() => {
    for (const client of sockets.clients) client.terminate();
    server.close();
  });
  return {
    url: `ws://localhost:${(server.address() as AddressInfo).port}`,
    pulls,
    documents: () => documents,
  };
}
