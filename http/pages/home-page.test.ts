/** The home page: what it shows to whom. */
import { afterEach, expect, test } from "vitest";
import { PUBKEY } from "../../tests/fixtures/author.ts";
import { AMARA, JONAS } from "../../tests/fixtures/demo-people.ts";
import { demoEvents } from "../../tests/fixtures/demo-events.ts";
import { openHttpApi, type HttpApi } from "../../tests/fixtures/http-api.ts";
import { manage } from "../../tests/fixtures/management.ts";

const NOW = Math.floor(Date.now() / 1000);
let api: HttpApi;
afterEach(() => api.close());

async function open(settings: Record<string, string> = {}): Promise<void> {
  api = openHttpApi(settings);
  await api.store.commit(demoEvents(NOW));
}

async function home(): Promise<string> {
  const response = await api.request("/", { headers: { accept: "text/html" } });
  expect(response.status).toBe(200);
  return response.text();
}

test("it shows the newest notes with the names of their authors, and no private message", async () => {
  await open();
  const page = await home();
  expect(page).toContain("雨があがりました");
  expect(page).toContain(JONAS.profile["name"]);
  expect(page).toContain(`href="/p/npub1`);
  expect(page).not.toContain("U2FsdGVkX1");
});

test("it says how much the relay has", async () => {
  await open();
  const events = demoEvents(NOW);
  const publicEvents = events.filter(({ kind }) => kind !== 4).length;
  expect(await home()).toContain(`<strong>${publicEvents}</strong> stored`);
});

test("a few requests at a time read the notes once", async () => {
  await open();
  await home();
  await api.store.commit(demoEvents(NOW + 60));
  const first = await home();
  expect(first.match(/雨があがりました/g)).toHaveLength(1);
});

test.each([
  ["auth", "must authenticate"],
  ["allow", "on the relay&#39;s list"],
])("a relay with READ_ACCESS %s shows no notes and says who may read", async (access, says) => {
  await open({ READ_ACCESS: access });
  const page = await home();
  expect(page.replaceAll("'", "&#39;")).toContain(says);
  expect(page).not.toContain(AMARA.profile["name"]);
});

test("a relay that closes at run time shows no notes that were read before", async () => {
  await open({ RELAY_ADMINS: PUBKEY });
  expect(await home()).toContain("雨があがりました");
  expect(await manage(api, "changereadaccess", "auth")).toMatchObject({ status: 200, result: true });
  expect(await home()).not.toContain("雨があがりました");
});

test("a database that does not answer leaves the page, with a word about it", async () => {
  await open();
  api.close();
  const page = await home();
  expect(page).toContain("cannot reach its database");
  expect(page).toContain("The relay cannot say now.");
  expect(page).toContain("ws://relay.test");
  expect(api.reported).not.toEqual([]);
  await open();
});

test("a query leads to the page that answers it", async () => {
  await open();
  const response = await api.request("/?kinds=1&search=bread", { headers: { accept: "text/html" } });
  expect(response.status).toBe(302);
  expect(response.headers.get("location")).toBe("/explore?kinds=1&search=bread");
  expect((await api.request("/?utm_source=x", { headers: { accept: "text/html" } })).status).toBe(200);
});
