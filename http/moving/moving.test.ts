/** `GET /api/v1/export` and `POST /api/v1/import`. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { PUBKEY, signed } from "../../tests/fixtures/author.ts";
import { type HttpApi, openHttpApi } from "../../tests/fixtures/http-api.ts";
import { signedRequest } from "../../tests/fixtures/management.ts";
import { AUTHORS, secretOf, signedEvent } from "../../tests/fixtures/signed-events.ts";
import { MOST_LINES } from "../publish-batch.ts";

const EXPORT = "http://relay.test/api/v1/export";
const IMPORT = "http://relay.test/api/v1/import";
const STRANGER = secretOf(AUTHORS[1] ?? "");

let api: HttpApi;
beforeEach(() => {
  api = openHttpApi({ RELAY_ADMINS: PUBKEY, WRITE_ACCESS: "allow", READ_ACCESS: "allow" });
});
afterEach(() => api.close());

const valuesIn = (text: string): unknown[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
const ndjson = (values: unknown[]) => values.map((value) => `${JSON.stringify(value)}\n`).join("");

async function exported(from: HttpApi, first = EXPORT): Promise<{ pages: number; events: unknown[] }> {
  const events: unknown[] = [];
  let pages = 0;
  for (let url: string | undefined = first; url !== undefined; pages += 1) {
    const response = await from.fetch(signedRequest(url, { method: "GET" }));
    expect(response.status).toBe(200);
    events.push(...valuesIn(await response.text()));
    const next = /<(.*)>; rel="next"/.exec(response.headers.get("link") ?? "")?.[1];
    url = next && new URL(next, EXPORT).href;
  }
  return { pages, events };
}

async function imported(into: HttpApi, body: string, secret?: Uint8Array) {
  const response = await into.fetch(signedRequest(IMPORT, { method: "POST", body }, secret));
  return { status: response.status, answers: valuesIn(await response.text()) };
}

/** Of several authors, with private kinds, a protected event and an expired one. */
const EVENTS: Event[] = [
  signedEvent({ kind: 1059, tags: [["p", AUTHORS[2] ?? ""]] }),
  signedEvent({ kind: 4, pubkey: AUTHORS[1] ?? "", tags: [["p", AUTHORS[2] ?? ""]] }),
  signedEvent({ content: "protected", tags: [["-"]] }),
  ...Array.from({ length: 700 }, (_, n) => signed(`note ${n}`, { created_at: 1000 + ((n * 7) % 700) })),
];

describe("export and import", () => {
  it("move everything, in the order of the log, and go on at any position", async () => {
    await api.store.commit(EVENTS);
    const { pages, events } = await exported(api);
    expect(events).toEqual(EVENTS);
    expect(pages).toBe(3);
    expect((await exported(api, `${EXPORT}?after=700`)).events).toEqual(EVENTS.slice(700));
    const other = openHttpApi({ RELAY_ADMINS: PUBKEY, WRITE_ACCESS: "allow" });
    const halves = [EVENTS.slice(0, 350), EVENTS.slice(350)];
    for (const half of halves) {
      const { status, answers } = await imported(other, ndjson(half));
      expect([status, answers]).toEqual([200, half.map(({ id }) => ({ id, ok: true, reason: "" }))]);
    }
    expect((await exported(other)).events).toEqual(EVENTS);
    // One commit for many events, and live subscriptions learn of them.
    expect(other.published.length).toBeLessThan(20);
    expect(other.published.flatMap(({ events }) => events)).toHaveLength(EVENTS.length);
    other.close();
  });

  it("answer each line, and one that is refused does not stop the others", async () => {
    const [one, two] = EVENTS as [Event, Event];
    const body = `${JSON.stringify(one)}\n\n{\n${JSON.stringify({ ...two, sig: one.sig })}\n${JSON.stringify(one)}`;
    expect(await imported(api, body)).toEqual({
      status: 200,
      answers: [
        { id: one.id, ok: true, reason: "" },
        { id: null, ok: false, reason: "invalid: the line is not JSON" },
        { id: two.id, ok: false, reason: expect.stringMatching(/^invalid: the signature/) },
        { id: one.id, ok: true, reason: expect.stringMatching(/^duplicate: /) },
      ],
    });
    expect((await imported(api, "1\n".repeat(MOST_LINES + 1))).status).toBe(413);
  });

  it("say for each event that the database does not take it", async () => {
    api.store.commit = () => Promise.reject(new Error("gone"));
    const [one] = EVENTS as [Event];
    const reason = "error: the relay cannot reach its database; try again";
    expect((await imported(api, ndjson([one]))).answers).toEqual([{ id: one.id, ok: false, reason }]);
  });

  it("are only for admins, who sign the whole body", async () => {
    const [one] = EVENTS as [Event];
    const body = ndjson([one]);
    expect((await api.request("/api/v1/export")).status).toBe(401);
    expect((await api.fetch(signedRequest(EXPORT, { method: "GET" }, STRANGER))).status).toBe(403);
    expect((await api.request("/api/v1/import", { method: "POST", body })).status).toBe(401);
    expect((await imported(api, body, STRANGER)).status).toBe(403);
    const { headers } = signedRequest(IMPORT, { method: "POST", body: ndjson([EVENTS[1]]) });
    expect((await api.fetch(new Request(IMPORT, { method: "POST", headers, body }))).status).toBe(401);
    expect((await exported(api)).events).toEqual([]);
  });

  it.each(["after=x", "after=-1", "after=1&after=2", "limit=5", "after=99999999999999999"])(
    "export?%s is refused",
    async (query) => {
      expect((await api.fetch(signedRequest(`${EXPORT}?${query}`, { method: "GET" }))).status).toBe(400);
    },
  );
});
