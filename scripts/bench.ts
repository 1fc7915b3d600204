/** `npm run bench`: measures relays side by side. docs/performance.md explains it. */
import { writeFileSync } from "node:fs";
import { cpus, release, totalmem, type } from "node:os";
import { aggregate } from "./bench/aggregate/aggregate.ts";
import { readAggregateOptions } from "./bench/aggregate/options.ts";
import { type BenchOptions, readBenchOptions } from "./bench/options.ts";
import { Bench } from "./bench/cases/case.ts";
import { casesOf } from "./bench/cases/cases.ts";
import { authorsOf, type CorpusOptions, startOfDay, storedEvents } from "./bench/corpus/corpus.ts";
import { Oracle } from "./bench/corpus/oracle.ts";
import { startCheckout } from "./bench/relays/checkout.ts";
import { FLOOR, startFloor } from "./bench/relays/floor.ts";
import { NOSTR_RELAY, startNostrRelay } from "./bench/relays/nostr-relay.ts";
import { fillRunning } from "./bench/relays/running.ts";
import type { StartedRelay } from "./bench/relays/started.ts";
import { comparison, readReport } from "./bench/report/compare.ts";
import type { Report } from "./bench/report/report.ts";
import { tableOf } from "./bench/report/table.ts";
import { runCases } from "./bench/run.ts";
import { note } from "./shared/printing.ts";
import { CommandError, runCommand } from "./shared/usage.ts";

const SEED = 1;

// What has been started ends with this program, and its directories are removed.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(1));

await runCommand(async () => {
  const [word, ...rest] = process.argv.slice(2);
  if (word === "aggregate") await measureAggregate(rest);
  else await measureRelays(process.argv.slice(2));
});

async function measureAggregate(args: string[]): Promise<void> {
  const options = readAggregateOptions(args);
  if (typeof options === "string") process.stdout.write(options);
  else await aggregate(options);
}

async function measureRelays(args: string[]): Promise<void> {
  const options = readBenchOptions(args);
  if (typeof options === "string") process.stdout.write(options);
  else if ("compared" in options) {
    const [first, second] = options.compared;
    process.stdout.write(comparison(readReport(first), readReport(second)));
  } else await measureAll(options);
}

async function measureAll(options: BenchOptions): Promise<void> {
  const begun = new Date();
  const corpus = { count: options.events, end: startOfDay(begun.getTime()), seed: SEED };
  note(`making ${options.events} events`);
  const people = authorsOf(corpus);
  const oracle = new Oracle(storedEvents(corpus, people));
  const warmUp = options.seconds / 4;
  const bench = new Bench(oracle, people, { seconds: options.seconds, warmUp }, begun.getTime());
  const relays: StartedRelay[] = [];
  try {
    await startAll(options, corpus, relays);
    const cases = casesOf(options.isQuick).filter(({ scenario }) => options.scenarios.includes(scenario));
    const results = await runCases(cases, relays, bench, { rounds: options.rounds, say: note });
    const report: Report = {
      version: 1,
      date: begun.toISOString(),
      machine: machine(),
      method: {
        events: options.events,
        rounds: options.rounds,
        seconds: options.seconds,
        warmUpSeconds: warmUp,
        seed: SEED,
        end: corpus.end,
      },
      relays: relays.map(({ name, about, bytes }) => ({
        name,
        about,
        bytesPerEvent: bytes === undefined ? undefined : bytes / oracle.events.length,
      })),
      results,
    };
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, undefined, 2)}\n`);
    process.stdout.write(tableOf(report));
    const wrong = results.filter((result) => result.wrong > 0);
    if (wrong.length > 0)
      throw new CommandError(
        `wrong answers: ${wrong.map(({ relay, case: name, wrong, example }) => `${relay}, ${name}: ${wrong}, such as ${example}`).join("; ")}`,
      );
  } finally {
    for (const relay of relays) await relay.stop();
  }
}

async function startAll(
  { relays, running }: BenchOptions,
  corpus: CorpusOptions,
  started: StartedRelay[],
): Promise<void> {
  for (const relay of relays) {
    started.push(await startOne(relay, corpus));
  }
  for (const relay of running) started.push(await fillRunning(relay, corpus, note));
}

function startOne(relay: string, corpus: CorpusOptions): Promise<StartedRelay> {
  if (relay === NOSTR_RELAY) return startNostrRelay(corpus, note);
  if (relay === FLOOR) return startFloor(corpus, note);
  return startCheckout(relay, corpus, note);
}

function machine(): Report["machine"] {
  const [cpu] = cpus();
  return {
    cores: cpus().length,
    model: cpu?.model.trim() ?? "unknown",
    memoryBytes: totalmem(),
    system: `${type()} ${release()}`,
    node: process.versions.node,
  };
}
