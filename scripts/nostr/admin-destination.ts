/** Stores events in a relay as its admin: batch by batch over HTTP. */
import type { Event } from "../../nostr/event.ts";
import { CommandError } from "../shared/usage.ts";
import { askAsAdmin, reasonIn, valuesOf } from "./admin-lines.ts";
import { type Again, type Answers, meaningOf, RetryingDestination } from "./retrying-destination.ts";

const PATH = "api/v1/import";

export class AdminDestination extends RetryingDestination {
  private readonly timeout: number | undefined;

  constructor(relay: string, timeout: number | undefined) {
    super(relay);
    this.timeout = timeout;
  }

  /** Imports nothing, which says whether the key may. */
  async reach(): Promise<void> {
    await this.send([], []);
  }

  protected async send(events: Event[], answers: Answers): Promise<Again | undefined> {
    const open = [...events.entries()].filter(([at]) => !answers[at]);
    const body = open.map(([, event]) => `${JSON.stringify(event)}\n`).join("");
    const { status, text, retryAfter } = await askAsAdmin(this.relay, PATH, { body, timeout: this.timeout });
    if (status !== 200)
      return { why: `the relay answered ${status}: ${reasonIn(text)}`, seconds: retryAfter };
    const values = valuesOf(text);
    if (values.length !== open.length)
      throw new CommandError(`${this.relay} sent ${values.length} answers to ${open.length} events`);
    let again: Again | undefined;
    for (const [n, [at]] of open.entries()) {
      const { ok, reason } = values[n] as { ok?: unknown; reason?: unknown };
      const message = typeof reason === "string" ? reason : "";
      const meaning = meaningOf({ accepted: ok === true, message }, { auth: true });
      if ("answer" in meaning) answers[at] = meaning.answer;
      else again = meaning.again;
    }
    return again;
  }
}
