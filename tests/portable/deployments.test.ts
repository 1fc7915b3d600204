/** A deployment runs beside the one before it, and reads the data of that one. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readQueuedLetter } from "../../aggregator/queue/queued-letter.ts";
import { readBundle } from "../../aggregator/queue/bundle.ts";
import { rangesToPull } from "../../aggregator/turn/cursor.ts";
import type { Hub } from "../../relay/session/hub.ts";
import { readAlertState } from "../../relay/watch/alerts.ts";
import { NEW_LIVE_HEALTH, readLiveHealth } from "../../store/upstreams/live-health.ts";
import { readOnwardAnswers } from "../../store/upstreams/onward-answers.ts";
import { cursorOf, readCursor } from "../../store/upstreams/upstream-cursor.ts";
import { readFound } from "../../store/upstreams/outbox.ts";
import { readHealth } from "../../store/upstreams/upstream-health.ts";
import { DEFAULT_SETTINGS, readUpstreamSettings } from "../../store/upstreams/upstream-settings.ts";
import { type Client, connect, eventsIn, openRelay, type Relay } from "../fixtures/hubs.ts";
import {
  BUNDLES,
  QUEUED_LETTERS,
  CURSORS,
  DECLARATIONS,
  deliveries,
  publications,
  UPSTREAM_HEALTH,
  UPSTREAM_SETTINGS,
  LIVE_HEALTH,
  ONWARD_ANSWERS,
  OUTBOX_FOUND,
  ALERTS,
} from "../fixtures/recorded.ts";
import { signedEvent } from "../fixtures/signed-events.ts";

const event = signedEvent({ content: "from another deployment", tags: [["t", "x"]] });

let relay: Relay;
let hub: Hub;
let reader: Client;
beforeEach(async () => {
  relay = openRelay();
  hub = relay.hub("reader");
  reader = connect(hub);
  await reader.say("REQ", "s", { "#t": ["x"] });
  reader.take();
});
afterEach(() => relay.close());

/** Returns the events that the subscribers got since the last call. */
async function received(): Promise<[subscription: string, id: string][]> {
  await relay.settled();
  return eventsIn(reader.take());
}

const reports = () => relay.reported.map(String);

/** Stores the event without a message to anyone here. Returns its position in the log. */
async function storeElsewhere(): Promise<number> {
  await relay.store.commit([event]);
  return (await relay.store.log(0, 10)).events.at(-1)!.seq;
}

