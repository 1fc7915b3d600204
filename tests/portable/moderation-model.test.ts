/** Moderation against a model that is too simple to be wrong. */
import * as fc from "fast-check";
import { expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { okFields } from "../../relay/ingest/ingest.ts";
import { connect } from "../fixtures/hubs.ts";
import { AUTHORS } from "../fixtures/signed-events.ts";
import { STRANGER } from "../fixtures/strangers.ts";
import { note, openWholeRelay, post, publish, stored } from "../fixtures/whole-relay.ts";

const [ANN, BOB] = AUTHORS as [string, string];

it("[38] after any calls, each source brings in what it should, and the relay keeps what it should", async () => {
  const pool = [ANN, BOB].flatMap((pubkey) => [1, 7].map((kind) => note(pubkey, { kind })));
  const aCall = fc.oneof(
    fc.tuple(fc.constantFrom("banpubkey", "unbanpubkey"), fc.constantFrom(ANN, BOB)),
    fc.tuple(fc.constantFrom("banevent", "allowevent"), fc.constantFrom(...pool.map(({ id }) => id))),
    fc.tuple(
      fc.constantFrom("disallowkind", "allowkind", "unallowkind", "undisallowkind"),
      fc.constantFrom("1", "7"),
    ),
  );
  const aStep = fc.oneof(
    aCall,
    fc.tuple(fc.constantFrom("hub a", "hub b", "http", "queue"), fc.nat({ max: pool.length - 1 })),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(aStep, { maxLength: 20 }), async (steps) => {
      const fresh = openWholeRelay();
      const [a, b] = [connect(fresh.relay.hub("a")), connect(fresh.relay.hub("b"))];
      const banned = new Set<unknown>();
      const [allowed, disallowed] = [new Set<unknown>(), new Set<unknown>()];
      const kept = new Set<Event>();
      const surprises: unknown[] = [];
      const isAccepted = async (source: string, event: Event): Promise<boolean> => {
        if (source === "http") return (await post(fresh, event)) < 300;
        if (source === "queue") return okFields(await fresh.queueIngest()(event, STRANGER))[0];
        return !(await publish(source === "hub a" ? a : b, event)).startsWith("blocked");
      };
      const isTaken = ({ id, pubkey, kind }: Event) =>
        !banned.has(id) &&
        !banned.has(pubkey) &&
        !disallowed.has(String(kind)) &&
        (allowed.size === 0 || allowed.has(String(kind)));
      for (const [what, subject] of steps) {
        const event = pool[subject as number];
        if (event) {
          if ((await isAccepted(what, event)) !== isTaken(event)) surprises.push([what, event]);
          if (isTaken(event)) kept.add(event);
          continue;
        }
        await fresh.call(what, subject);
        if (what.startsWith("ban")) {
          banned.add(subject);
          for (const one of kept) if (one.id === subject || one.pubkey === subject) kept.delete(one);
        }
        if (what === "unbanpubkey" || what === "allowevent") banned.delete(subject);
        if (what === "disallowkind") {
          allowed.delete(subject);
          disallowed.add(subject);
        }
        if (what === "unallowkind") allowed.delete(subject);
        if (what === "undisallowkind" || what === "allowkind") disallowed.delete(subject);
        if (what === "allowkind") allowed.add(subject);
      }
      expect(surprises).toEqual([]);
      expect((await stored(fresh)).toSorted()).toEqual([...kept].map(({ id }) => id).toSorted());
      fresh.close();
    }),
    { numRuns: 30 },
  );
});
