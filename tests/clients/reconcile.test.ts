/** Negentropy (NIP-77) of other projects' client libraries, against the relay as `npm start` runs it. */
import { join } from "node:path";
import { Relay as ApplesauceRelay } from "applesauce-relay";
import { type Event, type Filter, finalizeEvent, generateSecretKey, nip77 } from "nostr-tools";
import { Relay, useWebSocketImplementation } from "nostr-tools/relay";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { freePort } from "../../scripts/bench/relays/free-port.ts";
import { startRelay, temporaryFolder } from "../e2e/programs.ts";

useWebSocketImplementation(WebSocket);

/** Ids that only the client has, and ids that only the relay has. */
interface Difference {
  have: string[];
  need: string[];
}

test("nostr-tools and applesauce find what the relay and they lack of each other's events", async () => {
  const { url } = await startRelay(await freePort(), join(temporaryFolder(), "state"));
  const relay = await Relay.connect(url);
  onTestFinished(() => relay.close());
  // Too many to list all in one round. The relay lacks the first ten, the client the last ten.
  const notes = Array.from({ length: 90 }, (_, at) => note(at));
  for (const event of notes.slice(10)) await relay.publish(event);
  const own = notes.slice(0, -10);
  const lacking = { have: sortedIds(notes.slice(0, 10)), need: sortedIds(notes.slice(-10)) };

  expect(await byNostrTools(relay, own, { kinds: [1] })).toEqual(lacking);
  expect(await byApplesauce(url, own, { kinds: [1] })).toEqual(lacking);
});

function byNostrTools(relay: Relay, own: Event[], filter: Filter): Promise<Difference> {
  const storage = new nip77.NegentropyStorageVector();
  for (const { created_at, id } of own) storage.insert(created_at, id);
  storage.seal();
  const [have, need]: [string[], string[]] = [[], []];
  return new Promise((resolve, reject) => {
    const sync = new nip77.NegentropySync(relay, storage, filter, {
      onhave: (id) => void have.push(id),
      onneed: (id) => void need.push(id),
      onclose: (reason) =>
        reason === undefined
          ? resolve({ have: have.toSorted(), need: need.toSorted() })
          : reject(new Error(reason)),
    });
    sync.start().catch(reject);
  });
}

async function byApplesauce(url: string, own: Event[], filter: Filter): Promise<Difference> {
  const relay = new ApplesauceRelay(url, { WebSocket: WebSocket as never });
  onTestFinished(() => relay.close());
  const [have, need]: [string[], string[]] = [[], []];
  await relay.negentropy(own, filter, async (only, lacked) => {
    have.push(...only);
    need.push(...lacked);
  });
  return { have: have.toSorted(), need: need.toSorted() };
}

function note(at: number): Event {
  const created_at = Math.floor(Date.now() / 1000) - 1000 + at;
  return finalizeEvent({ kind: 1, created_at, tags: [], content: `note ${at}` }, generateSecretKey());
}

function sortedIds(events: Event[]): string[] {
  return events.map(({ id }) => id).toSorted();
}
