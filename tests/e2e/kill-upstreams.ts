/** Upstreams for a relay that is killed again and again. Each start has one more upstream. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { type Event, newestFirst } from "../../nostr/event.ts";
import { type Key, signed } from "../../scripts/bench/corpus/signing.ts";
import { randomKey } from "../fixtures/random-key.ts";
import type { Random } from "../reference/generators.ts";
import { comparedUpstream } from "./kill-compared.ts";
import { now, ROOT } from "./kill-writers.ts";

/** When the relay is killed: while it waits for a page, as soon as the pull has ended, at any moment, or while it compares (NIP-77). */
export const MOMENTS = ["in a pull", "after a pull", "at any moment", "in a comparison"] as const;
export type Moment = (typeof MOMENTS)[number];
type PagedMoment = Exclude<Moment, "in a comparison">;

export interface Upstream {
  url: string;
  /** Newest first. */
  events: Event[];
  /** When it got each event, in Unix seconds. Absent: before the first pull. */
  addedAt?: ReadonlyMap<string, number>;
  /** Maximum number of events that it sends at once. */
  pageSize: number;
  /** Number of pulls that the relay ended properly, with a Close frame. */
  ended: number;
  /** Maximum number of milliseconds between the moment and the kill. */
  patience: number;
  /** Starts to answer. Resolves at the moment of the kill. */
  answerUntil(): Promise<void>;
}

export interface Upstreams extends AsyncDisposable {
  all: Upstream[];
  add(moment: Moment): Upstream;
}

type Filter = { since: number; until: number; limit: number };

/** Number of events. A kill after a pull comes before so many have left the queue. */
const EVENTS: Record<PagedMoment, number> = { "in a pull": 120, "after a pull": 300, "at any moment": 120 };
/** Number of events that an upstream shares with the one before. The relay must store them once. */
const SHARED = 30;
/** After a pull of a single page, the cursor has moved and most of the page is on the queue. */
const PAGE_SIZES: Record<PagedMoment, number> = { "in a pull": 20, "after a pull": 500, "at any moment": 20 };
/** One upstream sends pages of two. A pull ends after a hundred pages, so it leaves a gap. More would take minutes. */
const GAP = { upstream: 2, pageSize: 2 };
const HOUR = 3600;
const KEYS = Array.from({ length: 3 }, randomKey);

/** Starts a server. Each upstream is a path of it. A single one is compared, and has more events each time. */
export async function startUpstreams(random: Random): Promise<Upstreams> {
  const all: ScriptedUpstream[] = [];
  let compared: ReturnType<typeof comparedUpstream> | undefined;
  const at = (path = "") => all[Number(path.slice(1))];
  const server = createServer((request, response) => {
    const limitation = { max_limit: at(request.url)?.pageSize };
    const supported_nips = at(request.url)?.addedAt ? [1, 77] : [1];
    response
      .writeHead(200, { "content-type": "application/nostr+json" })
      .end(JSON.stringify({ supported_nips, limitation }));
  });
  const sockets = new WebSocketServer({ server });
  sockets.on("connection", (socket, request) => {
    const upstream = at(request.url);
    socket.on("message", (data: Buffer) => {
      void upstream?.answer(socket, JSON.parse(data.toString()) as UpstreamMessage);
    });
    socket.on("close", (code) => code === 1000 && upstream?.end());
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  return {
    all,
    add(moment) {
      if (moment === "in a comparison") {
        if (!compared)
          all.push((compared = comparedUpstream(`ws://127.0.0.1:${port}/${all.length}`, random)));
        compared.grow(someEvents(random, `compared-${compared.events.length}`, 60));
        return compared;
      }
      const shared = all.at(-1)?.events.slice(-SHARED) ?? [];
      const events = [...someEvents(random, String(all.length), EVENTS[moment]), ...shared].toSorted(
        newestFirst,
      );
      const upstream = anUpstream(`ws://127.0.0.1:${port}/${all.length}`, events, moment, random);
      if (all.length === GAP.upstream) upstream.pageSize = GAP.pageSize;
      all.push(upstream);
      return upstream;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

export type UpstreamMessage = [verb: string, id: string, filterOrBytes: unknown, bytes?: string];

export interface ScriptedUpstream extends Upstream {
  answer(socket: WebSocket, message: UpstreamMessage): Promise<void>;
  end(): void;
}

function anUpstream(url: string, events: Event[], moment: PagedMoment, random: Random): ScriptedUpstream {
  const pageSize = PAGE_SIZES[moment];
  const [answering, killing] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  if (moment === "at any moment") killing.resolve();
  let left = moment === "in a pull" ? 1 + Math.floor((random() * events.length) / pageSize) : 0;
  const upstream: ScriptedUpstream = {
    url,
    events,
    pageSize,
    ended: 0,
    patience: moment === "after a pull" ? 200 : 30,
    answerUntil() {
      answering.resolve();
      return killing.promise;
    },
    async answer(socket, [verb, id, filter]) {
      if (verb !== "REQ") return undefined;
      const { since, until, limit } = filter as Filter;
      await answering.promise;
      left -= 1;
      // Do not send this page.
      if (left === 0) return killing.resolve();
      const page = events.filter((event) => event.created_at >= since && event.created_at <= until);
      for (const event of page.slice(0, limit)) socket.send(JSON.stringify(["EVENT", id, event]));
      return socket.send(JSON.stringify(["EOSE", id]));
    },
    end() {
      upstream.ended += 1;
      if (moment === "after a pull") killing.resolve();
    },
  };
  return upstream;
}

function someEvents(random: Random, upstream: string, count: number): Event[] {
  return Array.from({ length: count }, (_, n) =>
    signed(KEYS[n % KEYS.length] as Key, {
      kind: [1, 7, 30_023][n % 3] as number,
      created_at: now() - Math.floor(n * HOUR * random()),
      tags: [
        ["e", ROOT],
        ["d", `pulled-${upstream}-${n}`],
      ],
      content: `a heron from upstream ${upstream}, ${n}; `.repeat(20),
    }),
  );
}
