/** Generated interleavings of Crons and jobs, which may be late or die. */
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { pulledUpTo } from "../../tests/fixtures/pulls.ts";
import { migratedSqlite } from "../../tests/fixtures/sqlite.ts";
import { beginPull, type Lease, leaseDue, settlePull } from "./schedule.ts";

const NOW = 1_700_000_000;
const [A, B] = ["wss://a/", "wss://b/"];
const succeeded = pulledUpTo({ pulledTo: NOW, pending: [] });

it("whatever jobs do and however late they come, an upstream is pulled by one job at a time", async () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant("cron" as const), after: fc.nat(120) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant("begin" as const), job: fc.nat(5) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("settle" as const), job: fc.nat(5) }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const own = migratedSqlite();
      const problems: string[] = [];
      let now = NOW;
      const waiting: Lease[] = [];
      const running = new Map<string, { until: number; settle: () => Promise<void> }[]>();
      for (const one of steps) {
        if (one.do === "cron") {
          now += one.after;
          // Two Crons at the same time.
          const taken = await Promise.all([leaseDue(own, [A, B], now), leaseDue(own, [A, B], now)]);
          const urls = taken.flat().map(({ url }) => url);
          if (new Set(urls).size < urls.length) problems.push(`leased twice: ${urls.join(" ")}`);
          waiting.push(...taken.flat());
        } else if (one.do === "begin") {
          const [lease] = waiting.splice(one.job, 1);
          const begun = lease && (await beginPull(own, lease, now));
          if (!begun) continue;
          const { url, until } = begun.lease;
          const others = (running.get(url) ?? []).filter((job) => job.until > now);
          if (others.length > 0) problems.push(`pulled by two jobs: ${url}`);
          const next = { failures: 0, nextPull: now, now };
          running.set(url, [{ until, settle: () => settlePull(own, begun, succeeded, next) }, ...others]);
        } else {
          const [url, jobs] = [...running][one.job % Math.max(1, running.size)] ?? [];
          await jobs?.shift()?.settle();
          if (url && jobs?.length === 0) running.delete(url);
        }
      }
      own.close();
      expect(problems).toEqual([]);
    }),
    { numRuns: 60 },
  );
});
