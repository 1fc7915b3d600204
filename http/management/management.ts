/**
 * The management API (NIP-86): authorization (NIP-98), parsing and answer of a call. Before a change is answered with true,
 * it is in the audit log and every hub knows it.
 */
import type { Context, Hono } from "hono";
import { checkHttpAuth, HTTP_AUTH_SECONDS } from "../../nostr/http-auth.ts";
import { type Call, parseCall } from "../../nostr/management.ts";
import { frameCost, parsingCost, SIGNATURE_COST } from "../../relay/limits/cost.ts";
import { reasonFor } from "../../store/database/database.ts";
import type { AppEnv } from "../app-env.ts";
import { askedOf } from "./asked.ts";
import { decide } from "./management-methods.ts";
import { ownAddress, UNKNOWN_ADDRESS } from "../own-address.ts";
import { problem } from "../problem.ts";
import { clientOf } from "../rate-limit.ts";
import { mediaTypeOf, parseJsonBytes, readBody } from "../request-body.ts";

export const MANAGEMENT_TYPE = "application/nostr+json+rpc";

/** Dependencies of the management API, beyond those of the rest of HTTP. */
/** `message` is this relay's own: NIP-86 requires `result` to be true after a change, and clients compare it. */
type Answer = { result: unknown; message?: string } | { error: string };

export function addManagement(app: Hono<AppEnv>): void {
  app.post("/", async (c) => {
    if (mediaTypeOf(c.req.raw) !== MANAGEMENT_TYPE)
      return c.json(problem("unsupported-type", `the content type must be ${MANAGEMENT_TYPE} (NIP-86)`), 415);
    try {
      return await manage(c);
    } catch (error) {
      c.env.report(error);
      const reason = reasonFor(error, "the relay cannot reach its database; try again");
      return answered(503, { error: `error: ${reason}` });
    }
  });
}

async function manage(c: Context<AppEnv>): Promise<Response> {
  const { config, management, limiter, now } = c.env;
  const url = ownAddress(c);
  if (url === undefined)
    return answered(403, { error: `${UNKNOWN_ADDRESS.prefix}: ${UNKNOWN_ADDRESS.reason}` });
  const header = c.req.header("authorization");
  if (header === undefined) return unauthorized("there is no Authorization header");
  const read = await readBody(c, config.MAX_MESSAGE_LENGTH);
  if (!read.ok) return answered(read.status, { error: read.reason });
  const body = read.bytes;
  const time = now();
  // Charged first: anyone can make the relay hash a body and check a signature.
  limiter.charge(clientOf(c), frameCost(body.buffer) + SIGNATURE_COST);
  const auth = checkHttpAuth(header, { url, method: "POST", body }, { verify: management.verify, now: time });
  if (!auth.ok) return unauthorized(auth.reason);
  const { id, pubkey, created_at } = auth.event;
  if (!config.RELAY_ADMINS.includes(pubkey))
    return answered(403, { error: `restricted: ${pubkey} is not an admin of this relay` });
  const isFirst = await management.store.useAuthorization(id, created_at + HTTP_AUTH_SECONDS, time);
  if (!isFirst) return unauthorized("the signature has been used before: sign each request on its own");
  const json = parseJsonBytes(body, (shape) => limiter.charge(clientOf(c), parsingCost(shape)));
  if (!json.ok) return answered(400, { error: `invalid: ${json.reason}` });
  const parsed = parseCall(json.value);
  if (!parsed.ok) return answered(200, { error: `invalid: ${parsed.reason}` });
  return answered(200, await answerCall(c, parsed.call, pubkey));
}

async function answerCall(c: Context<AppEnv>, call: Call, pubkey: string): Promise<Answer> {
  const { management, now } = c.env;
  const { store } = management;
  const decision = await decide(call, askedOf(c));
  if (decision.kind === "answer") return { result: decision.result };
  const { method, params } = call;
  const entry = { at: now(), pubkey, method, params };
  if (decision.kind === "refuse") {
    await store.change([], { ...entry, outcome: decision.reason });
    return { error: decision.reason };
  }
  await store.change(decision.changes, { ...entry, outcome: "done" });
  const untold = decision.isForAggregator ? [] : await management.announce();
  if (decision.emptied !== undefined) await store.removeEventsOf(decision.emptied, () => management.pause(1));
  if (untold.length === 0)
    return { result: true, ...(decision.holds && { message: await decision.holds() }) };
  return {
    error: `the change is stored, but ${untold.join(", ")} did not answer and may apply it only a minute later`,
  };
}

function unauthorized(reason: string): Response {
  const error = `auth-required: an admin must sign the request (NIP-98): ${reason}`;
  return answered(401, { error }, { "www-authenticate": "Nostr" });
}

function answered(status: number, answer: Answer, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(answer), {
    status,
    headers: { "content-type": MANAGEMENT_TYPE, ...headers },
  });
}
