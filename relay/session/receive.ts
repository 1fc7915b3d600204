/** Handles one frame of a client: its turn, its charge, and the file of its verb. */
import type { ClientMessage } from "../../nostr/message.ts";
import type { Verify } from "../../nostr/signature.ts";
import type { VerbLabel } from "../../telemetry/labels.ts";
import type { Span, Tracer } from "../../telemetry/tracing.ts";
import { frameCost, INVALID_COST, isLong, lengthOf, parsingCost, SIGNATURE_COST } from "../limits/cost.ts";
import type { RateLimiter } from "../limits/rate-limiter.ts";
import { authenticate, challengeForFilters } from "./authenticate.ts";
import { count, type CountDeps } from "./count.ts";
import { type EventDeps, publish } from "./event.ts";
import { readFrame } from "./read-frame.ts";
import type { Reconciliations } from "./reconcile.ts";
import { request, type RequestDeps } from "./request.ts";
import type { Session } from "./session.ts";

/** What a frame needs of its hub, whatever its verb. */
export type ReceiveDeps = EventDeps &
  RequestDeps &
  CountDeps & {
    /** The open sessions. */
    sessions: Pick<ReadonlySet<Session>, "has">;
    reconciliations: Pick<Reconciliations, "open" | "goOn" | "close">;
    limiter: Pick<RateLimiter, "limit" | "refusal">;
    /** Ends a session that does not read, or that ignores refusals. */
    endIfTooMuch(session: Session): void;
    verify: Verify;
    tracer: Tracer;
  };

const OVER_WEBSOCKET = { "network.protocol.name": "websocket" };

/** Answers a frame. Resolves when everything that it asks for has been sent. */
export async function receive(
  deps: ReceiveDeps,
  session: Session,
  frame: string | ArrayBuffer,
): Promise<void> {
  // Frames of a connection that the relay has ended are ignored.
  if (!deps.sessions.has(session)) return;
  const { metrics, tracer } = deps;
  metrics.add("message_received_counts", { source: "websocket" });
  const seconds = metrics.stopwatch();
  session.hear();
  const cost = frameCost(frame);
  deps.limiter.charge(session, cost);
  const about = { kind: "server", peer: "client", attributes: OVER_WEBSOCKET } as const;
  await tracer.span("handle_message", about, async (span) => {
    let answered: Promise<ClientMessage["verb"] | undefined> | undefined;
    const read = () => {
      answered = readAndAnswer(deps, session, frame, span);
    };
    // Reading a long message takes a few milliseconds, so it waits for its turn. If it is refused unread, it does not wait:
    // it would only hold memory.
    if (isLong(frame) && !isRefusedUnread(deps, session, frame))
      await session.inOrder(() => deps.pacer.turn(session.client, cost).then(read));
    else {
      // Messages after an AUTH must see its effect.
      if (session.waiting && !isLong(frame)) await session.waiting;
      read();
    }
    const verb = await answered;
    if (verb) metrics.observe("message_seconds", { verb: verbLabel(verb) }, seconds());
  });
}

function verbLabel(verb: ClientMessage["verb"]): VerbLabel {
  return verb === "NEG-OPEN" || verb === "NEG-MSG" || verb === "NEG-CLOSE" ? "NEG" : verb;
}

function isRefusedUnread(deps: ReceiveDeps, session: Session, frame: string | ArrayBuffer): boolean {
  return lengthOf(frame) > deps.config.MAX_MESSAGE_LENGTH || deps.limiter.refusal(session) !== undefined;
}

/**
 * Answers a message. Everything before its first pause happens before the next message. Returns its verb; undefined if it was
 * refused unread.
 */
async function readAndAnswer(
  deps: ReceiveDeps,
  session: Session,
  frame: string | ArrayBuffer,
  span: Span,
): Promise<ClientMessage["verb"] | undefined> {
  if (!deps.sessions.has(session)) return undefined;
  const parsed = readFrame(
    frame,
    deps.config.MAX_MESSAGE_LENGTH,
    () => session.countRefusal(deps.limiter.limit(session)),
    (shape) => deps.limiter.charge(session, parsingCost(shape)),
  );
  if (!parsed.ok) {
    if ("reconciliation" in parsed) deps.reconciliations.close(session, parsed.reconciliation);
    else if (parsed.subscription !== undefined) deps.subscriptions.close(session, parsed.subscription);
    session.send(parsed.answer);
    if (session.refusals === 0) deps.limiter.charge(session, INVALID_COST);
    deps.endIfTooMuch(session);
    return undefined;
  }
  const { message } = parsed;
  span.set("verb", message.verb);
  await answer(deps, session, message, span);
  return message.verb;
}

async function answer(
  deps: ReceiveDeps,
  session: Session,
  message: ClientMessage,
  span: Span,
): Promise<void> {
  switch (message.verb) {
    case "EVENT":
      await publish(deps, session, message.event, span);
      break;
    case "REQ":
      challengeForFilters(session, message.filters);
      await request(deps, session, { id: message.subscription, filters: message.filters });
      break;
    case "COUNT":
      challengeForFilters(session, message.filters);
      await count(deps, session, message.query, message.filters);
      break;
    case "CLOSE":
      deps.subscriptions.close(session, message.subscription);
      // Nobody is refused a CLOSE: so it does not count as a refusal that was ignored.
      deps.endIfTooMuch(session);
      break;
    case "AUTH":
      await session.inOrder(() => check(deps, session, message.event));
      break;
    case "NEG-OPEN":
      challengeForFilters(session, [message.filter]);
      await deps.reconciliations.open(session, message);
      break;
    case "NEG-MSG":
      await deps.reconciliations.goOn(session, message);
      break;
    case "NEG-CLOSE":
      deps.reconciliations.close(session, message.subscription);
      deps.endIfTooMuch(session);
      break;
  }
}

/** Answers an AUTH when the client's turn for a signature check comes. */
async function check(deps: ReceiveDeps, session: Session, event: unknown): Promise<void> {
  deps.limiter.charge(session, SIGNATURE_COST);
  await deps.pacer.turn(session.client, SIGNATURE_COST);
  if (deps.sessions.has(session)) session.send(authenticate(session, event, deps));
}
