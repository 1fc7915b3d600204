/** The pages of events and of people. */
import { naddrEncode, neventEncode, noteEncode, nprofileEncode, npubEncode } from "nostr-tools/nip19";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { demoEvents } from "../../tests/fixtures/demo-events.ts";
import { AMARA, NOBODY, OLGA } from "../../tests/fixtures/demo-people.ts";
import { openHttpApi, type HttpApi } from "../../tests/fixtures/http-api.ts";
import type { Event } from "../../nostr/event.ts";
import { Reads } from "../../relay/reads.ts";

const EVENTS = demoEvents(Math.floor(Date.now() / 1000));
const RAIN = find(({ content }) => content.startsWith("The gauge at the old bridge"));
const ARTICLE = find(({ kind, pubkey }) => kind === 30_023 && pubkey === AMARA.pubkey);
const MESSAGE = find(({ kind }) => kind === 4);
const WARNED = find(({ tags }) => tags.some(([name]) => name === "content-warning"));

let api: HttpApi;
beforeEach(async () => {
  api = openHttpApi();
  await api.store.commit(EVENTS);
});
afterEach(() => api.close());

function find(fits: (event: Event) => boolean): Event {
  const event = EVENTS.find(fits);
  if (!event) throw new Error("the demo lacks an event");
  return event;
}

async function open(path: string): Promise<{ status: number; page: string }> {
  const response = await api.request(path, { headers: { accept: "text/html" } });
  expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
  return { status: response.status, page: await response.text() };
}

describe("the page of an event", () => {
  test.each([RAIN.id, noteEncode(RAIN.id), neventEncode({ id: RAIN.id }), `nostr:${noteEncode(RAIN.id)}`])(
    "%s",
    async (name) => {
      const { status, page } = await open(`/e/${name}`);
      expect(status).toBe(200);
      expect(page).toContain("I have waited nine years");
      expect(page).toContain('property="og:title" content="Amara Okafor: The gauge at the old bridge');
      expect(page).toContain(`property="og:url" content="http://relay.test/e/${noteEncode(RAIN.id)}"`);
      expect(page).toContain(RAIN.sig);
    },
  );

  test("an address of an article", async () => {
    const name = naddrEncode({ kind: 30_023, pubkey: AMARA.pubkey, identifier: "reading-a-river" });
    expect((await open(`/e/${name}`)).page).toContain("A river has no memory of last year");
    expect((await open(`/e/${ARTICLE.id}`)).page).toContain("A river has no memory of last year");
  });

  test("an address of a profile, which has no d tag", async () => {
    const name = naddrEncode({ kind: 0, pubkey: AMARA.pubkey, identifier: "" });
    expect((await open(`/e/${name}`)).page).toContain("Hydrologist");
  });

  test("it says if the relay did not look for all answers", async () => {
    const { run } = Reads.prototype;
    vi.spyOn(Reads.prototype, "run").mockImplementation(function (this: Reads, reading) {
      const isAboutEvent = reading.filters.some(({ tags }) => tags.some(({ name }) => name === "e"));
      const refusal = { prefix: "rate-limited", reason: "too many requests" } as const;
      return isAboutEvent ? Promise.resolve({ kind: "refused", refusal }) : run.call(this, reading);
    } as Reads["run"]);
    onTestFinished(() => void vi.restoreAllMocks());
    const { status, page } = await open(`/e/${RAIN.id}`);
    expect(status).toBe(200);
    expect(page).toContain("did not look for all answers and reactions: too many requests");
  });

  test("it has the answers, and counts what others did", async () => {
    const { page } = await open(`/e/${RAIN.id}`);
    expect(page).toContain("every field drinks like a lawn");
    expect(page).toContain("<strong>3</strong> reactions");
    expect(page).toContain("<strong>1</strong> repost<");
  });

  test("a preview does not tell what a content warning hides", async () => {
    const { page } = await open(`/e/${WARNED.id}`);
    const head = page.slice(0, page.indexOf("<body>"));
    expect(head).toContain("Content warning: конец фильма");
    expect(head).not.toContain("собаке");
  });

  test.each([
    ["an encrypted message", MESSAGE.id],
    ["an event that is not here", "1".repeat(64)],
  ])("%s is not on this relay", async (_, id) => {
    const { status, page } = await open(`/e/${id}`);
    expect(status).toBe(404);
    expect(page).toContain("Not on this relay");
    expect(page).not.toContain("U2FsdGVk");
  });

  test.each(["junk", "note1junk", "%3Cscript%3E", "70000:xx:y", "a".repeat(3000)])(
    "%s is no event",
    async (id) => {
      const { status, page } = await open(`/e/${id}`);
      expect(status).toBe(404);
      expect(page).not.toContain("<script>");
    },
  );
});

describe("the page of a person", () => {
  test.each([OLGA.pubkey, npubEncode(OLGA.pubkey), nprofileEncode({ pubkey: OLGA.pubkey })])(
    "%s",
    async (name) => {
      const { status, page } = await open(`/p/${name}`);
      expect(status).toBe(200);
      expect(page).toContain("Ольга Сорокина");
      expect(page).toContain("пеку пироги");
      expect(page).toContain("Три месяца на двенадцать строк");
      expect(page).toContain(`/explore?authors=${npubEncode(OLGA.pubkey)}`);
    },
  );

  test("someone without a profile", async () => {
    const { status, page } = await open(`/p/${NOBODY.pubkey}`);
    expect(status).toBe(200);
    expect(page).toContain("no profile of this key");
    expect(page).toContain("is this thing on?");
  });

  test.each(["junk", "1".repeat(64), noteEncode(RAIN.id)])("%s is nobody", async (key) => {
    expect((await open(`/p/${key}`)).status).toBe(404);
  });
});

test.each([`/e/${RAIN.id}`, `/p/${AMARA.pubkey}`])(
  "a relay that not everybody may read does not show %s",
  async (path) => {
    api.close();
    api = openHttpApi({ READ_ACCESS: "auth" });
    await api.store.commit(EVENTS);
    const { status, page } = await open(path);
    expect(status).toBe(401);
    expect(page).not.toContain("I have waited nine years");
    expect(page).not.toContain("Hydrologist");
  },
);

test("without its database, a person gets a page and a program JSON", async () => {
  api.close();
  expect((await open(`/e/${RAIN.id}`)).status).toBe(503);
  const response = await api.request(`/e/${RAIN.id}`);
  expect(response.headers.get("content-type")).toMatch(/^application\/json/);
  api = openHttpApi();
});
