/** The aggregator's leases on D1, which binds at most 100 parameters. */
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { beginPull, leaseDue, settlePull } from "../../../aggregator/pull/schedule.ts";
import { heldBy, pulledUpTo } from "../../fixtures/pulls.ts";

it("leases 500 upstreams once, and keeps what became of them", async () => {
  const urls = Array.from({ length: 500 }, (_, n) => `wss://relay-${n}.example/`);
  const taken = await Promise.all([leaseDue(env.DB, urls, 1000), leaseDue(env.DB, urls, 1000)]);
  const leases = taken.flat();
  expect(leases.map(({ url }) => url).toSorted()).toEqual(urls.toSorted());
  const result = pulledUpTo({ pulledTo: 1000, pending: [] });
  await settlePull(env.DB, heldBy(leases[7]!), result, { failures: 0, nextPull: 1060, now: 1000 });
  const [again] = await leaseDue(env.DB, [leases[7]!.url], 1060);
  expect(await beginPull(env.DB, again!, 1060)).toMatchObject({ cursor: result.cursor, failures: 0 });
});
