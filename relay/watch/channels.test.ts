import { randomBytes } from "@noble/hashes/utils.js";
import { unwrapEvent } from "nostr-tools/nip17";
import { generateSecretKey, getPublicKey } from "nostr-tools/pure";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { verifySignature } from "../../nostr/signature.ts";
import { Counts } from "../../telemetry/counts.ts";
import { noTracer } from "../../telemetry/tracing.ts";
import { PUBKEY, SECRET_HEX } from "../../tests/fixtures/author.ts";
import { connect, NOW, openRelay, type Relay } from "../../tests/fixtures/hubs.ts";
import { parseConfig } from "../config.ts";
import { Access } from "../access/access.ts";
import { createIngest } from "../ingest/create-ingest.ts";
import { channelsOf, testChannels } from "./channels.ts";
import { notificationOf } from "./notification.ts";

const WEBHOOK = "https://hooks.example/services/hunter2";
const admin = generateSecretKey();
const ADMIN = getPublicKey(admin);
const OTHER = getPublicKey(generateSecretKey());
const ALERT = notificationOf("A relay", [
  { id: "storage", kind: "begun", message: "it is 81 % full", todo: "make room", since: NOW },
]);

let relay: Relay;
beforeEach(() => (relay = openRelay({ RELAY_ADMINS: `${ADMIN},${OTHER}`, WRITE_ACCESS: "auth" })));
afterEach(() => relay.close());

interface Called {
  url: string;
  init: RequestInit;
}

function open(
  settings: Record<string, string>,
  answer: () => Promise<Response> = async () => new Response("ok"),
) {
  const parsed = parseConfig(settings);
  if (!parsed.ok) throw new Error(parsed.problems.join());
  const called: Called[] = [];
  const report = (error: unknown) => void relay.reported.push(error);
  const channels = channelsOf({
    config: parsed.config,
    fetch(url, init) {
      called.push({ url, init });
      return answer();
    },
    ingest: createIngest({
      source: "cron",
      config: relay.config,
      access: new Access({ moderation: relay.moderation, config: relay.config, now: () => NOW, report }),
      store: relay.store,
      verify: verifySignature,
      now: () => NOW,
      pause: async () => undefined,
      publish: async (publication) => void relay.switchboard.publish([publication]),
      report,
      metrics: new Counts(),
      tracer: noTracer,
    }),
    randomBytes: (length) => randomBytes(length),
    timeout: (milliseconds) => AbortSignal.timeout(milliseconds),
    now: () => NOW,
  });
  return { channels, called };
}

describe("the webhook", () => {
  it("gets a text for people and the alerts for programs", async () => {
    const { channels, called } = open({ ALERT_WEBHOOK: WEBHOOK });
    await channels.webhook?.(ALERT);
    expect(called).toMatchObject([
      {
        url: WEBHOOK,
        init: { method: "POST", headers: { "content-type": "application/json" }, redirect: "manual" },
      },
    ]);
    const text = "A relay\nProblem: it is 81 % full\nWhat to do: make room";
    expect(JSON.parse(called[0]?.init.body as string)).toEqual({
      text,
      content: text,
      alerts: [{ id: "storage", state: "begun", message: "it is 81 % full", todo: "make room", since: NOW }],
    });
  });

  it.each<[string, () => Promise<Response>, string]>([
    ["an error", async () => new Response("no", { status: 500 }), "the webhook answered 500"],
    ["a redirect", async () => Response.redirect("https://b.example", 302), "the webhook answered 302"],
    [
      "no connection",
      () => Promise.reject(new TypeError(`${WEBHOOK} is away`)),
      "the webhook could not be reached (TypeError)",
    ],
  ])("fails with %s, and the reason does not contain its address", async (_, answer, reason) => {
    const { channels } = open({ ALERT_WEBHOOK: WEBHOOK }, answer);
    await expect(channels.webhook?.(ALERT)).rejects.toThrow(new Error(reason));
  });
});

describe("a message to the admins", () => {
  const SET = { RELAY_SECRET_KEY: SECRET_HEX, RELAY_ADMINS: `${ADMIN},${OTHER}` };

  it("is delivered to each at once, and read as NIP-17 clients read it", async () => {
    const client = connect(relay.hub("a"), { keys: [ADMIN] });
    await client.say("REQ", "inbox", { kinds: [1059], "#p": [ADMIN] });
    const { channels } = open(SET);
    await channels.message?.(ALERT);
    await relay.settled();
    const events = client.take().filter(([verb]) => verb === "EVENT");
    expect(events).toHaveLength(1);
    expect(unwrapEvent(events[0]?.[2] as Event, admin)).toMatchObject({
      kind: 14,
      pubkey: PUBKEY,
      content: "A relay\nProblem: it is 81 % full\nWhat to do: make room",
    });
    expect((await relay.store.log(0, 10)).events).toHaveLength(2);
    expect(relay.reported).toEqual([]);
  });

  it("fails if the relay does not store it", async () => {
    const { channels } = open(SET);
    relay.close();
    await expect(channels.message?.(ALERT)).rejects.toThrow(/database/);
    relay = openRelay();
  });
});

it("only what is set is a channel", () => {
  expect(open({}).channels).toEqual({});
  expect(Object.keys(open({ RELAY_ADMINS: ADMIN }).channels)).toEqual([]);
  expect(Object.keys(open({ RELAY_SECRET_KEY: SECRET_HEX }).channels)).toEqual([]);
});

it("a test says what became of each channel", async () => {
  const failing = open({ ALERT_WEBHOOK: WEBHOOK }, async () => new Response("no", { status: 404 }));
  expect(await testChannels(failing.channels, ALERT)).toEqual({
    webhook: "failed: the webhook answered 404",
    message: "not set: set RELAY_ADMINS and the secret RELAY_SECRET_KEY",
  });
  const { channels } = open({ RELAY_SECRET_KEY: SECRET_HEX, RELAY_ADMINS: ADMIN });
  expect(await testChannels(channels, ALERT)).toEqual({
    webhook: "not set: set the secret ALERT_WEBHOOK",
    message: "sent",
  });
});
