/** `npm run bench -- aggregate`: what it takes to pull upstreams that hold the same events for the most part. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout } from "node:timers/promises";
import { type Event, versionKey } from "../../../nostr/event.ts";
import { note } from "../../shared/printing.ts";
import { CommandError } from "../../shared/usage.ts";
import { authorsOf, startOfDay, storedEvents } from "../corpus/corpus.ts";
import { type Used, usedBy } from "../load/processes.ts";
import { commitOf, databaseIn, startIn } from "../relays/checkout.ts";
import { figure, rowsOf } from "../report/table.ts";
import type { AggregateOptions } from "./options.ts";
import { countersOf } from "./counters.ts";
import { startUpstreams, type Upstreams } from "./upstreams.ts";

const SEED = 1;
const POLL_MILLISECONDS = 500;
const MOST_MINUTES = 30;
/** The counts of the last batches arrive after so long, in milliseconds. */
const SETTLING = 4000;
/** A message of up to 64 KB is written, read and deleted. https://developers.cloudflare.com/queues/platform/pricing/ */
const OPERATIONS_PER_MESSAGE = 3;
const SOURCES = ["upstream", "queue", "cron"];

interface Figures {
  about: string;
  stored: number;
  seconds: number;
  cpuMilliseconds: number | undefined;
  sent: number;
  queued: number;
  messages: number;
  rowsRead: number;
  rowsWritten: number;
}

export async function aggregate({ relays, events: count }: AggregateOptions): Promise<void> {
  note(`making ${count} events`);
  const corpus = { count, end: startOfDay(Date.now()), seed: SEED };
  const events = newestVersions(storedEvents(corpus, authorsOf(corpus)));
  const rows: string[][] = [];
  for (const relay of relays) {
    note(`${relay}: pulling ${events.length} events from three upstreams`);
    const upstreams = await startUpstreams(events);
    try {
      rows.push(cellsOf(relay, await measure(relay, upstreams, events.length), upstreams.held));
    } finally {
      await upstreams.stop();
    }
  }
  const heads = [
    "relay",
    "is",
    "events",
    "seconds",
    "CPU-ms/event",
    "copies sent",
    "copies dropped before the queue",
    "queue operations/1000",
    "rows read/event",
    "rows written/event",
  ];
  process.stdout.write(`${rowsOf([heads, ...rows]).join("\n")}\n`);
}

async function measure(checkout: string, upstreams: Upstreams, count: number): Promise<Figures> {
  const directory = mkdtempSync(join(tmpdir(), "tributary-aggregate-"));
  const remove = () => rmSync(directory, { recursive: true, force: true, maxRetries: 10 });
  process.once("exit", remove);
  const begun = performance.now();
  const args = upstreams.urls.flatMap((url) => ["--upstream", url]);
  const history = ["--var", "PULL_HISTORY=all", "--var", "UPSTREAM_RETENTION=*:forever"];
  const { program, url } = await startIn(resolve(checkout), directory, [...args, ...history]);
  try {
    await untilStored(url, count);
    const seconds = (performance.now() - begun) / 1000;
    await setTimeout(SETTLING);
    const used: Used | undefined = usedBy(program.pid);
    const counters = await countersOf(url);
    const figures = {
      about: commitOf(resolve(checkout)),
      seconds,
      cpuMilliseconds: used?.cpuMilliseconds,
      sent: upstreams.sent(),
      messages: counters("queue_publish_counts", ["upstream"]),
      rowsRead: counters("d1_rows_read", SOURCES),
      rowsWritten: counters("d1_rows_written", SOURCES),
    };
    await program.stop();
    return { ...figures, ...storedIn(databaseIn(directory), count) };
  } finally {
    await program.stop();
    remove();
  }
}

/** Asks until so many events are stored. */
async function untilStored(url: string, count: number): Promise<void> {
  const deadline = performance.now() + MOST_MINUTES * 60_000;
  for (;;) {
    const stored = (await countersOf(url))("events_stored", ["queue"]);
    if (stored >= count) return;
    if (performance.now() > deadline)
      throw new CommandError(`after ${MOST_MINUTES} minutes only ${stored} of ${count} events are stored`);
    await setTimeout(POLL_MILLISECONDS);
  }
}

/** Reads the database of a stopped relay: whether each event is there once, and how many copies of events were queued. */
function storedIn(file: string, count: number): Pick<Figures, "stored" | "queued"> {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    const { stored, different } = db
      .prepare("SELECT count(*) AS stored, count(DISTINCT id) AS different FROM event")
      .get() as { stored: number; different: number };
    if (stored !== count || different !== count)
      throw new CommandError(
        `${stored} events with ${different} ids are stored, expected ${count}, each once`,
      );
    const health = db.prepare("SELECT health FROM upstream").all() as { health: string }[];
    const queued = health.map((row) => (JSON.parse(row.health) as { queued?: number }).queued ?? 0);
    return { stored, queued: queued.reduce((sum, one) => sum + one, 0) };
  } finally {
    db.close();
  }
}

function newestVersions(events: Iterable<Event>): Event[] {
  const newest = new Map<string, Event>();
  for (const event of events) {
    const version = versionKey(event);
    newest.set(version === undefined ? event.id : `${event.kind}:${event.pubkey}:${version}`, event);
  }
  return [...newest.values()].sort((a, b) => b.created_at - a.created_at);
}

function cellsOf(relay: string, figures: Figures, held: number): string[] {
  const { about, stored, seconds, cpuMilliseconds, sent, queued, messages, rowsRead, rowsWritten } = figures;
  const copies = held - stored;
  const dropped = (held - queued) / copies;
  const of = (value: number | undefined) => (value === undefined ? undefined : value / stored);
  return [
    relay,
    about,
    String(stored),
    figure(seconds),
    figure(of(cpuMilliseconds)),
    String(sent),
    `${figure(100 * dropped)} %`,
    figure((1000 * OPERATIONS_PER_MESSAGE * messages) / stored),
    figure(of(rowsRead)),
    figure(of(rowsWritten)),
  ];
}
