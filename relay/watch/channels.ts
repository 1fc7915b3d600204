/** The ways in which operators are alerted: a webhook, and private messages to the admins (NIP-17). */
import type { Event } from "../../nostr/event.ts";
import { privateMessage } from "../../nostr/private-message.ts";
import { publicKeyOf } from "../../nostr/secret-key.ts";
import type { Config } from "../config.ts";
import { type Ingest, refusalOf } from "../ingest/ingest.ts";
import { type Notification, webhookBody } from "./notification.ts";
import type { WatchDeps } from "./watch.ts";

export interface ChannelDeps {
  config: Pick<Config, "ALERT_WEBHOOK" | "RELAY_SECRET_KEY" | "RELAY_ADMINS">;
  fetch(url: string, init: RequestInit): Promise<Response>;
  /** Stores a message. What the policy refuses to others must not keep it out. */
  ingest: Ingest;
  randomBytes(length: number): Uint8Array;
  /** Returns a signal that aborts after some milliseconds. */
  timeout(milliseconds: number): AbortSignal;
  /** Unix seconds. */
  now(): number;
}

const WEBHOOK_MILLISECONDS = 10_000;
const SUBJECT = "Relay alert";

/** Returns the channels that are set. */
export function channelsOf(deps: ChannelDeps): WatchDeps["channels"] {
  const { ALERT_WEBHOOK, RELAY_SECRET_KEY, RELAY_ADMINS } = deps.config;
  return {
    ...(ALERT_WEBHOOK !== "" && { webhook: (notification) => callWebhook(deps, notification) }),
    ...(RELAY_SECRET_KEY !== "" &&
      RELAY_ADMINS.length > 0 && { message: (notification) => writeToAdmins(deps, notification) }),
  };
}

/** Rejects unless the answer is a success. A redirect is none: it would lead to an address that nobody has set. */
async function callWebhook(
  { config, fetch, timeout }: ChannelDeps,
  notification: Notification,
): Promise<void> {
  const response = await fetch(config.ALERT_WEBHOOK, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: webhookBody(notification),
    redirect: "manual",
    signal: timeout(WEBHOOK_MILLISECONDS),
  }).catch((error: unknown) => {
    // The message of the runtime may contain the address, which is a secret.
    const reason = error instanceof Error ? error.name : "unknown";
    throw new Error(`the webhook could not be reached (${reason})`);
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`the webhook answered ${response.status}`);
}

/** Rejects if no admin was written to: then all are tried again. */
async function writeToAdmins(deps: ChannelDeps, { text }: Notification): Promise<void> {
  const results = await Promise.allSettled(
    deps.config.RELAY_ADMINS.map(async (recipient) => {
      const message = { text, subject: SUBJECT, recipient, now: deps.now() };
      await store(deps, await privateMessage(message, deps.config.RELAY_SECRET_KEY, deps.randomBytes));
    }),
  );
  const [failed] = results.filter(({ status }) => status === "rejected");
  if (failed?.status === "rejected" && results.every(({ status }) => status === "rejected"))
    throw failed.reason;
}

async function store({ config, ingest }: ChannelDeps, event: Event): Promise<void> {
  const keys = new Set([publicKeyOf(config.RELAY_SECRET_KEY)]);
  const refusal = refusalOf(await ingest(event, { keys, addresses: [] }));
  if (refusal) throw new Error(`the relay refused its own message: ${refusal.prefix}: ${refusal.reason}`);
}

/** What became of a test alert, by channel. */
export type TestOutcomes = Record<"webhook" | "message", string>;

const NOT_SET = {
  webhook: "not set: set the secret ALERT_WEBHOOK",
  message: "not set: set RELAY_ADMINS and the secret RELAY_SECRET_KEY",
};

/** Sends a notification on every channel that is set. Never rejects. */
export async function testChannels(
  channels: WatchDeps["channels"],
  notification: Notification,
): Promise<TestOutcomes> {
  const outcome = async (channel: "webhook" | "message") => {
    const send = channels[channel];
    if (!send) return NOT_SET[channel];
    return send(notification).then(
      () => "sent",
      (error: unknown) => `failed: ${error instanceof Error ? error.message : String(error)}`,
    );
  };
  const [webhook, message] = await Promise.all([outcome("webhook"), outcome("message")]);
  return { webhook, message };
}
