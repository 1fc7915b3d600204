/**
 * The memory that an export or an import takes does not grow with the file. What a process takes at all depends on the machine and on
 * Node, so a long file is compared with a short one.
 */
import { randomBytes } from "node:crypto";
import { statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { type Key, signed } from "../../scripts/bench/corpus/signing.ts";
import { randomKey } from "../fixtures/random-key.ts";
import { fillState } from "../fixtures/state-folder.ts";
import { measured, routeTo } from "./moved.ts";
import { temporaryFolder } from "./programs.ts";

const [SHORT, LONG] = [500, 8000];
/** The short file is long enough for everything that is held at once: 4 MB. The long one has 65 MB. */
const CONTENT_BYTES = 4000;
const MOST_GROWTH_MB = 30;

/** In MB. */
interface Peaks {
  exported: number;
  imported: number;
}

/** No relay splits the text of this kind into words, which would take most of the time. */
function eventOf(key: Key, n: number): Event {
  const content = randomBytes(CONTENT_BYTES).toString("hex");
  return signed(key, { kind: 30_078, created_at: 1_700_000_000 + n, tags: [["d", `${n}`]], content });
}

test.each(["client", "admin", "state"])("by %s", async (route) => {
  const folder = temporaryFolder();
  const key = randomKey();
  const peaks: Peaks[] = [];
  // The first time, Node also compiles.
  for (const [n, length] of [SHORT, SHORT, LONG].entries()) {
    const [from, to] = [join(folder, `from-${n}`), join(folder, `to-${n}`)];
    await fillState(
      from,
      Array.from({ length }, (_, n) => eventOf(key, n)),
    );
    const run = async (args: string[]) => {
      const { peak, code, stderr } = await measured(folder, args);
      expect({ code, stderr }).toMatchObject({ code: 0 });
      return peak;
    };
    const exported = await run(["export", `${n}`, ...(await routeTo(route, from))]);
    const imported = await run(["import", `${n}`, ...(await routeTo(route, to))]);
    peaks.push({ exported, imported });
  }
  expect(statSync(join(folder, "2")).size).toBeGreaterThan(2 * 1e6 * MOST_GROWTH_MB);
  const [, short, long] = peaks as [unknown, Peaks, Peaks];
  console.log(`${route}: ${JSON.stringify(peaks)} MB`);
  expect(long.exported - short.exported).toBeLessThan(MOST_GROWTH_MB);
  expect(long.imported - short.imported).toBeLessThan(MOST_GROWTH_MB);
});
