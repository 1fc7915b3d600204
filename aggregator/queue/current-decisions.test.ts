import { expect, it } from "vitest";
import { verifySignature } from "../../nostr/signature.ts";
import { Access } from "../../relay/access/access.ts";
import { parseConfig } from "../../relay/config.ts";
import { createIngest } from "../../relay/ingest/create-ingest.ts";
import { createRefusedIds } from "../../store/upstreams/refused-ids.ts";
import { createModerationStore } from "../../store/moderation/sql-moderation.ts";
import { createStore } from "../../store/sql/sql-store.ts";
import { unneeded } from "../../store/upstreams/unneeded.ts";
import { noMetrics } from "../../telemetry/metrics.ts";
import { noTracer } from "../../telemetry/tracing.ts";
import { signedEvent } from "../../tests/fixtures/signed-events.ts";
import { migratedSqlite } from "../../tests/fixtures/sqlite.ts";
import { STRANGER } from "../../tests/fixtures/strangers.ts";
import { consume, type ConsumeDeps } from "./consume.ts";
import { byCurrentDecisions } from "./current-decisions.ts";

const NOW = 1_700_000_000;
const upstream = "wss://relay.example";

it("an ingest path that outlives a batch refuses nothing that was allowed meanwhile, and remembers no such event as refused", async () => {
  const db = migratedSqlite();
  const parsed = parseConfig({});
  if (!parsed.ok) throw new Error(parsed.problems.join());
  const { config } = parsed;
  const report = (error: unknown) => expect.fail(String(error));
  const moderation = createModerationStore(db);
  const store = createStore(db);
  const access = new Access({ moderation, config, now: () => NOW, report });
  const ingest = createIngest({
    source: "queue",
    access,
    config,
    store,
    verify: verifySignature,
    now: () => NOW,
    publish: async () => undefined,
    pause: async () => undefined,
    report,
    metrics: noMetrics,
    tracer: noTracer,
  });
  const deps: ConsumeDeps = {
    ingest,
    sender: STRANGER,
    unneeded: (url, ids) => unneeded(db, "settings", { upstream: url, ids }),
    remember: createRefusedIds(db, "settings").remember,
    hasRoom: () => true,
    deadLetter: async () => undefined,
    farthest: 900,
    now: () => NOW,
    report,
    metrics: noMetrics,
    tracer: noTracer,
  };
  const [first, second] = [signedEvent({ kind: 7 }), signedEvent({ kind: 7, content: "again" })];
  const take = async (event: unknown) => {
    const body = { version: 1, upstream, events: [event] };
    const message = { body, attempts: 1, ack: () => undefined, retry: () => expect.fail("retried") };
    await consume([message], byCurrentDecisions(deps, access));
  };
  const entry = { at: NOW, pubkey: "", method: "", params: [], outcome: "" };
  const about = { list: "disallowed-kind", subject: "7" } as const;
  await moderation.change([{ do: "add", reason: "", ...about }], entry);
  await take(first);
  await moderation.change([{ do: "remove", ...about }], entry);
  await take(second);
  const ids = [first.id, second.id];
  const { stored, refused } = await unneeded(db, "settings", { upstream, ids });
  expect([...stored]).toEqual([second.id]);
  expect([...refused]).toEqual([]);
  db.close();
});
