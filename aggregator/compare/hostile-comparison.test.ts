import { bytesToHex } from "@noble/hashes/utils.js";
import { expect, it } from "vitest";
import { boundAt, WireWriter } from "../../nostr/negentropy-wire.ts";
import { countedFrom, DAY } from "../../store/database/slices.ts";
import { fakeUpstream } from "../../tests/fixtures/fake-upstream.ts";
import { aPuller, everySecond, idsOf, NOW } from "../../tests/fixtures/puller.ts";

/** A message that lists every other second, and splits those between. */
function manyPieces(): string {
  const writer = new WireWriter();
  for (let day = countedFrom(NOW); day < NOW; day += DAY) writer.ids(boundAt(day), 0);
  const midnight = NOW - (NOW % DAY);
  for (let n = 1; n <= 5000; n += 1) {
    writer.ids(boundAt(midnight + 2 * n), 0);
    writer.fingerprint(boundAt(midnight + 2 * n + 1), new Uint8Array(16));
  }
  writer.fingerprint(boundAt(NOW + 901), new Uint8Array(16));
  return bytesToHex(writer.done());
}

it("[36] an upstream that lists what it holds in thousands of pieces is paged, and its cursor stays small", async () => {
  const events = everySecond(100);
  const upstream = fakeUpstream(events);
  upstream.sync = () => ({
    send: async () => ({ ending: { how: "message", message: manyPieces() } }),
    close: () => undefined,
  });
  const { pull, queued } = aPuller(upstream, { announced: async () => ({ speaksNegentropy: true }) });
  const { cursor } = await pull();
  expect(cursor.slices?.refused?.reason).toBe("it lists what it holds in too many pieces");
  // The cursors of 20 filters must fit in a row of D1, which takes 2 MB.
  expect(JSON.stringify(cursor).length).toBeLessThan(90_000);
  expect(queued()).toEqual(idsOf(events));
});
