/** Manages the upstreams of a running relay, as its admin (NIP-86). The aggregator sees a change with its next minute job. */
import type { UpstreamSettings } from "../../store/upstreams/upstream-settings.ts";
import type { UpstreamStatus } from "../../store/upstreams/upstream-status.ts";
import { PUBKEY } from "../fixtures/author.ts";
import { authorizationEvent, headerOf } from "../fixtures/management.ts";
import type { RelayProgram } from "./programs.ts";

/** The relay obeys the calls of this file. */
export const MANAGED = ["--var", `RELAY_ADMINS=${PUBKEY}`];

export async function addUpstream(
  http: string,
  url: string,
  settings: Partial<UpstreamSettings>,
): Promise<void> {
  await manage(http, "addupstream", url, settings);
}

type PullableRelay = Pick<RelayProgram, "http" | "runMinuteJobs">;

/** Begins a pull of an upstream now, also if it waits after a failure. One that runs is left alone. */
export async function pullNow(relay: PullableRelay, url: string): Promise<void> {
  await manage(relay.http, "resumeupstream", url);
  relay.runMinuteJobs();
}

export async function statusOf(http: string, url: string): Promise<UpstreamStatus> {
  const all = (await manage(http, "listupstreams")) as UpstreamStatus[];
  const found = all.find((one) => one.url === url);
  if (!found) throw new Error(`there is no upstream ${url}`);
  return found;
}

/** Makes a call of the management API. Rejects if the relay refuses it. */
export async function manage(http: string, method: string, ...params: unknown[]): Promise<unknown> {
  const url = `${http}/`;
  const body = JSON.stringify({ method, params });
  const now = Math.floor(Date.now() / 1000);
  const response = await fetch(url, {
    method: "POST",
    body,
    headers: {
      "content-type": "application/nostr+json+rpc",
      authorization: headerOf(authorizationEvent({ url, method: "POST", body, now })),
    },
  });
  const text = await response.text();
  const { result, error } = JSON.parse(text) as { result?: unknown; error?: string };
  if (!response.ok || error !== undefined) throw new Error(`${response.status}: ${text}`);
  return result;
}
