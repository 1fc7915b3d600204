/** `npm run serve`, on Node, Bun and Deno, as a user starts it. */
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { openSqlite } from "../../platforms/sqlite.ts";
import { ROOT, type Running, startProgram } from "../fixtures/program.ts";
import { relayProgram } from "../fixtures/relay-program.ts";
import { connect, publishAll, query, someEvents } from "./client.ts";
import { recordSpans } from "./zipkin-recorder.ts";
import { freePort } from "../../scripts/bench/relays/free-port.ts";
import { eventually, kill, temporaryFolder } from "./programs.ts";

/** Its test of itself would count as a client. */
const NO_PROBE = ["--var", "PROBE_INTERVAL=0"];

describe.each(["node", "bun", "deno"])("served by %s", (runtime) => {
  const [program, args] = relayProgram(runtime);
  const start = async (port: number, state: string, more: string[] = []): Promise<Running> => {
    const running = startProgram(
      program,
      [...args, "--port", String(port), "--state", state, ...NO_PROBE, ...more],
      {
        cwd: ROOT,
      },
    );
    onTestFinished(() => kill(running));
    await running.shows(`ready ws://localhost:${port}`);
    return running;
  };

  test("stores, answers, delivers and counts; restarts say 1012 and lose nothing", async () => {
    const port = await freePort();
    const state = join(temporaryFolder(), "state");
    const url = `ws://localhost:${port}`;
    const first = await start(port, state);
    const [reader, writer] = [await connect(url), await connect(url)];
    const heard: string[] = [];
    reader.subscribe([{ kinds: [1] }], { onevent: ({ id }) => void heard.push(id) });
    const events = someEvents(60, "served", 1);
    await publishAll(writer, events);
    await eventually(
      async () => heard.length,
      (count) => count === 30,
    );
    const page = await fetch(`http://localhost:${port}/`, { headers: { accept: "text/html" } });
    expect(await page.text()).toContain("/assets/style.css");
    expect((await fetch(`http://localhost:${port}/assets/style.css`)).headers.get("content-type")).toContain(
      "text/css",
    );
    expect(await (await fetch(`http://localhost:${port}/metrics`)).text()).toContain(
      'relay_connect_counts{source="websocket"} 2\n',
    );
    const socket = new WebSocket(url);
    const closed = new Promise<number>((resolve) => socket.on("close", resolve));
    await new Promise((resolve) => socket.once("open", resolve));
    first.process.kill("SIGTERM");
    expect(await closed).toBe(1012);
    expect((await first.ended).code).toBe(0);
    await start(port, state);
    const stored = await query(await connect(url), { limit: 100 });
    expect(stored.map(({ id }) => id).toSorted()).toEqual(events.map(({ id }) => id).toSorted());
    // Counters go on where they were.
    expect(await (await fetch(`http://localhost:${port}/metrics`)).text()).toContain(
      'events_stored_total{source="websocket",kind="1"} 30\n',
    );
  });

  test("starts over a database that it may only read, because a newer version has used it", async () => {
    const port = await freePort();
    const state = join(temporaryFolder(), "state");
    const events = someEvents(3, "older", 1);
    const first = await start(port, state);
    await publishAll(await connect(`ws://localhost:${port}`), events);
    first.process.kill("SIGTERM");
    await first.ended;
    const db = openSqlite(join(state, "relay.sqlite"));
    db.exec("INSERT INTO d1_migrations (name) VALUES ('9999_next.sql')");
    db.close();
    await start(port, state);
    expect(await query(await connect(`ws://localhost:${port}`), { limit: 10 })).toHaveLength(3);
    const body = JSON.stringify(events[0]);
    const refused = await fetch(`http://localhost:${port}/api/v1/events`, { method: "POST", body });
    expect(await refused.text()).toContain("the database has a newer schema (9999_next.sql)");
  });

  test("pulls an upstream, with its queue on disk", async () => {
    const [upstream, port] = [await freePort(), await freePort()];
    const folder = temporaryFolder();
    await start(upstream, join(folder, "upstream"));
    const events = someEvents(40, "pulled", 1);
    await publishAll(await connect(`ws://localhost:${upstream}`), events);
    await start(port, join(folder, "relay"), ["--upstream", `ws://localhost:${upstream}`]);
    const client = await connect(`ws://localhost:${port}`);
    const stored = await eventually(
      () => query(client, { limit: 100 }),
      (all) => all.length === events.length,
    );
    expect(stored.map(({ id }) => id).toSorted()).toEqual(events.map(({ id }) => id).toSorted());
  });

  test("traces requests, connections and the minute job, and counts them", async () => {
    const [port, { url, spans }] = [await freePort(), await recordSpans()];
    const traced = ["--var", `ZIPKIN_URL=${url}`, "--var", "TRACE_SAMPLE_RATE=1"];
    await start(port, join(temporaryFolder(), "state"), traced);
    await query(await connect(`ws://localhost:${port}`), { limit: 1 });
    await fetch(`http://localhost:${port}/api/v1/events?limit=1`);
    const expected = ["connect", "get /api/v1/events", "handle_message", "scheduled", "sweep"];
    const names = () => [...new Set(spans.map(({ name }) => name.toLowerCase()))].toSorted();
    await eventually(
      async () => names(),
      (all) => expected.every((name) => all.includes(name)),
      60_000,
    );
    const connected = spans.find(({ name }) => name === "connect");
    expect(connected?.tags).toMatchObject({ hub: "0", "http.response.status_code": "101" });
    const metrics = await (await fetch(`http://localhost:${port}/metrics`)).text();
    for (const count of ['source="websocket"} 1', 'source="http"} 2', 'source="cron"} 2'])
      expect(metrics).toContain(`invocations_total{${count}\n`);
  });

  test("tests itself, over a connection of its own", async () => {
    const port = await freePort();
    await start(port, join(temporaryFolder(), "state"), ["--var", "PROBE_INTERVAL=60"]);
    const metrics = await eventually(
      async () => (await fetch(`http://localhost:${port}/metrics`)).text(),
      (text) => text.includes("\nprobe_seconds "),
    );
    expect(metrics).toMatch(/^probe_failures_total\{source="cron"\} 0$/m);
  });
});
