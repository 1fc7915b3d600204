/** Mistakes of other relays with private events: they leak, or their recipients do not get them. */
import { readAll } from "../fixtures/read-all.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventsIn, NOW, openRelay, type Relay, SEES_INSIDE } from "../fixtures/hubs.ts";
import { ALICE, BOB, by, CAROL, DAVE, deletion, visit, type Visitor } from "../fixtures/people.ts";
import { STRANGER } from "../fixtures/strangers.ts";
import { openWholeRelay, post, stored, type WholeRelay } from "../fixtures/whole-relay.ts";

const hex = (n: number) => n.toString(16).padStart(64, "0");
/** The message of a client that has no events: an empty list for all of time (NIP-77). */
const NO_IDS = "6100000200";

let relay: Relay;
let client: Visitor;
beforeEach(() => {
  relay = openRelay();
  client = visit(relay);
});
afterEach(() => relay.close());

describe("[31] what is private does not leak", () => {
  const wrap = by(CAROL, {
    kind: 1059,
    tags: [
      ["p", ALICE],
      ["p", BOB],
    ],
  });
  const message = by(ALICE, {
    kind: 4,
    tags: [
      ["p", CAROL],
      ["p", BOB],
    ],
  });
  const secrets = [wrap.id, message.id];
  beforeEach(async () => {
    for (const event of [wrap, message]) await visit(relay, "writer").publish(event);
  });

  it.each<[string, object[]]>([
    ["ids", [{ ids: secrets }]],
    ["the recipient's tag", [{ "#p": [BOB] }]],
    ["two tags", [{ "#p": [BOB], "#e": [hex(5)] }, { "#p": [BOB, ALICE] }]],
    ["authors", [{ authors: [ALICE, CAROL] }, { authors: [ALICE], kinds: [1, 4] }]],
    ["kinds among others", [{ kinds: [1, 4, 1059] }]],
    ["time", [{ since: wrap.created_at, until: wrap.created_at }]],
    ["an OR with something open", [{ kinds: [1] }, {}]],
  ])("by %s, to REQ, COUNT and NEG", async (_, filters) => {
    for (const key of [undefined, DAVE]) {
      if (key) await client.authenticate(key);
      await client.say("REQ", "s", ...filters);
      expect(client.take()).toEqual([["EOSE", "s"]]);
      await client.say("COUNT", "c", ...filters);
      expect(client.take()).toEqual([["COUNT", "c", expect.objectContaining({ count: 0 })]]);
      for (const filter of filters) expect(await reconciled(filter)).toEqual([["NEG-MSG", "n", NO_IDS]]);
    }
  });

  it("by counting or reconciling it alone: that is refused to a stranger", async () => {
    for (const kinds of [[1059], [4, 1059]]) {
      await client.say("COUNT", "c", { kinds });
      await client.say("NEG-OPEN", "n", { kinds }, "6100000200");
      const refused = expect.stringMatching(/^auth-required: ./);
      expect(client.take()).toEqual([
        ["CLOSED", "c", refused],
        ["NEG-ERR", "n", refused],
      ]);
    }
  });

  it("nor is it kept from the second whom a p tag names, nor from the second key of a connection", async () => {
    for (const keys of [[BOB], [DAVE, BOB], [BOB, DAVE]]) {
      const reader = visit(relay, "b");
      for (const key of keys) await reader.authenticate(key);
      reader.take();
      expect(new Set(await reader.sees({ kinds: [4, 1059] }))).toEqual(new Set(secrets));
      await reader.say("COUNT", "c", { kinds: [4, 1059] });
      expect(reader.take()).toEqual([["COUNT", "c", { count: 2 }]]);
    }
  });

  it("to those who are still proving something while it comes; after that it is theirs", async () => {
    await client.say("REQ", "live", { limit: 0 });
    client.take();
    const fresh = ["1", "2"].map((content) =>
      by(CAROL, {
        kind: 1059,
        content,
        tags: [
          ["p", ALICE],
          ["p", BOB],
        ],
      }),
    );
    const writer = visit(relay, "b");
    await writer.publish(fresh[0]);
    await relay.settled();
    expect(client.take()).toEqual([]);
    await client.authenticate(BOB);
    await writer.publish(fresh[1]);
    await relay.settled();
    expect(eventsIn(client.take())).toEqual([["live", fresh[1]!.id]]);
  });

  it.runIf(SEES_INSIDE)("from the log, to a hub that missed its delivery", async () => {
    await client.say("REQ", "live", { limit: 0 });
    client.take();
    const missed = by(CAROL, { kind: 1059, content: "missed", tags: [["p", BOB]] });
    const open = by(CAROL, { content: "open" });
    const { last } = await relay.store.commit([missed, open]);
    await client.hub.deliver({ version: 1, spans: [], head: last, events: [], ephemeral: [] });
    await relay.settled();
    expect(eventsIn(client.take())).toEqual([["live", open.id]]);
  });

  const told = by(CAROL, { kind: 1059, content: "walrus", tags: [["p", BOB]] });

  it("by a word of it", async () => {
    await visit(relay, "writer").publish(told);
    expect(await client.sees({ search: "walrus" })).toEqual([]);
  });

  it.runIf(SEES_INSIDE)("by a word of it, to questions of the HTTP API", async () => {
    await visit(relay, "writer").publish(told);
    for (const query of [
      { keyword: "walrus" },
      { order: "asc" as const },
      { after: { created_at: NOW, id: hex(0) } },
    ]) {
      const view = { keys: [], now: NOW };
      const { answers } = await readAll(relay.store, [{ ...query, filter: { tags: [] }, view, limit: 10 }]);
      expect(answers).toEqual([{ events: [], more: false }]);
    }
  });

  it("by its deletion: the request is shown, the event is not", async () => {
    const request = deletion(BOB, [["e", wrap.id]]);
    await client.publish(request);
    expect(await client.sees({ "#e": [wrap.id] }, { ids: [wrap.id] })).toEqual([request.id]);
  });

  /** Reconciles as a client that has no events. Returns the answer, which contains ids if there are any. */
  async function reconciled(filter: object): Promise<unknown> {
    await client.say("NEG-OPEN", "n", filter, "6100000200");
    return client.take();
  }
});

