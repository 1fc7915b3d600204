/** Event streams: how the Worker asks a hub for one, and how the hub serves it. */
import { answerStream } from "../http/stream.ts";
import { refusalResponse } from "../http/refusal.ts";
import { wait } from "../platforms/clock.ts";
import { report } from "../platforms/report.ts";
import type { Hub } from "../relay/session/hub.ts";
import type { StreamRequest } from "../relay/session/streams.ts";
import type { Hubs } from "./connect.ts";

/** Worker and hub may be of different deployments for a moment. */
interface StreamMessage {
  version: 1;
  asked: StreamRequest;
}

/** A proxy in between may end a connection that is silent for half a minute. */
const BEAT_MILLISECONDS = 15_000;

export function createOpenStream(hubs: Hubs) {
  return (request: Request, asked: StreamRequest): Promise<Response> => {
    const message: StreamMessage = { version: 1, asked };
    const body = JSON.stringify(message);
    return hubs(request, (hub) => hub.fetch("https://hub/stream", { method: "POST", body }));
  };
}

/** Serves the streams of one hub. */
export class HubStreams {
  private readonly hub: Hub;
  private readonly background: (work: Promise<void>) => void;
  private isBeating = false;

  constructor(hub: Hub, background: (work: Promise<void>) => void) {
    this.hub = hub;
    this.background = background;
  }

  /** Answers a request of `createOpenStream`. Rejects if the database does not answer. */
  async answer(request: Request): Promise<Response> {
    const { version, asked } = await request.json<StreamMessage>();
    if (version !== 1) throw new Error(`a stream was asked for in version ${String(version)}`);
    const limited = this.hub.refusalOf(asked.ip) ?? this.hub.crowding(asked.ip);
    if (limited) return refusalResponse(limited);
    const response = await answerStream(this.hub, asked, report);
    if (!this.isBeating) {
      this.isBeating = true;
      this.background(this.beat());
    }
    return response;
  }

  /** The timer also keeps the object from hibernating: a stream would not survive that. */
  private async beat(): Promise<void> {
    while (this.hub.streams.size > 0) {
      await wait(BEAT_MILLISECONDS);
      await this.hub.streams.beat();
    }
    this.isBeating = false;
  }
}
