/** Everything that a relay stores, in the order of its log, for its admins. */
import { parseEvent } from "../../nostr/event.ts";
import { anyMatcher, parseFilter } from "../../nostr/filter.ts";
import { note } from "../shared/printing.ts";
import { lengthOf } from "../shared/units.ts";
import { CommandError, UsageError } from "../shared/usage.ts";
import { askAsAdmin, reasonIn, valuesOf } from "./admin-lines.ts";

/** So often a request is repeated that the relay cannot answer now. */
const ATTEMPTS = 5;
const LONGEST_PAUSE_SECONDS = 60;

/** Returns the events that match, page by page. The relay sends all; they are selected here. */
export async function* logPages(
  relay: string,
  filter: Record<string, unknown>,
  timeout: number | undefined,
): AsyncGenerator<unknown[]> {
  const parsed = parseFilter(filter);
  if (!parsed.ok) throw new UsageError(parsed.reason);
  const matches = anyMatcher([parsed.filter]);
  const isWanted = (value: unknown) => {
    const event = parseEvent(value);
    // An invalid event is reported where it would be written.
    return !event.ok || matches(event.event);
  };
  for (let path: string | undefined = "api/v1/export"; path !== undefined;) {
    const { text, next } = await ask(relay, path, timeout);
    if (next === path) throw new CommandError("the relay sent the same position again");
    yield valuesOf(text).filter(isWanted);
    path = next;
  }
}

async function ask(relay: string, path: string, timeout: number | undefined) {
  for (let attempt = 1; ; attempt += 1) {
    const answer = await askAsAdmin(relay, path, { timeout });
    if (answer.status === 200) return answer;
    const failure = `the relay answered ${answer.status}: ${reasonIn(answer.text)}`;
    if (attempt === ATTEMPTS) throw new CommandError(failure);
    const seconds = Math.min(LONGEST_PAUSE_SECONDS, Math.max(answer.retryAfter, 0.5 * 2 ** (attempt - 1)));
    note(`${failure}; asking again in ${lengthOf(Math.ceil(seconds))}`);
    await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
  }
}
