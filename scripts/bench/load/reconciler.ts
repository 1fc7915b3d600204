/** A client that reconciles its events with the relay's (NIP-77), again and again, with the code of nostr-tools. */
import { nip77 } from "nostr-tools";
import type { Stored } from "../corpus/oracle.ts";
import { hexOf, seeded } from "../corpus/random.ts";
import type { Load, Relay } from "./measure.ts";
import { verbOf } from "./messages.ts";
import type { Meter } from "./meter.ts";
import { frameOf, openLine } from "./socket.ts";

/** Of so many events one is missing here, and one more is only here. */
const ONE_IN = 100;

/** What the client has, and what it must find out. */
export interface Differences {
  storage: nip77.NegentropyStorageVector;
  /** Ids that only the client has. */
  own: Set<string>;
  missing: Set<string>;
  filter: { kinds: number[] };
}

export function differencesFrom(events: readonly Stored[], kind: number): Differences {
  const random = seeded(9);
  const storage = new nip77.NegentropyStorageVector();
  const own = new Set<string>();
  const missing = new Set<string>();
  for (const [n, { id, created_at }] of events.filter((event) => event.kind === kind).entries()) {
    if (n % ONE_IN === 0) missing.add(id);
    else storage.insert(created_at, id);
    if (n % ONE_IN !== 1) continue;
    const extra = hexOf(random);
    own.add(extra);
    storage.insert(created_at, extra);
  }
  storage.seal();
  return { storage, own, missing, filter: { kinds: [kind] } };
}

export async function reconciler(relay: Relay, meter: Meter, differences: Differences): Promise<Load> {
  const line = await openLine(relay.url);
  let isStopped = false;
  let end: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => void (end = resolve));
  const found = { own: new Set<string>(), missing: new Set<string>() };
  let negentropy: nip77.Negentropy;
  let begun = 0;
  let rounds = 0;
  const begin = () => {
    if (isStopped) return end();
    found.own.clear();
    found.missing.clear();
    rounds = 1;
    negentropy = new nip77.Negentropy(differences.storage);
    begun = performance.now();
    line.send(frameOf(["NEG-OPEN", "n", differences.filter, negentropy.initiate()]));
  };
  const done = () => {
    meter.answered(begun);
    meter.run.figures["round trips"] = rounds;
    const isRight = same(found.own, differences.own) && same(found.missing, differences.missing);
    meter.checked(
      isRight
        ? undefined
        : `${found.missing.size} missing events found of ${differences.missing.size}, ${found.own.size} own of ${differences.own.size}`,
    );
    line.send(frameOf(["NEG-CLOSE", "n"]));
    begin();
  };
  line.onEnd = (reason) => {
    meter.failed(reason);
    end();
  };
  line.onMessage = (message) => {
    const verb = verbOf(message);
    if (verb === "NEG-ERR" || verb === "NOTICE" || verb === "CLOSED") {
      meter.failed(message.toString());
      return end();
    }
    if (verb !== "NEG-MSG") return;
    const [, , text] = JSON.parse(message.toString()) as [string, string, string];
    const next = negentropy.reconcile(
      text,
      (id) => void found.own.add(id),
      (id) => void found.missing.add(id),
    );
    if (next === null) return done();
    rounds += 1;
    line.send(frameOf(["NEG-MSG", "n", next]));
  };
  return {
    start: begin,
    finished,
    stop() {
      isStopped = true;
      return finished;
    },
    close: () => line.end(),
  };
}

function same(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((id) => b.has(id));
}
