/** The aggregator's leases on D1, which binds 100 parameters at most. */
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { leaseDue, readUpstream, settlePull } from "../../../aggregator/schedule.ts";
import { NEW_CURSOR } from "../../../aggregator/cursor.ts";

it("leases 500 upstreams once, and keeps what became of them", async () => {
  const urls = Array.from({ length: 500 }, (_, n) => `wss://relay-${n}.example/`);
  const taken = await Promise.all([leaseDue(env.DB, urls, 1000), leaseDue(env.DB, urls, 1000)]);
  expect(taken.flat().toSorted()).toEqual(urls.toSorted());
  const cursor = { ...NEW_CURSOR, pulledTo: 1000 };
  const result = { cursor, isUnfinished: false, pages: 1 };
  await settlePull(env.DB, urls[7]!, result, { failures: 0, nextPull: 1060 });
  expect(await readUpstream(env.DB, urls[7]!)).toEqual({ cursor, failures: 0 });
});
