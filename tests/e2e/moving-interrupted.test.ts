/**
 * Exports and imports by each route are killed at random moments and resumed: nothing is lost, and nothing comes twice. Prints how
 * fast they are without interruption and the memory that they take. EVENTS, INTERRUPTIONS and SEED change what is done.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { storedEvents, startOfDay } from "../../scripts/bench/corpus/corpus.ts";
import { signed } from "../../scripts/bench/corpus/signing.ts";
import { randomKey } from "../fixtures/random-key.ts";
import { fillState } from "../fixtures/state-folder.ts";
import { seeded } from "../reference/generators.ts";
import { countIn, differences, interrupted, linesIn, measured, type Measured, routeTo } from "./moved.ts";
import { temporaryFolder } from "./programs.ts";

/** A state folder is so fast that a run must have more to do, or it would be over before it is interrupted. */
const eventsBy = (route: string) => Number(process.env["EVENTS"] ?? (route === "state" ? 10_000 : 2000));
const TIMES = Number(process.env["INTERRUPTIONS"] ?? 2);
const SEED = Number(process.env["SEED"] ?? 1);

const ROUTES = (process.env["ROUTES"] ?? "client admin state")
  .split(" ")
  .map((route) => ({ route, events: eventsBy(route) }));

const ENDINGS: Record<string, string> = { client: ".gz", admin: ".zst" };

/** Events as relays have them, and some that not everybody may see. */
function* someEvents(events: number): Generator<Event> {
  const end = startOfDay(Date.now());
  const key = randomKey();
  for (let n = 0; n < Math.ceil(events / 100); n += 1)
    yield signed(key, {
      kind: n % 2 === 0 ? 4 : 1059,
      created_at: end - n,
      tags: [["p", key.pubkey]],
      content: `secret ${n}`,
    });
  yield* storedEvents({ count: events, end, seed: SEED });
}

test.each(ROUTES)(
  `by $route: $events events, interrupted ${TIMES} times each way, are equal event by event`,
  async ({ route, events }) => {
    const random = seeded(SEED);
    const ending = ENDINGS[route] ?? "";
    const file = `file${ending}`;
    const folder = temporaryFolder();
    const [from, to, unhurried] = ["from", "to", "unhurried"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    await fillState(from, [...someEvents(events)]);
    const isSeen = route === "client" ? "kind NOT IN (4, 1059)" : "1";
    const count = countIn(from, isSeen);
    const starts = [
      await measured(folder, ["import", "--help"]),
      await measured(folder, ["import", "--help"]),
    ];
    const first = Math.min(...starts.map(({ milliseconds }) => milliseconds));
    const report = (what: string, { milliseconds, peak, code, stderr }: Measured) => {
      expect({ code, stderr }).toMatchObject({ code: 0 });
      const rate = Math.round((1000 * count) / Math.max(1, milliseconds - first));
      console.log(`${what} by ${route}: ${count} events, ${rate}/s, ${Math.round(peak)} MB`);
      return { times: TIMES, random, first, whole: milliseconds };
    };

    const source = await routeTo(route, from);
    const exporting = report("export", await measured(folder, ["export", `whole${ending}`, ...source]));
    const exported = await interrupted(folder, ["export", file, "--resume", ...source], {
      ...exporting,
      isDone: () => existsSync(join(folder, file)),
    });
    expect(exported.interruptions).toBeGreaterThan(0);
    expect(await linesIn(join(folder, file))).toEqual({ lines: count, different: count });

    const whole = ["import", file, ...(await routeTo(route, unhurried))];
    const importing = report("import", await measured(folder, whole));
    const imported = await interrupted(folder, ["import", file, "--resume", ...(await routeTo(route, to))], {
      ...importing,
      isDone: () => false,
    });
    expect(imported.interruptions).toBeGreaterThan(0);
    expect(imported.last).toMatchObject({ code: 0 });
    for (const destination of [unhurried, to]) {
      expect(countIn(destination, isSeen)).toBe(count);
      expect(differences(from, destination, isSeen)).toBe(0);
    }
    // Nothing is left to go on with.
    for (const rest of [`${file}.part`, `${file}.export`, `${file}.import`])
      expect(existsSync(join(folder, rest))).toBe(false);
    console.log(`${route}: interrupted ${exported.interruptions} and ${imported.interruptions} times`);
  },
  60_000 + 30 * Math.max(...ROUTES.map(({ events }) => events)),
);
