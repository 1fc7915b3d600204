/** The queue of events of `npm start`. Its messages outlive the process of workerd. */
import { Miniflare } from "miniflare";
import { expect, onTestFinished, test } from "vitest";
import { LOCAL_QUEUE, localQueueWorker } from "../../scripts/local/queue.ts";
import { miniflareOptionsOf } from "../../scripts/local/unstable.ts";
import { eventually, temporaryFolder } from "./programs.ts";

/** A Worker that puts requests on the queue, reports deliveries, and acknowledges those that its setting names. */
const AGGREGATOR = `
const delivered = [];
export default {
  async fetch(request, env) {
    if (request.method === "POST") await env.EVENTS.sendBatch(await request.json());
    return Response.json({ delivered, backlog: await env.EVENTS.metrics() });
  },
  async queue(batch, env) {
    for (const message of batch.messages) {
      delivered.push({ queue: batch.queue, body: message.body, attempts: message.attempts });
      if (env.ACCEPTS.includes(message.body) || env.ACCEPTS.includes(batch.queue)) message.ack();
      else message.retry(message.body === "at any time" ? undefined : { delaySeconds: 1 });
    }
  },
};`;

const LIMITS = {
  "tributary-events": { maxBatchSize: 20, maxRetries: 2, deadLetterQueue: "tributary-dead" },
  "tributary-dead": { maxBatchSize: 1, maxRetries: 2 },
};

/** The queue of version 0.2, which kept its messages without these. */
const formerQueue = (statements: string[]) => `
import { DurableObject } from "cloudflare:workers";
export default { scheduled: (_, env) => env.QUEUE.getByName("tributary-events").fill() };
export class LocalQueueObject extends DurableObject {
  fill() {
    this.ctx.storage.sql.exec("CREATE TABLE message (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 1, due INTEGER NOT NULL DEFAULT 0)");
    for (const statement of ${JSON.stringify(statements)}) this.ctx.storage.sql.exec(statement);
  }
}`;

/** Makes a folder with the queue of version 0.2, in which are these rows. */
async function formerState(...rows: [body: string, attempts: number][]): Promise<string> {
  const state = temporaryFolder();
  const statements = rows.map(
    ([body, attempts]) => `INSERT INTO message (body, attempts) VALUES ('${body}', ${attempts})`,
  );
  const former = new Miniflare(
    miniflareOptionsOf({
      workers: [
        {
          ...(await localQueueWorker(LIMITS)),
          serviceBindings: {},
          modules: [{ type: "ESModule", path: "main.js", contents: formerQueue(statements) }],
        },
      ],
      resourcePersistencePath: state,
    }),
  );
  await (await former.getWorker(LOCAL_QUEUE)).scheduled({});
  await former.dispose();
  return state;
}

async function start(state: string, accepts: string[]) {
  const miniflare = new Miniflare(
    miniflareOptionsOf({
      workers: [
        {
          name: "tributary-aggregator",
          modules: [{ type: "ESModule", path: "main.js", contents: AGGREGATOR }],
          compatibilityDate: "2026-10-01",
          bindings: { ACCEPTS: accepts },
          serviceBindings: { EVENTS: { name: LOCAL_QUEUE, entrypoint: "Producer" } },
        },
        await localQueueWorker(LIMITS),
      ],
      resourcePersistencePath: state,
    }),
  );
  onTestFinished(() => miniflare.dispose());
  const url = await miniflare.ready;
  await (await miniflare.getWorker(LOCAL_QUEUE)).scheduled({});
  return {
    miniflare,
    put: (...bodies: string[]) =>
      fetch(url, { method: "POST", body: JSON.stringify(bodies.map((body) => ({ body }))) }),
    delivered: async () => (await stateAt(url)).delivered,
    backlog: async () => (await stateAt(url)).backlog,
  };
}

interface State {
  delivered: { queue: string; body: string; attempts: number }[];
  backlog: { backlogCount: number; backlogBytes: number; oldestMessageTimestamp?: string };
}

async function stateAt(url: URL): Promise<State> {
  return (await (await fetch(url)).json()) as State;
}

test("what was not acknowledged when the programs ended is delivered by the next ones, and nothing else", async () => {
  const state = temporaryFolder();
  const first = await start(state, ["taken"]);
  await first.put("taken", "waiting");
  await eventually(first.delivered, (delivered) => delivered.some(({ attempts }) => attempts === 2));
  const { delivered } = first;
  expect((await delivered()).filter(({ body }) => body === "taken")).toEqual([
    { queue: "tributary-events", body: "taken", attempts: 1 },
  ]);
  await first.miniflare.dispose();

  const second = await start(state, ["taken", "waiting", "last"]);
  await eventually(second.delivered, ({ length }) => length > 0);
  await second.put("last");
  await eventually(second.delivered, (all) => all.some(({ body }) => body === "last"));
  expect((await second.delivered()).map(({ body }) => body)).toEqual(["waiting", "last"]);
});

test("what is to be tried again at any time is delivered again", async () => {
  const { put, delivered } = await start(temporaryFolder(), []);
  await put("at any time");
  await eventually(delivered, (all) => all.some(({ attempts }) => attempts === 2));
  expect(await delivered()).toMatchObject([{ attempts: 1 }, { attempts: 2 }]);
});

test("what fails too often goes to the queue of dead letters, one at a time, and is never dropped", async () => {
  const { put, delivered, backlog } = await start(temporaryFolder(), []);
  await put("a", "b");
  const { backlogCount, backlogBytes, oldestMessageTimestamp } = await backlog();
  expect([backlogCount, backlogBytes]).toEqual([2, 6]);
  expect(Date.now() - Date.parse(oldestMessageTimestamp ?? "")).toBeLessThan(60_000);
  await eventually(delivered, (all) => all.filter(({ attempts }) => attempts === 4).length === 2);
  const attemptsOf = async (queue: string) =>
    (await delivered())
      .filter((one) => one.queue === queue && one.body === "a")
      .map(({ attempts }) => attempts);
  expect(await attemptsOf("tributary-events")).toEqual([1, 2, 3]);
  expect(await attemptsOf("tributary-dead")).toEqual([1, 2, 3, 4]);
});

test("an empty queue has no oldest message", async () => {
  const { put, delivered, backlog } = await start(temporaryFolder(), ["tributary-events"]);
  await put("a");
  await eventually(delivered, ({ length }) => length > 0);
  await eventually(backlog, ({ backlogCount }) => backlogCount === 0);
  expect(await backlog()).toEqual({ backlogCount: 0, backlogBytes: 0 });
});

test("what version 0.2 left on the queue is delivered", async () => {
  const { delivered, backlog } = await start(await formerState(['"from before"', 7]), ["from before"]);
  await eventually(delivered, ({ length }) => length > 0);
  expect(await delivered()).toEqual([{ queue: "tributary-events", body: "from before", attempts: 7 }]);
  await eventually(backlog, ({ backlogCount }) => backlogCount === 0);
});

test("messages that cannot be handed to the consumer hold up no others, and stay", async () => {
  const broken = Array.from({ length: 20 }, (): [string, number] => ["no JSON", 1]);
  const state = await formerState(...broken, ['"whole"', 1], ["no JSON", 1], ['"last"', 1]);
  const { delivered, backlog } = await start(state, ["whole", "last"]);
  await eventually(delivered, ({ length }) => length === 2);
  expect((await delivered()).map(({ body }) => body)).toEqual(["whole", "last"]);
  expect((await backlog()).backlogCount).toBe(21);
});
