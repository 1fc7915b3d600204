import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Event } from "../nostr/event.ts";
import { type HttpApi, openHttpApi } from "../tests/fixtures/http-api.ts";
import { signedEvent } from "../tests/fixtures/signed-events.ts";
import { MOST_BATCH_BYTES, MOST_LINES } from "./publish-batch.ts";

let api: HttpApi;
beforeEach(() => {
  api = openHttpApi({ MAX_MESSAGE_LENGTH: "2000" });
});
afterEach(() => api.close());

async function post(body: string, headers: Record<string, string> = {}) {
  const response = await api.request("/api/v1/events", {
    method: "POST",
    body,
    headers: { "content-type": "application/x-ndjson; charset=utf-8", ...headers },
  });
  const text = await response.text();
  const isBatch = response.headers.get("content-type") === "application/x-ndjson";
  const lines = isBatch ? text.split("\n").filter((line) => line !== "") : [text];
  return { status: response.status, answers: lines.map((line) => JSON.parse(line) as unknown) };
}

const notes = (count: number): Event[] =>
  Array.from({ length: count }, (_, n) => signedEvent({ content: `note ${n}`, created_at: 1000 + n }));
const ndjson = (values: unknown[]) => values.map((value) => `${JSON.stringify(value)}\n`).join("");

describe("POST /api/v1/events with a batch", () => {
  it("stores all, and answers each line in the same order", async () => {
    const events = notes(20);
    const { status, answers } = await post(ndjson(events));
    expect(status).toBe(200);
    expect(answers).toEqual(events.map(({ id }) => ({ id, ok: true, reason: "" })));
    const page = (await (await api.request("/api/v1/events?limit=50")).json()) as { events: Event[] };
    expect(page.events).toEqual(events.toReversed());
    expect(api.published).toHaveLength(20);
  });

  it("bodies that come slowly do not fill the memory, and others are still read", async () => {
    const part = new Uint8Array(3_900_000).fill(0x20);
    const slow = Array.from({ length: 20 }, () => {
      const wait = Promise.withResolvers<void>();
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(part),
        async pull(controller) {
          await wait.promise;
          controller.enqueue(part.subarray(0, 10));
          controller.close();
        },
      });
      const init = { method: "POST", body, duplex: "half" as const };
      const headers = { "content-type": "application/x-ndjson", "cf-connecting-ip": "192.0.2.1" };
      return { wait, answer: api.request("/api/v1/events", { ...init, headers }) };
    });
    const [event] = notes(1) as [Event];
    expect((await post(ndjson([event]))).answers).toEqual([{ id: event.id, ok: true, reason: "" }]);
    for (const { wait } of slow) wait.resolve();
    const statuses = (await Promise.all(slow.map(({ answer }) => answer))).map(({ status }) => status);
    expect(statuses).toEqual([...Array<number>(12).fill(503), ...Array<number>(8).fill(200)]);
  });

  it("a body that ends early is the client's mistake", async () => {
    const body = new ReadableStream<Uint8Array>({
      start: (one) => one.error(new Error("the client has left")),
    });
    const init = { method: "POST", body, duplex: "half" as const };
    expect((await api.request("/api/v1/events", init)).status).toBe(400);
    expect(api.reported).toEqual([]);
  });

  it("a line that is refused does not stop the others", async () => {
    const [good, other] = notes(2) as [Event, Event];
    const forged = { ...other, sig: "0".repeat(128) };
    const body = `${JSON.stringify(good)}\r\n\n{\n"${"x".repeat(2000)}"\n${JSON.stringify(forged)}\n[1]\n${JSON.stringify(good)}`;
    expect(await post(body)).toEqual({
      status: 200,
      answers: [
        { id: good.id, ok: true, reason: "" },
        { id: null, ok: false, reason: "invalid: the line is not JSON" },
        { id: null, ok: false, reason: "invalid: the line is longer than 2000 bytes" },
        { id: other.id, ok: false, reason: expect.stringMatching(/^invalid: /) },
        { id: null, ok: false, reason: expect.stringMatching(/^invalid: /) },
        { id: good.id, ok: true, reason: expect.stringMatching(/^duplicate: /) },
      ],
    });
  });

  it("is bounded in lines and bytes", async () => {
    const tooMany = await post("1\n".repeat(MOST_LINES + 1));
    expect(tooMany).toMatchObject({ status: 413, answers: [{ error: { code: "too-long" } }] });
    const tooLong = await post(" ".repeat(MOST_BATCH_BYTES + 1));
    expect(tooLong).toMatchObject({ status: 413, answers: [{ error: { code: "too-long" } }] });
    expect(await post("")).toEqual({ status: 200, answers: [] });
  });

  it("is limited as single events are: what comes after the allowance is refused line by line", async () => {
    api.close();
    api = openHttpApi({ RATE_LIMIT: "1000" });
    const { status, answers } = await post(ndjson(notes(40)), { "cf-connecting-ip": "203.0.113.7" });
    expect(status).toBe(200);
    const accepted = (answers as { ok: boolean }[]).filter(({ ok }) => ok);
    expect(accepted.length).toBeGreaterThan(0);
    expect(accepted.length).toBeLessThan(20);
    expect(answers.at(-1)).toEqual({
      id: null,
      ok: false,
      reason: expect.stringMatching(/^rate-limited: .* retry in \d+ s$/),
    });
  });

  it("says for each line that the database does not answer", async () => {
    const [event] = notes(1);
    api.store.commit = () => Promise.reject(new Error("gone"));
    expect(await post(ndjson([event]))).toEqual({
      status: 200,
      answers: [{ id: event?.id, ok: false, reason: expect.stringMatching(/^error: .*try again$/) }],
    });
    expect(api.reported).toHaveLength(1);
  });
});
