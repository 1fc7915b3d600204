/** Finds out what a relay can do as an upstream, from this machine. The relay is not trusted. */
import { parseEvent } from "../../nostr/event.ts";
import { forgeryOf, verifySignature } from "../../nostr/signature.ts";
import { oneLine } from "../shared/printing.ts";
import { messageOf } from "../shared/usage.ts";
import { type Conversation, openConversation, textOf } from "./conversation.ts";
import { readJson } from "./http-client.ts";

export interface RelayDocument {
  name: string;
  software: string;
  version: string;
  nips: number[];
  /** The limits that it announces: `limitation` of NIP-11. */
  limits: Record<string, number | boolean>;
}

export interface ProbeReport {
  url: string;
  document: RelayDocument | { problem: string };
  /** Milliseconds until the WebSocket was open. */
  openMilliseconds?: number;
  request?: RequestReport;
  auth: { challenge: boolean; isRequired: boolean };
  /** Absent if the connection ended before. */
  negentropy?: { speaks: boolean; said: string };
  /** Why no events can be pulled. Absent if they can. */
  problem?: string;
}

export interface RequestReport {
  /** Milliseconds until the first event, and until EOSE. */
  eventMilliseconds?: number;
  eoseMilliseconds?: number;
  /** The newest event, and what is wrong with it. Both absent: there is none. */
  event?: { kind: number; created_at: number };
  invalid?: string;
  /** Why the relay refused, or how the answer ended without EOSE. */
  refusal?: string;
}

const PATIENCE_MILLISECONDS = 10_000;
/** An ask for one id that no event has: the least work for the relay. */
const NOTHING = { ids: ["0".repeat(64)] };
/** Version 1 of the protocol, and one range of no ids. */
const EMPTY_MESSAGE = "6100000200";

/** Asks a relay. `milliseconds` is for the connection and for each answer. Never rejects because of what the relay does. */
export async function probe(url: string, milliseconds = PATIENCE_MILLISECONDS): Promise<ProbeReport> {
  const report: ProbeReport = {
    url,
    document: await readDocument(url, milliseconds),
    auth: { challenge: false, isRequired: false },
  };
  const begun = performance.now();
  let conversation: Conversation;
  try {
    conversation = await openConversation(url, milliseconds);
  } catch (error) {
    return { ...report, problem: messageOf(error) };
  }
  report.openMilliseconds = since(begun);
  await using open = conversation;
  report.request = await requestOne(open, milliseconds);
  const { refusal } = report.request;
  report.auth.isRequired = refusal?.startsWith("auth-required:") ?? false;
  if (refusal !== undefined) report.problem = refusal;
  report.negentropy = await reconcileNothing(open, milliseconds);
  report.auth.challenge = open.challenge() !== undefined;
  return report;
}

async function readDocument(url: string, timeout: number): Promise<ProbeReport["document"]> {
  let document: unknown;
  try {
    document = await readJson(url, "", { accept: "application/nostr+json", timeout });
  } catch (error) {
    return { problem: oneLine(messageOf(error)) };
  }
  if (typeof document !== "object" || document === null) return { problem: "it is not a JSON object" };
  const { name, software, version, supported_nips, limitation } = document as Record<string, unknown>;
  const limits = Object.entries(isObject(limitation) ? limitation : {}).filter(
    ([, value]) => Number.isFinite(value) || typeof value === "boolean",
  );
  return {
    name: oneLine(textOf(name)).slice(0, 100),
    software: oneLine(textOf(software)).slice(0, 100),
    version: oneLine(textOf(version)).slice(0, 50),
    nips: Array.isArray(supported_nips) ? supported_nips.filter(Number.isSafeInteger).slice(0, 200) : [],
    limits: Object.fromEntries(
      limits.slice(0, 30).map(([key, value]) => [oneLine(key), value]),
    ) as RelayDocument["limits"],
  };
}

/** Asks for the newest event. */
async function requestOne(conversation: Conversation, milliseconds: number): Promise<RequestReport> {
  const begun = performance.now();
  const report: RequestReport = {};
  conversation.send(["REQ", "test", { limit: 1 }]);
  let notice = "";
  const ending = await answerOf(conversation, milliseconds, ([verb, first, second]) => {
    // Some relays greet with one, so it need not be a refusal.
    if (verb === "NOTICE") notice = `; it says: ${said(first)}`;
    if (first !== "test") return undefined;
    if (verb === "CLOSED") return said(second);
    if (verb === "EVENT" && report.eventMilliseconds === undefined) {
      report.eventMilliseconds = since(begun);
      Object.assign(report, checked(second));
    }
    if (verb !== "EOSE") return undefined;
    report.eoseMilliseconds = since(begun);
    return "";
  });
  conversation.send(["CLOSE", "test"]);
  return ending === "" ? report : { ...report, refusal: `${ending}${notice}` };
}

/** Opens a reconciliation of events that do not exist. */
async function reconcileNothing(
  conversation: Conversation,
  milliseconds: number,
): Promise<NonNullable<ProbeReport["negentropy"]>> {
  let speaks = false;
  conversation.send(["NEG-OPEN", "test-sync", NOTHING, EMPTY_MESSAGE]);
  const answer = await answerOf(conversation, milliseconds, ([verb, first, second]) => {
    if (verb === "NOTICE") return said(first);
    if (first !== "test-sync") return undefined;
    if (verb === "NEG-MSG" || verb === "NEG-ERR") speaks = true;
    if (verb === "NEG-MSG") return "";
    return verb === "NEG-ERR" || verb === "CLOSED" ? said(second) : undefined;
  });
  if (speaks) conversation.send(["NEG-CLOSE", "test-sync"]);
  return { speaks, said: answer };
}

/** Reads messages until `take` returns a text. Returns that, or how the answer ended without it. */
async function answerOf(
  conversation: Conversation,
  milliseconds: number,
  take: (message: unknown[]) => string | undefined,
): Promise<string> {
  const end = performance.now() + milliseconds;
  for (;;) {
    const left = end - performance.now();
    if (left <= 0) return `it did not answer within ${milliseconds / 1000} s`;
    let message: unknown[] | undefined;
    try {
      message = await conversation.receive(Math.ceil(left));
    } catch {
      return `it did not answer within ${milliseconds / 1000} s`;
    }
    if (!message) return "it closed the connection";
    const answer = take(message);
    if (answer !== undefined) return answer;
  }
}

function checked(value: unknown): Pick<RequestReport, "event" | "invalid"> {
  const parsed = parseEvent(value);
  if (!parsed.ok) return { invalid: oneLine(parsed.reason) };
  const { kind, created_at } = parsed.event;
  const forgery = forgeryOf(parsed.event, verifySignature);
  return { event: { kind, created_at }, ...(forgery !== undefined && { invalid: forgery }) };
}

function said(text: unknown): string {
  return oneLine(textOf(text)).slice(0, 200) || "it gave no reason";
}

function since(begun: number): number {
  return Math.round(performance.now() - begun);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
