/** Connections go to the first hub that has room. Here a hub holds two, and there are four. */
import { exports } from "cloudflare:workers";
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

it("[20] no other path is the same relay once more", async () => {
  const { status, webSocket } = await ask("/relay");
  expect([status, webSocket]).toEqual([404, null]);
});
