import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { billedSqlite } from "../../tests/fixtures/billed-sqlite.ts";
import { type Client, connect, NOW, openRelay, type Relay } from "../../tests/fixtures/hubs.ts";
import { AUTHORS, signedEvent } from "../../tests/fixtures/signed-events.ts";
import { oneStep } from "../../tests/fixtures/steps.ts";

const ID = "ab".repeat(32);

let relay: Relay;
let client: Client;
beforeEach(() => {
  relay = openRelay({ MAX_FILTERS: "2", MAX_SUBSCRIPTIONS: "1", MAX_LIMIT: "1", DEFAULT_LIMIT: "1" });
  client = connect(relay.hub("a"));
});
afterEach(() => relay.close());

const notes = (amount: number) =>
  Array.from({ length: amount }, (_, n) => signedEvent({ content: `${n}`, created_at: NOW - n }));

describe("[33] COUNT", () => {
  it("is answered with one COUNT: each event once, whatever the limits", async () => {
    await relay.store.commit(notes(5));
    await client.say("COUNT", "c", { kinds: [1] }, { since: NOW - 1, limit: 1 });
    expect(client.take()).toEqual([["COUNT", "c", { count: 5 }]]);
  });

  it("of one canonical filter has a HyperLogLog", async () => {
    await relay.store.commit([signedEvent({ kind: 7, tags: [["e", ID]] })]);
    await client.say("COUNT", "c", { kinds: [7], "#e": [ID] });
    expect(client.take()).toEqual([
      ["COUNT", "c", { count: 1, hll: expect.stringMatching(/^(?=.*[^0])[0-9a-f]{512}$/) }],
    ]);
  });

  it("that is estimated says so", async () => {
    const store = { ...relay.store, count: () => oneStep(() => ({ count: 7, isEstimate: true })) };
    const other = connect(relay.hub("b", { store }));
    await other.say("COUNT", "c", {});
    expect(other.take()).toEqual([["COUNT", "c", { count: 7, approximate: true }]]);
  });

  it("opens no subscription, needs room for none, and leaves one of the same name alone", async () => {
    await client.say("REQ", "s", {});
    client.take();
    await client.say("COUNT", "s", {});
    await client.say("COUNT", "other", {});
    for (const refused of [[{ ids: ["x"] }], [], [{}, {}, {}], [{ kinds: [1059] }]]) {
      await client.say("COUNT", "s", ...refused);
    }
    expect(client.take().map(([verb]) => verb)).toEqual([
      "COUNT",
      "COUNT",
      "CLOSED",
      "CLOSED",
      "CLOSED",
      "CLOSED",
    ]);
    const event = signedEvent();
    await client.say("EVENT", event);
    expect(client.take().filter(([verb]) => verb === "EVENT")).toEqual([["EVENT", "s", event]]);
  });

  it.each([
    ["no filter", [], /^invalid: ./],
    ["a filter that is none", [7], /^invalid: ./],
    ["a field that is not known", [{ "#long": ["x"] }], /^unsupported: ./],
    ["too many filters", [{}, {}, {}], /^error: .*2/],
    ["nothing but private kinds, by a stranger", [{ kinds: [1] }, { kinds: [1059] }], /^auth-required: ./],
  ])("with %s is CLOSED", async (_, filters, reason) => {
    await client.say("COUNT", "c", ...filters);
    expect(client.take()).toEqual([["CLOSED", "c", expect.stringMatching(reason)]]);
  });

  it("with an unusable id is CLOSED under that id, if it is one that can be named", async () => {
    for (const id of ["", 7, "x".repeat(65)]) await client.say("COUNT", id, {});
    const invalid = expect.stringMatching(/^invalid: ./);
    expect(client.take()).toEqual([
      ["CLOSED", "", invalid],
      ["NOTICE", invalid],
      ["CLOSED", "x".repeat(65), invalid],
    ]);
  });

  it("that fails is CLOSED, and not 0", async () => {
    const store = { ...relay.store, count: () => oneStep(() => Promise.reject(new Error("secret path"))) };
    const other = connect(relay.hub("b", { store }));
    await other.say("COUNT", "c", {});
    expect(other.take()).toEqual([["CLOSED", "c", expect.stringMatching(/^error: (?!.*secret)/)]]);
    expect(relay.reported).toEqual([new Error("secret path")]);
  });

  it("sees what its reader may see", async () => {
    const [reader = "", other = ""] = AUTHORS.slice(1);
    const toSomebody = [reader, other].map((pubkey) => signedEvent({ kind: 1059, tags: [["p", pubkey]] }));
    const expired = signedEvent({ tags: [["expiration", String(NOW)]] });
    await relay.store.commit([...toSomebody, expired]);
    await client.say("COUNT", "c", {});
    client.session.authenticate(reader);
    await client.say("COUNT", "c", {});
    await client.say("COUNT", "c", { kinds: [1059] });
    expect(client.take()).toEqual([0, 1, 1].map((count) => ["COUNT", "c", { count }]));
  });

  it("is billed for", async () => {
    const billed = openRelay({}, billedSqlite());
    onTestFinished(() => billed.close());
    const asking = connect(billed.hub("b"));
    // The first read also loads the decisions of operators.
    await asking.say("COUNT", "c", {});
    billed.metrics.take();
    await asking.say("COUNT", "c", {});
    expect(billed.metrics.take()).toContainEqual({
      name: "d1_rows_read_total",
      labels: { source: "websocket" },
      amounts: [1],
    });
  });
});
