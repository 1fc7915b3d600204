/** Stores events in a relay as its admin, and restores what else an export has: batch by batch over HTTP. */
import type { Event } from "../../nostr/event.ts";
import type { Answer } from "../move/import-events.ts";
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

  async restore(states: unknown[][]): Promise<Answer[]> {
    const answers = await this.insist(states, (open, answers) => this.sendLines(open, answers));
    return answers.map((answer) => (answer.kind === "refused" ? answer : { kind: "restored" }));
  }

  protected send(events: Event[], answers: Answers): Promise<Again | undefined> {
    return this.sendLines(events, answers);
  }

  private async sendLines(values: unknown[], answers: Answers): Promise<Again | undefined> {
    const open = [...values.entries()].filter(([at]) => !answers[at]);
    const body = open.map(([, value]) => `${JSON.stringify(value)}\n`).join("");
    const { status, text, retryAfter } = await askAsAdmin(this.relay, PATH, { body, timeout: this.timeout });
    if (status !== 200)
      return { why: `the relay answered ${status}: ${reasonIn(text)}`, seconds: retryAfter };
    const said = valuesOf(text);
    if (said.length !== open.length)
      throw new CommandError(`${this.relay} sent ${said.length} answers to ${open.length} lines`);
    let again: Again | undefined;
    for (const [n, [at]] of open.entries()) {
      const { ok, reason } = said[n] as { ok?: unknown; reason?: unknown };
      const message = typeof reason === "string" ? reason : "";
      const meaning = meaningOf({ accepted: ok === true, message }, { auth: true });
      if ("answer" in meaning) answers[at] = meaning.answer;
      else again = meaning.again;
    }
    return again;
  }
}
