/**
 * The management API (NIP-86): who may call (NIP-98), what was asked, and the answer. Every change is in the audit log
 * and known to every hub before it is answered with true.
 */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { checkHttpAuth, HTTP_AUTH_SECONDS } from "../nostr/http-auth.ts";
import { type Call, parseCall } from "../nostr/management.ts";
import type { Verify } from "../nostr/signature.ts";
import { frameCost, SIGNATURE_COST } from "../relay/toll.ts";
import type { ModerationStore } from "../store/moderation.ts";
import type { AppEnv } from "./app.ts";
import { decide } from "./management-methods.ts";
import { ANSWERED_ANYWHERE, problem, problemAnswer, problemSchema } from "./problem.ts";
import { addressOf, clientOf } from "./rate-limit.ts";
import { parseJsonBytes, readBounded } from "./request-body.ts";

export const MANAGEMENT_TYPE = "application/nostr+json+rpc";

/** What the management API needs beside what the rest of HTTP has. */
export interface Management {
  store: ModerationStore;
  verify: Verify;
  /** Tells all hubs of a change; resolves with the names of those that could not be told. */
  announce(): Promise<string[]>;
}

const answerSchema = z.object({ result: z.unknown().optional(), error: z.string().optional() });

const managed = (description: string) => ({
  description,
  content: { [MANAGEMENT_TYPE]: { schema: answerSchema } },
});

const route = createRoute({
  method: "post",
  path: "/",
  summary: "Manage the relay (NIP-86)",
  request: {
    body: {
      required: true,
      content: {
        [MANAGEMENT_TYPE]: { schema: z.object({ method: z.string(), params: z.array(z.unknown()) }) },
      },
    },
  },
  responses: {
    ...ANSWERED_ANYWHERE,
    200: managed("The result, or the error for which nothing was done"),
    400: managed("The body is not JSON"),
    401: managed("The request is not authorized (NIP-98), or was made before"),
    403: {
      description: "Not by an admin; or nothing is taken from this address",
      content: { [MANAGEMENT_TYPE]: { schema: answerSchema }, "application/json": { schema: problemSchema } },
    },
    413: managed("The body is too long"),
    415: problemAnswer(`What is posted is not ${MANAGEMENT_TYPE}`),
    503: managed("The database does not answer, try again"),
  },
});

type Answer = { result: unknown } | { error: string };

export function addManagement(app: OpenAPIHono<AppEnv>): void {
  app.openAPIRegistry.registerPath(route);
  app.post(route.getRoutingPath(), async (c) => {
    const type = c.req.header("content-type")?.split(";")[0]?.trim().toLowerCase();
    if (type !== MANAGEMENT_TYPE)
      return c.json(problem("unsupported-type", `what is posted here is ${MANAGEMENT_TYPE} (NIP-86)`), 415);
    try {
      return await manage(c);
    } catch (error) {
      c.env.report(error);
      return answered(503, { error: "error: the relay cannot reach what it needs, try again" });
    }
  });
}

async function manage(c: Context<AppEnv>): Promise<Response> {
  const { config, management, toll, now } = c.env;
  const header = c.req.header("authorization");
  if (header === undefined) return unauthorized("there is no Authorization header");
  const body = await readBounded(c.req.raw.body, config.MAX_MESSAGE_LENGTH);
  if (!body) return answered(413, { error: `the body is longer than ${config.MAX_MESSAGE_LENGTH} bytes` });
  // Another host's authorization must not be of use here, whatever Host the request names.
  const url = config.RELAY_URL === "" ? c.req.url : config.RELAY_URL.replace(/^ws/, "http");
  const time = now();
  // Anybody can make us hash a body and check a signature.
  toll.pay(clientOf(c), frameCost(body.buffer) + SIGNATURE_COST);
  const auth = checkHttpAuth(header, { url, method: "POST", body }, { verify: management.verify, now: time });
  if (!auth.ok) return unauthorized(auth.reason);
  const { id, pubkey, created_at } = auth.event;
  if (!config.RELAY_ADMINS.includes(pubkey))
    return answered(403, { error: `restricted: ${pubkey} is not among this relay's admins` });
  const isFirst = await management.store.useAuthorization(id, created_at + HTTP_AUTH_SECONDS, time);
  if (!isFirst) return unauthorized("it has been used before, sign a new one for each request");
  const json = parseJsonBytes(body);
  if (!json.ok) return answered(400, { error: `invalid: ${json.reason}` });
  const parsed = parseCall(json.value);
  if (!parsed.ok) return answered(200, { error: `invalid: ${parsed.reason}` });
  return answered(200, await answerCall(c, parsed.call, pubkey));
}

async function answerCall(c: Context<AppEnv>, call: Call, pubkey: string): Promise<Answer> {
  const { config, management, now } = c.env;
  const { store } = management;
  const ip = addressOf(c);
  const decision = await decide(call, { store, admins: config.RELAY_ADMINS, ip, now: now() });
  if (decision.kind === "answer") return { result: decision.result };
  const { method, params } = call;
  const entry = { at: now(), pubkey, method, params };
  if (decision.kind === "refuse") {
    await store.change([], { ...entry, outcome: decision.reason });
    return { error: decision.reason };
  }
  await store.change(decision.changes, { ...entry, outcome: "done" });
  const untold = await management.announce();
  if (decision.emptied !== undefined) await store.removeEventsOf(decision.emptied);
  if (untold.length === 0) return { result: true };
  return { error: `it is stored, but ${untold.join(", ")} did not answer and may follow a minute later` };
}

function unauthorized(reason: string): Response {
  const error = `auth-required: the request must be authorized by an admin's key (NIP-98), and ${reason}`;
  return answered(401, { error }, { "www-authenticate": "Nostr" });
}

function answered(status: number, answer: Answer, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(answer), {
    status,
    headers: { "content-type": MANAGEMENT_TYPE, ...headers },
  });
}
