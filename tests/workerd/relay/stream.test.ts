/** Event streams through the real Worker and its hubs. */
import { exports } from "cloudflare:workers";
import { expect, it, vi } from "vitest";
import type { Event } from "../../../nostr/event.ts";
import { readStream } from "../../fixtures/event-stream.ts";
import { signedEvent } from "../../fixtures/signed-events.ts";

async function publish(content: string): Promise<Event> {
  const event = signedEvent({ content });
  const body = JSON.stringify(event);
  const { status } = await exports.default.fetch("https://relay.test/api/v1/events", {
    method: "POST",
    body,
  });
  expect(status).toBe(201);
  return event;
}

async function open(headers: Record<string, string> = {}) {
  const response = await exports.default.fetch("https://relay.test/api/v1/stream?kinds=1", { headers });
  expect(response.status).toBe(200);
  expect(response.headers.get("access-control-allow-origin")).toBe("*");
  expect(response.headers.get("vary")).toBe("Authorization");
  return readStream(response.body);
}

it("a stream has what is published over HTTP, and a client that comes back what it missed", async () => {
  const first = await open();
  expect(await first.next()).toMatchObject({ event: "eose" });
  const [one, two] = [await publish("one"), await publish("two")];
  expect(await first.next()).toMatchObject({ event: "message", data: one });
  expect(await first.next()).toMatchObject({ event: "message", data: two });
  const lastId = first.lastId();
  expect(lastId).toBe(`1.${two.id}`);
  await first.cancel();
  const missed = await publish("three");
  const second = await open({ "last-event-id": lastId });
  expect(await second.next()).toMatchObject({ event: "message", data: missed });
  expect(await second.next()).toMatchObject({ event: "eose" });
  await second.cancel();
});

it("a network may have as many streams as connections, and one that was left counts no longer", async () => {
  const headers = { "cf-connecting-ip": "203.0.113.77" };
  const first = await open(headers);
  await first.next();
  // MAX_CONNECTIONS is 1 here.
  const refused = await exports.default.fetch("https://relay.test/api/v1/stream", { headers });
  expect([refused.status, refused.headers.get("content-type")]).toEqual([429, "application/json"]);
  expect(await refused.json()).toMatchObject({ error: { code: "rate-limited" } });
  await first.cancel();
  await vi.waitFor(async () => {
    const again = await exports.default.fetch("https://relay.test/api/v1/stream", { headers });
    expect(again.status).toBe(200);
    await again.body?.cancel();
  });
});