describe("a recorded", () => {
  it.each(ALERTS.map((text) => [text]))("state of the alerts is read as it was written: %s", (text) => {
    expect(JSON.stringify(readAlertState(JSON.parse(text)))).toBe(text);
  });

  it.each(Object.entries(publications(event, 1)))("publication %s reaches subscribers", async (_, sample) => {
    relay.switchboard.publish([sample]);
    expect(await received()).toEqual([["s", event.id]]);
    expect(relay.reported).toEqual([]);
  });

  it.each(Object.entries(deliveries(event, 1)))("delivery %s reaches subscribers", async (_, sample) => {
    await hub.deliver(sample);
    expect(await received()).toEqual([["s", event.id]]);
    expect(relay.reported).toEqual([]);
  });

  it("declaration says what a hub wants", () => {
    const answers = DECLARATIONS.map((sample) => relay.switchboard.declare(sample));
    expect(answers).toEqual([1, 2, 3, 4].map((revision) => ({ accepted: true, revision, head: 0 })));
    expect(relay.reported).toEqual([]);
  });

  it.each(LIVE_HEALTH.map((text) => [text]))("health of a live connection is read: %s", (text) => {
    const read = readLiveHealth(text);
    expect(read).toEqual({ ...NEW_LIVE_HEALTH, ...(JSON.parse(text) as object) });
  });

  it.each(ONWARD_ANSWERS.map((text) => [text]))("list of answers is read: %s", (text) => {
    const none = { accepted: 0, known: 0, refused: 0, refusals: [] };
    expect(readOnwardAnswers(text)).toEqual({ ...none, ...(JSON.parse(text) as object) });
  });

  it.each(OUTBOX_FOUND.map((text) => [text]))("choice of relays is read: %s", (text) => {
    expect(readFound(text)).toMatchObject(JSON.parse(text) as object);
    expect(readFound('{"version":2,"authors":9}')).toEqual(readFound('{"version":1}'));
  });

  it.each(BUNDLES)("bundle is read as it was written: %j", (sample) => {
    expect(readBundle(sample)).toEqual(sample);
  });

  it.each(QUEUED_LETTERS)("dead letter on the queue becomes one in the database: %j", (sample) => {
    const { version: _, ...letter } = sample;
    expect(readQueuedLetter(sample)).toEqual({ ...letter, attempts: 1 });
    expect(readBundle(sample)).toBeUndefined();
  });

  it.each(CURSORS.withoutFilters.map((text) => [text]))("cursor is that of everything: %s", (text) => {
    const { version: _, ...progress } = JSON.parse(text) as { version: number };
    expect(cursorOf(readCursor(text), {})).toEqual(progress);
  });

  it.each(UPSTREAM_SETTINGS)("settings of an upstream are read as they were written: %s", (text) => {
    expect(readUpstreamSettings(text)).toEqual({ ...DEFAULT_SETTINGS, ...(JSON.parse(text) as object) });
  });

  it.each(UPSTREAM_HEALTH)("health of an upstream is read as it was written: %s", (text) => {
    expect(readHealth(text)).toMatchObject(JSON.parse(text) as object);
  });

  it.each(CURSORS.withFilters.map((text) => [text]))("cursor is read as it was written: %s", (text) => {
    expect(readCursor(text)).toEqual(JSON.parse(text));
  });
});

describe("of a version that is not known here", () => {
  it("a publication is reported, and hubs find its events in the log", async () => {
    const last = await storeElsewhere();
    relay.switchboard.publish([{ version: 2, last }]);
    expect(await received()).toEqual([["s", event.id]]);
    expect(reports()).toEqual([expect.stringContaining("publication has the unknown version 2")]);
  });

  it("a delivery is reported, and the hub finds its events in the log", async () => {
    const head = await storeElsewhere();
    await hub.deliver({ version: 2, head });
    expect(await received()).toEqual([["s", event.id]]);
    expect(reports()).toEqual([expect.stringContaining("delivery has the unknown version 2")]);
  });

  it("a declaration is reported, and the hub is sent everything until it declares in a known one", async () => {
    const answer = relay.switchboard.declare({ version: 2, hub: "reader" });
    expect(answer).toMatchObject({ accepted: true });
    expect(reports()).toEqual([expect.stringContaining("declared its interest in the unknown version 2")]);
    await connect(relay.hub("writer")).say("EVENT", event);
    expect(await received()).toEqual([["s", event.id]]);
    await reader.say("REQ", "other", { "#t": ["y"] });
    reader.take();
    const other = signedEvent({ tags: [["t", "y"]] });
    await connect(relay.hub("writer")).say("EVENT", other);
    expect(await received()).toEqual([["other", other.id]]);
  });

  it("a bundle and the settings of an upstream are none, and a cursor and health begin again", () => {
    expect(readBundle({ ...BUNDLES[0], version: 2 })).toBeUndefined();
    expect(readQueuedLetter({ ...QUEUED_LETTERS[0], version: 2 })).toBeUndefined();
    expect(readUpstreamSettings('{"version":2,"filters":[]}')).toBeUndefined();
    expect(readHealth('{"version":2,"pulls":"many"}')).toMatchObject({ version: 1, pulls: 0 });
    const again = readCursor('{"version":3,"asked":{"to":1700000000}}');
    expect(rangesToPull(cursorOf(again, {}), 1_700_000_100)).toEqual([{ since: 0 }]);
  });
});
