/** The conversation with one upstream: questions, reconciliations (NIP-77) and authentication (NIP-42), one at a time. */
import { printable } from "../../nostr/characters.ts";
import { type Answer, type Ending, type Question, requestExchange } from "./answer.ts";
import { authenticate, type Sign } from "./authenticate.ts";
import { countExchange } from "./count-exchange.ts";
import { Line, type Traffic, type UpstreamSocket } from "./line.ts";
import { offerExchange, type Outlet } from "./offer.ts";
import { type SyncAnswer, syncExchange } from "./sync-message.ts";

/** None of these promises rejects: refusals, silence and disconnections are results. Only one may be pending. */
export interface Upstream {
  /** Asks for events. The answer may take `within` milliseconds: 45 s if it is not given. */
  ask(question: Question, within?: number): Promise<Answer>;
  /** Asks how many events match (NIP-45). Undefined if it does not tell within 10 s. */
  count(filter: Record<string, unknown>): Promise<number | undefined>;
  /** Begins a reconciliation of the events that match a filter, as NIP-01 writes it. */
  sync(filter: Record<string, unknown>): Sync;
  close(): void;
  readonly traffic: Readonly<Traffic>;
  /** The text of the last NOTICE, at most 200 characters. */
  readonly notice: string | undefined;
  /** Whether it has refused something with `auth-required:`. */
  readonly wantsAuth: boolean;
}

/** A reconciliation (NIP-77). */
export interface Sync {
  /** Sends a message in hex, the first one with NEG-OPEN, and waits for the upstream's. */
  send(message: string, within?: number): Promise<SyncAnswer>;
  close(): void;
}

export interface Habits {
  /** Returns a signal that aborts after some milliseconds. */
  wait?: (milliseconds: number) => AbortSignal;
  sign?: Sign | undefined;
}

/** A pull may take a minute (`pull/pull.ts`) and then two such answers. That must stay below the lease of `pull/schedule.ts`. */
const ANSWER_MILLISECONDS = 45_000;
const AUTH_REQUIRED = "auth-required:";

/** An upstream that may hide events from strangers without a refusal. */
interface Challenger {
  /** Authenticates if the upstream has sent a challenge. Resolves with why that failed; undefined if it did not. */
  answerChallenge(): Promise<string | undefined>;
}

/** Starts a conversation. */
export function converse(socket: UpstreamSocket, habits: Habits = {}): Upstream & Outlet & Challenger {
  const line = new Line(socket, habits.wait ?? ((milliseconds) => AbortSignal.timeout(milliseconds)));
  let started = 0;
  let wantsAuth = false;
  let isAuthenticated = false;

  /** Tries again, once, after authentication, if the upstream refuses without it. */
  async function insist<T extends { ending: { how: string; reason?: string } }>(
    attempt: () => Promise<T>,
  ): Promise<T | (T & { ending: { how: "auth"; reason: string } })> {
    const first = await attempt();
    if (first.ending.how !== "closed" || !first.ending.reason?.startsWith(AUTH_REQUIRED)) return first;
    wantsAuth = true;
    if (isAuthenticated) return first;
    const reason = await authenticate(line, habits.sign);
    if (reason !== undefined) return { ...first, ending: { how: "auth", reason } };
    isAuthenticated = true;
    return attempt();
  }

  async function ask(question: Question, within = ANSWER_MILLISECONDS): Promise<Answer> {
    return insist(async () => {
      started += 1;
      const id = `pull-${started}`;
      const answer = await line.run(requestExchange(id, question, within));
      if (answer.ending.how !== "closed") line.send(["CLOSE", id]);
      return answer;
    });
  }

  function sync(filter: Record<string, unknown>): Sync {
    started += 1;
    const id = `sync-${started}`;
    let isOpen = false;
    return {
      send: (message, within = ANSWER_MILLISECONDS) =>
        insist(async () => {
          const frame: [string, string, ...unknown[]] = isOpen
            ? ["NEG-MSG", id, message]
            : ["NEG-OPEN", id, filter, message];
          const answer = await line.run(syncExchange(frame, within));
          isOpen = answer.ending.how !== "closed";
          return answer;
        }),
      close() {
        if (isOpen) line.send(["NEG-CLOSE", id]);
        isOpen = false;
      },
    };
  }

  return {
    ask,
    count(filter) {
      started += 1;
      return line.run(countExchange(`count-${started}`, filter));
    },
    sync,
    async answerChallenge() {
      if (line.challenge === undefined || isAuthenticated) return undefined;
      const reason = await authenticate(line, habits.sign);
      isAuthenticated = reason === undefined;
      return reason;
    },
    offer: (event) => insist(() => line.run(offerExchange(event))),
    close: () => line.close(),
    traffic: line.traffic,
    get notice() {
      return line.notice;
    },
    get wantsAuth() {
      return wantsAuth;
    },
  };
}

/** Says what went wrong, for the operator, with the last NOTICE. `ending` is one that is not a whole answer. */
export function problemWith(ending: Ending | SyncAnswer["ending"], notice: string | undefined): string {
  const said = notice === undefined || notice === "" ? "" : `; it says: ${notice}`;
  return printable(`${withoutNotice(ending)}${said}`);
}

function withoutNotice(ending: Ending | SyncAnswer["ending"]): string {
  switch (ending.how) {
    case "closed":
      return `the upstream refused: ${ending.reason}`;
    case "auth":
      return ending.reason;
    case "disconnected":
      return `the connection ended: ${ending.reason}`;
    case "cut":
      return ending.why === "time" ? "the upstream answers too slowly" : "the upstream sends too much data";
    case "unsupported":
      return "the upstream does not speak NIP-77";
    default:
      return "the upstream stopped answering";
  }
}
