/** A real Zipkin shows the way of an event as one trace, and what calls what. `npm run test:zipkin` runs it alone. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { PUBKEY, SECRET_HEX } from "../fixtures/author.ts";
import { runCli } from "../fixtures/cli.ts";
import { connect, listen, publishAll, someEvents } from "./client.ts";
import { startHeldUpstream } from "./held-upstream.ts";
import { freePort } from "../../scripts/bench/relays/free-port.ts";
import { eventually, type RelayProgram, startRelay, temporaryFolder } from "./programs.ts";
import { startZipkin, whyNoZipkin, type ZipkinServer, type ZipkinSpanAnswer } from "./zipkin-server.ts";

const SOON = 60_000;
const why = whyNoZipkin();
if (why !== undefined) console.warn(`tests/e2e/zipkin.test.ts is skipped: ${why}`);

test.skipIf(why !== undefined)(
  "an event's whole way is one trace, from a client and from an upstream",
  async () => {
    const folder = temporaryFolder();
    const [pulled, published] = [someEvents(3, "pulled", 1), someEvents(1, "published", 1)];
    const [zipkin, upstream] = [await startZipkin(), await startHeldUpstream(pulled)];
    const relay = await startRelay(await freePort(), join(folder, "state"), [
      `--upstream=${upstream.url}`,
      `--var=ZIPKIN_URL=${zipkin.collector}`,
      `--var=RELAY_ADMINS=${PUBKEY}`,
      // So each connection has a hub of its own.
      "--var=HUB_CAPACITY=1",
    ]);
    const { received } = await listen(await connect(relay.url), { kinds: [1] });
    const author = await connect(relay.url);
    const receives = (count: number) =>
      eventually(
        async () => received.length,
        (events) => events === count,
        SOON,
      );
    // The subscriber gets the first event from the log: the switchboard learns only now what its hub wants.
    await publishAll(author, someEvents(1, "before", 1));
    await receives(1);
    await publishAll(author, published);
    upstream.letGo();
    await receives(5);

    const fromClient = await wholeTrace(zipkin, relay, published[0]!.id, folder);
    expect(wayOf(fromClient)).toEqual([
      "relay handle_message SERVER",
      "relay commit",
      "relay publish CLIENT",
      "switchboard publish SERVER",
      "switchboard deliver CLIENT",
      "relay deliver SERVER hub-0",
      "relay fan_out PRODUCER",
    ]);
    expect(nearOf(fromClient, "commit")).toContain("relay query CLIENT");

    const fromUpstream = await wholeTrace(zipkin, relay, pulled[0]!.id, folder);
    expect(wayOf(fromUpstream)).toEqual([
      "aggregator receive",
      "aggregator pull CONSUMER",
      "aggregator handle_message CLIENT",
      "aggregator consume CONSUMER",
      "aggregator commit",
      "aggregator publish CLIENT",
      "switchboard publish SERVER",
      "switchboard deliver CLIENT",
      "relay deliver SERVER hub-0",
      "relay fan_out PRODUCER",
    ]);
    expect(nearOf(fromUpstream, "pull")).toEqual(
      expect.arrayContaining(["aggregator connect CLIENT", "aggregator cleanup"]),
    );
    expect(nearOf(fromUpstream, "handle_message")).toContain("aggregator send PRODUCER");

    author.close();
    const connections = await eventually(
      async () => [await zipkin.tracesWith("relay", "cleanup"), await zipkin.tracesWith("relay", "connect")],
      ([cleanups = []]) => cleanups.length > 0,
      SOON,
    );
    expect(connections.map((traces) => traces.length)).toEqual([1, 2]);
    expect(await zipkin.dependencies()).toEqual(
      expect.arrayContaining([
        "aggregator -> d1",
        "aggregator -> queue-events",
        "aggregator -> queue-pulls",
        "aggregator -> switchboard",
        "aggregator -> upstream",
        "client -> relay",
        "queue-events -> aggregator",
        "queue-pulls -> aggregator",
        "relay -> d1",
        "relay -> subscriber",
        "relay -> switchboard",
        "switchboard -> relay",
      ]),
    );
  },
);

/** Returns the spans of the trace of an event when they are all there. An admin asks the relay which one it is. */
async function wholeTrace(zipkin: ZipkinServer, relay: RelayProgram, event: string, cwd: string) {
  const environment = { cwd, env: { NOSTR_SECRET_KEY: SECRET_HEX } };
  const { trace, url } = await eventually(
    async () => {
      const { stdout } = await runCli(
        "node",
        ["admin", "gettrace", event, "--relay", relay.url],
        environment,
      );
      const found = JSON.parse(stdout) as { trace: string | null; url: string | null };
      return { trace: found.trace ?? "", url: found.url ?? "" };
    },
    // The hub writes it down after a second.
    ({ url }) => url !== "",
    SOON,
  );
  expect(url).toBe(`${new URL(zipkin.collector).origin}/zipkin/traces/${trace}`);
  expect((await fetch(url)).status).toBe(200);
  return eventually(
    () => zipkin.trace(trace),
    (spans) => isWhole(spans) && wayOf(spans).length > 0,
    SOON,
  );
}

/** Whether one span is the root, and all others have a parent that is there. */
function isWhole(spans: ZipkinSpanAnswer[]): boolean {
  const ids = new Set(spans.map(({ id }) => id));
  return spans.filter(({ parentId }) => parentId === undefined || !ids.has(parentId)).length === 1;
}

/** Returns the spans from the root to the fan-out at the hub of the subscriber. */
function wayOf(spans: ZipkinSpanAnswer[]): string[] {
  const way: ZipkinSpanAnswer[] = [];
  const isAtOtherHub = ({ name, parentId }: ZipkinSpanAnswer) =>
    name === "fan_out" && spans.some(({ id, name: parent }) => id === parentId && parent === "deliver");
  for (let at = spans.find(isAtOtherHub); at; at = spans.find(({ id }) => id === way[0]?.parentId))
    way.unshift(at);
  return way.map(described);
}

/** Returns the spans whose parent has this name. */
function nearOf(spans: ZipkinSpanAnswer[], name: string): string[] {
  const parents = new Set(spans.filter((span) => span.name === name).map(({ id }) => id));
  return spans.filter(({ parentId }) => parentId !== undefined && parents.has(parentId)).map(described);
}

function described({ name, kind, localEndpoint, tags }: ZipkinSpanAnswer): string {
  const hub = name === "deliver" && kind === "SERVER" ? tags["hub"] : undefined;
  return [localEndpoint.serviceName, name, kind, hub].filter((part) => part !== undefined).join(" ");
}
