/** The relay's test of itself, in the Worker: over real WebSockets, with a hub, the switchboard and D1. */
import { env, exports } from "cloudflare:workers";
import { expect, it } from "vitest";
import { SECRET_HEX } from "../../fixtures/author.ts";
import { probeItself } from "../../../platforms/probe-itself.ts";
import { openProbeSocket } from "../../../worker/probe-socket.ts";

const connect = (address: string) => openProbeSocket((request) => exports.default.fetch(request), address);

it.each([
  ["with a key of its own", { RELAY_URL: "", RELAY_SECRET_KEY: SECRET_HEX }],
  ["without one", { RELAY_URL: "", RELAY_SECRET_KEY: "" }],
  ["at its address", { RELAY_URL: "wss://relay.example", RELAY_SECRET_KEY: SECRET_HEX }],
])("%s it finds itself working, and leaves an event that expires", async (_, config) => {
  await env.DB.prepare("DELETE FROM event").run();
  expect(await probeItself(config, { connect })).toMatchObject({ outcome: "ok" });
  const { results } = await env.DB.prepare("SELECT kind, expires_at IS NOT NULL AS expires FROM event").all();
  expect(results).toEqual([{ kind: 1059, expires: 1 }]);
});

it("a Worker that opens no connection has failed, and says how", async () => {
  const config = { RELAY_URL: "", RELAY_SECRET_KEY: "" };
  const busy = async () => new Response("all hubs are full", { status: 503 });
  // The pauses between the tries are real: one try is enough here.
  const result = await probeItself(config, { connect: (address) => openProbeSocket(busy, address) }, 1);
  expect(result).toMatchObject({
    outcome: "failed",
    problem: "a connection was answered with 503: all hubs are full",
  });
});
