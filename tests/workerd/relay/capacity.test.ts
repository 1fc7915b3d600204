/** Connections go to the first hub that has room. Here there are four hubs, and each holds two connections. */
import { runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { afterEach, expect, it } from "vitest";
import { signedEvent } from "../../fixtures/signed-events.ts";
import { type Client, connect, eventsIn, eventually } from "../client.ts";

let clients: Client[] = [];
afterEach(() => {
  for (const client of clients) client.close();
  clients = [];
});

async function ask(path = "/"): Promise<Response> {
  return exports.default.fetch(`https://relay.test${path}`, { headers: { upgrade: "websocket" } });
}

it("many at once are taken as far as there is room; one who is not is told when to come again", async () => {
  const answers = await Promise.all(Array.from({ length: 12 }, () => ask()));
  const refused = answers.filter(({ webSocket }) => !webSocket);
  expect(refused.map(({ status, headers }) => [status, headers.get("retry-after")])).toEqual(
    Array.from({ length: 4 }, () => [503, "30"]),
  );
  for (const { webSocket } of answers) {
    webSocket?.accept();
    webSocket?.close(1000);
  }
  await eventually(
    async () => {
      const { webSocket } = await ask();
      webSocket?.accept();
      webSocket?.close(1000);
      return webSocket;
    },
    () => "no room, though everybody has left",
  );
});

it("an event reaches subscribers in all hubs", async () => {
  for (let n = 0; n < 8; n += 1) {
    const client = await connect(exports.default);
    clients.push(client);
    client.say("REQ", "s", { kinds: [1] });
    await client.upTo("EOSE");
  }
  const event = signedEvent({ content: "for all" });
  clients[7]?.say("EVENT", event);
  for (const client of clients) expect(eventsIn(await client.upTo("EVENT"))).toEqual([["s", event.id]]);
});

it("a connection goes to a hub on its continent, and to the next one there when that is full", async () => {
  for (let n = 0; n < 3; n += 1) {
    const response = await exports.default.fetch("https://relay.test/", {
      headers: { upgrade: "websocket" },
      cf: { continent: "EU" },
    });
    response.webSocket?.accept();
  }
  const held = ["hub-weur-0", "hub-weur-1", "hub-weur-2"].map((name) =>
    runInDurableObject(env.HUB.getByName(name), (_, state) => state.getWebSockets().length),
  );
  expect(await Promise.all(held)).toEqual([2, 1, 0]);
});

it("[20] no other path is the same relay once more", async () => {
  const { status, webSocket } = await ask("/relay");
  expect([status, webSocket]).toEqual([404, null]);
});
