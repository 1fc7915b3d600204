/**
 * Event streams: clients that only listen. Each is a session of the hub with one subscription. A stream tells its client positions
 * of the log, so that the client can come back and get what it missed, at this hub or another.
 *
 * A position is the id of an event that anybody may see. A number would tell how many private events are stored.
 */
import type { Filter } from "../../nostr/filter.ts";
import { isHex64 } from "../../nostr/event.ts";
import type { Refusal } from "../../nostr/message.ts";
import type { NewestEvent, Store } from "../../store/store.ts";
import type { Feed } from "../live/feed.ts";
import { readerOf, viewOf } from "./reader.ts";
import { request, type Requested, type RequestDeps } from "./request.ts";
import type { Identity, Session, SessionMemory, Socket } from "./session.ts";

/** The id of the only subscription of a stream. */
export const STREAM = "stream";

/** After this many seconds a stream ends. Its client comes back, and may reach another hub. */
const LONGEST_SECONDS = 3600;

const UNKNOWN = "this position is not known here (any more): events since then may be missing";
const TOO_OLD = "too much was stored since this position: events since then may be missing";

/** The client's side of a stream. It is also sent the frames of its subscription. */
export interface StreamSocket extends Socket {
  /** Everything up to this position was sent, or will be sent before the end of the stored events. */
  startsAt(position: string): void;
  /** The client gave a position from which it cannot go on. It gets stored events as a new client does. */
  reset(reason: string): void;
  /** Refuses the stream. */
  refuse(refusal: Refusal): void;
  /** Returns why the subscription was closed before it had sent anything, and forgets it. */
  takeRefusal(): Refusal | undefined;
  /** Shows that the stream is alive. Everything up to `position` was sent, if it is given. */
  beat(position?: string): void;
  /** Ends the stream. Its client comes back. */
  finish(): void;
}

/** What the client of a stream has asked for. */
export interface StreamRequest {
  /** Unlike in a REQ, a filter without a limit asks for no stored events. */
  filters: Filter[];
  /** Keys that have signed the request. */
  keys: string[];
  /** The client's IP address; undefined if the platform does not tell. */
  ip: string | undefined;
  /** A position that an earlier stream told. */
  after: string | undefined;
}

export interface StreamsDeps extends RequestDeps {
  store: RequestDeps["store"] & Pick<Store, "newestPublic">;
  feed: RequestDeps["feed"] & Pick<Feed<Session>, "expect">;
  /** Adds a session to the hub. */
  open(socket: Socket, memory: SessionMemory, identity: Identity): Session;
  /** Removes a session from the hub. */
  close(session: Session): void;
}

export class Streams {
  private readonly deps: StreamsDeps;
  private readonly byClient = new Map<StreamSocket, { session: Session; until: number }>();
  private newest: NewestEvent | undefined;

  constructor(deps: StreamsDeps) {
    this.deps = deps;
  }

  get size(): number {
    return this.byClient.size;
  }

  /** Serves a stream. Resolves at the end of its stored events. Rejects if the database does not answer. */
  async open(socket: StreamSocket, { filters, keys, ip, after }: StreamRequest): Promise<void> {
    const { deps } = this;
    const identity = { challenge: "", isChallenged: true, addresses: [], ip, keys };
    const session = deps.open(socket, NOT_KEPT, identity);
    this.byClient.set(socket, { session, until: deps.now() + LONGEST_SECONDS });
    socket.startsAt(positionOf(await deps.store.newestPublic()));
    if (after !== undefined && (await this.goOn(socket, session, { filters, after }))) return;
    const asked = filters.map((filter) => ({ ...filter, limit: filter.limit ?? 0 }));
    await this.ask(socket, session, { filters: asked });
    const refusal = socket.takeRefusal();
    if (refusal) socket.refuse(refusal);
  }

  /** Call this when a client has left. */
  close(socket: StreamSocket): void {
    const stream = this.byClient.get(socket);
    this.byClient.delete(socket);
    if (stream) this.deps.close(stream.session);
  }

  /** Ends all streams: the relay restarts. Their clients come back. */
  endAll(): void {
    for (const socket of this.byClient.keys()) {
      this.close(socket);
      socket.finish();
    }
  }

  /**
   * Shows all clients that their streams are alive, and tells them how far they are. Call it several times a minute. It reads the
   * end of the log, so a stream also gets what no delivery has brought.
   */
  async beat(): Promise<void> {
    const { store, feed, now, report } = this.deps;
    const { newest } = this;
    const isCovered = newest !== undefined && (feed.position.at ?? -1) >= newest.seq;
    const position = isCovered ? positionOf(newest) : undefined;
    for (const [socket, { session, until }] of this.byClient) {
      const subscription = session.subscriptions.get(STREAM);
      socket.beat(subscription?.isLive === true ? position : undefined);
      if (now() < until) continue;
      this.close(socket);
      socket.finish();
    }
    try {
      this.newest = await store.newestPublic();
      if (this.newest) feed.expect(this.newest.seq);
    } catch (error) {
      report(error);
    }
  }

  /** Subscribes, unless the client has left meanwhile: then its session is no longer in the hub. */
  private async ask(socket: StreamSocket, session: Session, asked: Omit<Requested, "id">): Promise<void> {
    if (this.byClient.has(socket)) await request(this.deps, session, { ...asked, id: STREAM });
  }

  /** Sends what a client has missed. Returns whether that was possible, or refused for good. */
  private async goOn(
    socket: StreamSocket,
    session: Session,
    { filters, after }: { filters: Filter[]; after: string },
  ): Promise<boolean> {
    const found = await this.find(session, after);
    if (typeof found === "object") {
      socket.refuse(found);
      return true;
    }
    if (found === undefined) {
      socket.reset(UNKNOWN);
      return false;
    }
    await this.ask(socket, session, { filters, after: found });
    const refusal = socket.takeRefusal();
    if (refusal?.prefix !== "error") {
      if (refusal) socket.refuse(refusal);
      return true;
    }
    socket.reset(TOO_OLD);
    return false;
  }

  /** Returns the place of a position in the log. Undefined if it is not known: its event may be gone. */
  private async find(session: Session, position: string): Promise<number | undefined | Refusal> {
    const [version, id = ""] = position.split(".");
    if (version !== VERSION) return undefined;
    if (id === BEGINNING) return 0;
    if (!isHex64(id)) return undefined;
    const { store, reads, access, now } = this.deps;
    const query = { filter: { ids: [id], tags: [] }, view: viewOf(session, now()), limit: 1 };
    const outcome = await reads.run({
      reader: readerOf(session, access),
      filters: [query.filter],
      work: () => store.read([query]),
      owner: session,
    });
    if (outcome.kind === "refused") return outcome.refusal;
    return outcome.kind === "dropped" ? undefined : outcome.value.answers[0]?.events[0]?.seq;
  }
}

/** Of what a position consists. Clients send it back, also to a later version of the relay. */
const VERSION = "1";
const BEGINNING = "0";

function positionOf(newest: NewestEvent | undefined): string {
  return positionAt(newest?.id ?? BEGINNING);
}

/** Returns the position of an event. */
export function positionAt(id: string): string {
  return `${VERSION}.${id}`;
}

/** The hub does not hibernate while a stream is open. If it is restarted, the stream ends. */
const NOT_KEPT: SessionMemory = {
  expectMore: () => undefined,
  keep: () => undefined,
  forget: () => undefined,
  keepIdentity: () => undefined,
};