describe("over HTTP, which knows no key", () => {
  let whole: WholeRelay;
  beforeEach(() => {
    whole = openWholeRelay();
  });
  afterEach(() => whole.close());

  it("[31] HTTP does not show what is private, by id, tag, text, nor from page to page", async () => {
    const wrap = by(CAROL, { kind: 1059, content: "walrus", tags: [["p", BOB]], created_at: NOW - 2 });
    const open = [NOW - 1, NOW - 3].map((created_at) => by(ALICE, { created_at, tags: [["p", BOB]] }));
    for (const event of [wrap, ...open]) await visit(whole.relay).publish(event);
    const get = async (path: string) => (await whole.api.request(path)).text();
    const asked = [`ids=${wrap.id}`, `tag.p=${BOB}`, "kinds=1059", "keyword=walrus", "search=walrus"];
    const paged = [
      `cursor=${NOW - 1}.${open[0]!.id}`,
      `order=asc&cursor=${NOW - 3}.${open[1]!.id}`,
      "limit=1",
    ];
    for (const query of [...asked, ...paged]) {
      expect(await get(`/api/v1/events?${query}`), query).not.toContain(wrap.id);
    }
    expect((await whole.api.request(`/api/v1/events/${wrap.id}`)).status).toBe(404);
  });

  it.runIf(SEES_INSIDE)(
    "[32] the queue does not bring in what only its author may publish, nor does HTTP",
    async () => {
      const guarded = by(ALICE, { tags: [["-"]] });
      expect(await whole.queueIngest()(guarded, STRANGER)).toMatchObject({
        kind: "refused",
        prefix: "auth-required",
      });
      expect(await post(whole, guarded)).toBe(401);
      expect(await stored(whole)).toEqual([]);
    },
  );

  it.runIf(SEES_INSIDE)(
    "[23] [25] the queue does not bring back what has been deleted or has vanished",
    async () => {
      const [deleted, vanished] = [by(ALICE), by(BOB)];
      const request = by(BOB, { kind: 62, created_at: NOW - 50, tags: [["relay", "ALL_RELAYS"]] });
      await whole.relay.store.commit([deletion(ALICE, [["e", deleted.id]]), request]);
      for (const event of [deleted, vanished]) {
        expect(await whole.queueIngest()(event, STRANGER)).toEqual({ kind: "deleted" });
        expect(await post(whole, event)).toBe(403);
      }
    },
  );
});
