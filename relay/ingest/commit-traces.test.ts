import { afterEach, beforeEach, expect, it } from "vitest";
import { createStore } from "../../store/sql/sql-store.ts";
import type { TracedEvent } from "../../store/watch/event-traces.ts";
import { Counts } from "../../telemetry/counts.ts";
import { NO_SPAN, type SpanOptions } from "../../telemetry/tracing.ts";
import { signedEvent } from "../../tests/fixtures/signed-events.ts";
import { spanAt } from "../../tests/fixtures/spans.ts";
import { migratedSqlite } from "../../tests/fixtures/sqlite.ts";
import { Committer } from "./commit.ts";

const [DARK, LIT, OTHER] = ["a", "b", "c"].map((digit) => digit.repeat(32)) as [string, string, string];
const traceparent = (trace: string, flags: string) => `00-${trace}-${"1".repeat(16)}-${flags}`;
const from = (trace: string, flags: string) => ({ trace: spanAt(traceparent(trace, flags)) });

let db: ReturnType<typeof migratedSqlite>;
let spans: SpanOptions[];
let remembered: TracedEvent[][];
let committer: Committer;
beforeEach(() => {
  db = migratedSqlite();
  [spans, remembered] = [[], []];
  committer = new Committer({
    store: createStore(db),
    publish: async () => undefined,
    pause: async () => undefined,
    rememberTraces: async (events) => void remembered.push(events),
    metrics: new Counts(),
    tracer: {
      span: (_, options, work) => {
        spans.push(options);
        return work(NO_SPAN);
      },
    },
    source: "http",
  });
});
afterEach(() => db.close());

it("remembers the sampled traces of events that were stored, each its own", async () => {
  const [dark, lit, other] = ["dark", "lit", "other"].map((content) => signedEvent({ content }));
  await Promise.all([
    committer.add(dark!, from(DARK, "00")),
    committer.add(lit!, from(LIT, "01")),
    committer.add(other!, from(OTHER, "01")),
  ]);
  await committer.add(lit!, from(OTHER, "01"));
  await committer.add(signedEvent({ content: "untraced" }));
  expect(remembered).toEqual([
    [
      { id: lit!.id, trace: LIT },
      { id: other!.id, trace: OTHER },
    ],
  ]);
});

it("a batch belongs to the first sampled trace, so that this trace is whole, or else to the first", async () => {
  const events = ["one", "two", "three"].map((content) => signedEvent({ content }));
  await Promise.all([
    committer.add(events[0]!, from(DARK, "00")),
    committer.add(events[1]!, from(LIT, "01")),
  ]);
  await committer.add(events[2]!, from(DARK, "00"));
  expect(spans.map(({ parent }) => parent)).toEqual([traceparent(LIT, "01"), traceparent(DARK, "00")]);
});
