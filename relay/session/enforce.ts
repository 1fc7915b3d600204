/**
 * Ends connections and subscriptions that the operators no longer allow, after each change. It runs in slices, and
 * others are served between them.
 */
import { noticeFrame } from "../../nostr/message.ts";
import type { Access } from "../access/access.ts";
import { BLOCKED_ADDRESS } from "../access/moderation-snapshot.ts";
import { isChallengedAtOnce } from "./authenticate.ts";
import type { Reconciliations } from "./reconcile.ts";
import type { Session } from "./session.ts";
import type { Subscriptions } from "./subscriptions.ts";

interface EnforceDeps {
  sessions: ReadonlySet<Session>;
  access: Pick<Access, "moderation" | "refuseReads">;
  subscriptions: Pick<Subscriptions, "end">;
  reconciliations: Pick<Reconciliations, "refuseAll">;
  /** Removes a session from the hub. */
  close(session: Session): void;
  /** Resolves after some milliseconds. */
  pause(milliseconds: number): Promise<void>;
}

/** Maximum number of sessions and subscriptions that one slice checks. */
const LOOKED_AT = 500;
const BLOCKED = `${BLOCKED_ADDRESS.prefix}: ${BLOCKED_ADDRESS.reason}`;

export async function enforceModeration(deps: EnforceDeps): Promise<void> {
  for (const [at, slice] of slicesOf(deps.sessions).entries()) {
    if (at > 0) await deps.pause(1);
    await enforce(
      deps,
      slice.filter((session) => deps.sessions.has(session)),
    );
  }
}

function slicesOf(sessions: Iterable<Session>): Session[][] {
  const slices: Session[][] = [];
  let room = 0;
  for (const session of sessions) {
    if (room <= 0) {
      slices.push([]);
      room = LOOKED_AT;
    }
    slices.at(-1)?.push(session);
    room -= 1 + session.subscriptions.size;
  }
  return slices;
}

async function enforce(deps: EnforceDeps, sessions: Session[]): Promise<void> {
  const { access, subscriptions, reconciliations } = deps;
  const { moderation } = access;
  for (const session of sessions) {
    if (!moderation?.isBlocked(session.ip)) continue;
    session.send(noticeFrame(BLOCKED));
    session.end(1008, BLOCKED);
    deps.close(session);
  }
  const readers = sessions.filter((session) => deps.sessions.has(session));
  if (moderation && isChallengedAtOnce(moderation.config)) {
    for (const session of readers) session.sendChallenge();
  }
  const refusals = await access.refuseReads(readers.map(({ keys }) => keys));
  for (const [at, session] of readers.entries()) {
    const refusal = refusals[at];
    if (!refusal) continue;
    for (const id of session.subscriptions.keys()) subscriptions.end(session, id, refusal);
    reconciliations.refuseAll(session, refusal);
  }
}
