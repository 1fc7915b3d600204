/** Everything that a relay stores, in the order of its log, for its admins. */
import { note } from "../shared/printing.ts";
import type { Page } from "../move/page.ts";
import { lengthOf } from "../shared/units.ts";
import { CommandError } from "../shared/usage.ts";
import { askAsAdmin, reasonIn, valuesOf } from "./admin-lines.ts";

const PATH = "api/v1/export";
/** So often a request is repeated that the relay cannot answer now. */
const ATTEMPTS = 5;
const LONGEST_PAUSE_SECONDS = 60;

/** Returns all events after a position of the log, page by page. */
export async function* logPages(
  relay: string,
  { after = 0, timeout }: { after?: number | undefined; timeout: number | undefined },
): AsyncGenerator<Page<number>> {
  for (let from: number | undefined = after; from !== undefined;) {
    const { text, next } = await ask(relay, `${PATH}?after=${from}`, timeout);
    const position: number | undefined = next === undefined ? undefined : positionIn(next);
    if (position !== undefined && position <= from)
      throw new CommandError("the relay sent the same position again");
    yield { events: valuesOf(text), next: position };
    from = position;
  }
}

/** Returns what a relay is besides its events, as lines of JSON. */
export async function readState(relay: string, timeout: number | undefined): Promise<string[]> {
  const { text } = await ask(relay, `${PATH}?of=state`, timeout);
  return valuesOf(text).map((value) => JSON.stringify(value));
}

function positionIn(path: string): number {
  const position = Number(/^api\/v1\/export\?after=(\d{1,16})$/.exec(path)?.[1]);
  if (Number.isSafeInteger(position)) return position;
  throw new CommandError("the relay sent something that is not a position in its log");
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
