/** Spans in Cloudflare's own tracing (TRACER=cloudflare), as the runtime sends them to a collector. */
import { join } from "node:path";
import { Miniflare, type MiniflareOptions } from "miniflare";
import { expect, onTestFinished, test } from "vitest";
import { miniflareOptions } from "../../scripts/local/runtime.ts";
import { connect, listen, publishAll, someEvents } from "./client.ts";
import { freePort } from "../../scripts/bench/relays/free-port.ts";
import { eventually, temporaryFolder } from "./programs.ts";

interface TailEvent {
  type: string;
  name?: string;
  traceId: string;
  /** In a `spanOpen` event: the id of the opened span. In others: the id of the span that they belong to. */
  spanId: string;
  info?: unknown;
}

const COLLECTOR = `
const seen = [];
export default {
  tailStream: () => ({ event, spanContext }) => void seen.push({ ...spanContext, ...event }),
  fetch: () => new Response(JSON.stringify(seen, (_, value) => (typeof value === "bigint" ? Number(value) : value))),
};`;

test("one trace leads from the message over the commit to the subscribers, and holds no content", async () => {
  const port = await freePort();
  const { miniflare, spans } = await startTraced(port);
  const url = `ws://localhost:${port}`;
  const { received } = await listen(await connect(url), { kinds: [1] });
  await publishAll(await connect(url), someEvents(1, "secretword", 1));

  const opened = await eventually(spans, (all) => all.some(({ name }) => name === "fan_out"));
  await eventually(
    async () => received.length,
    (events) => events === 1,
  );
  const fanOut = opened.find(({ name }) => name === "fan_out");
  expect(fanOut?.attributes["trace.parent"]).toMatch(new RegExp(`^00-${fanOut?.traceId}-`));
  const trace = opened.filter(({ traceId }) => traceId === fanOut?.traceId);
  expect(trace).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        name: "handle_message",
        attributes: expect.objectContaining({ verb: "EVENT" }),
      }),
      expect.objectContaining({ name: "commit", attributes: expect.objectContaining({ events: 1 }) }),
    ]),
  );
  expect(JSON.stringify(opened)).not.toContain("secretword");

  const database = await miniflare.getD1Database("DB", "tributary");
  await database.exec("DROP TABLE event");
  await expect(publishAll(await connect(url), someEvents(1, "too late", 1))).rejects.toThrow(/^error:/);
  const failed = await eventually(spans, (all) => all.some(({ status }) => status !== undefined));
  expect(failed.filter(({ status }) => status !== undefined)).toEqual([
    expect.objectContaining({
      name: "commit",
      status: { code: "error" },
      attributes: expect.objectContaining({ "error.type": "Error" }),
    }),
  ]);
});

/** Starts both Workers, and a collector of the relay's spans. */
async function startTraced(port: number) {
  const state = join(temporaryFolder(), "state");
  const options = await miniflareOptions({ port, state, settings: { TRACER: "cloudflare" } });
  // Miniflare's type of a Worker needs the types of zod, which it does not bring.
  const workers = options.workers as { config: { name: string; tailConsumers?: object[] } }[];
  const relay = workers.find(({ config }) => config.name === "tributary");
  if (!relay) throw new Error("the relay is not among the Workers");
  relay.config.tailConsumers = [{ worker: "collector", streaming: true }];
  const collector = {
    config: {
      name: "collector",
      compatibilityDate: "2026-10-01",
      compatibilityFlags: ["experimental", "streaming_tail_worker", "tail_worker_user_spans"],
      manifest: {
        mainModule: "main.js",
        modulesRoot: "/",
        modules: { "main.js": { type: "esm", contents: COLLECTOR } },
      },
      env: {},
      exports: {},
    },
  };
  const miniflare = new Miniflare({ ...options, workers: [...workers, collector] } as MiniflareOptions);
  onTestFinished(() => miniflare.dispose());
  await miniflare.ready;
  const worker = await miniflare.getWorker("collector");
  return {
    miniflare,
    /** Returns the spans that have been opened so far. */
    spans: async () => spansOf((await (await worker.fetch("http://collector/")).json()) as TailEvent[]),
  };
}

function spansOf(events: TailEvent[]) {
  return events
    .filter(({ type }) => type === "spanOpen")
    .map(({ name, spanId, traceId }) => {
      const about = events.filter((event) => event.spanId === spanId && event.traceId === traceId);
      const attributes = about
        .filter(({ type }) => type === "attributes")
        .flatMap(({ info }) => info as { name: string; value: unknown }[])
        .map((attribute) => [attribute.name, attribute.value]);
      const update = about.find(({ type }) => type === "spanUpdate")?.info as
        | { status?: unknown }
        | undefined;
      return {
        name,
        traceId,
        attributes: Object.fromEntries(attributes) as Record<string, unknown>,
        status: update?.status,
      };
    });
}
