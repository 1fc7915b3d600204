/** `export`: writes the events of a relay to a file. */
import { parseEvent } from "../../nostr/event.ts";
import { forgeryOf, type Verify } from "../../nostr/signature.ts";
import { nativeEventId } from "../../platforms/event-id.ts";
import { openOutput, type Output } from "../move/output.ts";
import { showProgress } from "../move/progress.ts";
import { fastVerify } from "../move/read-record.ts";
import { readOptions } from "../shared/options.ts";
import { note } from "../shared/printing.ts";
import { RELAY_HELP, RELAY_OPTION, relayUrl } from "../shared/relay-option.ts";
import { countOf, timeOf } from "../shared/units.ts";
import { CommandError } from "../shared/usage.ts";
import { AUTH_HELP, AUTH_OPTION } from "./auth-option.ts";
import { FILTER_HELP, FILTER_OPTIONS, filterOf } from "./filter-options.ts";
import { logPages } from "./log-pages.ts";
import { relayPages } from "./relay-pages.ts";
import { timeoutHelp, TIMEOUT_OPTION, timeoutOf } from "./timeout-option.ts";

export const summary = "write the events of a relay to a file";
export const help = `Usage: npm run nostr -- export [FILE] [options]

Writes the stored events that match all options to a file, or to standard output, newest first. Each line is
an event. A file whose name ends in .gz or .zst is compressed. The exit status is 1 if events may be missing.

${FILTER_HELP.replace(/ {2}--search.*\n/, "")}  --limit N          write at most N events
  --admin            as an admin of the relay, with the key in NOSTR_SECRET_KEY: everything that is stored,
                     private kinds too, in the order in which it was stored
${AUTH_HELP}${timeoutHelp("60")}${RELAY_HELP}`;

const { search: _search, ...OPTIONS } = FILTER_OPTIONS;

export async function run(args: string[]): Promise<void> {
  const { values, positionals } = readOptions(
    args,
    {
      ...RELAY_OPTION,
      ...AUTH_OPTION,
      ...TIMEOUT_OPTION,
      ...OPTIONS,
      admin: { type: "boolean", default: false },
    },
    1,
  );
  const relay = relayUrl(values.relay);
  const { limit = Infinity, ...filter } = filterOf(values) as { limit?: number };
  const problems: string[] = [];
  const timeout = timeoutOf(values.timeout);
  const ordinary = () =>
    relayPages(relay, filter, {
      auth: values.auth,
      timeout,
      isCut: (second) =>
        void problems.push(
          `the relay sent only a part of the events of ${timeOf(second)} (second ${second}): some may be missing`,
        ),
    });
  const pages = values.admin ? logPages(relay, filter, timeout) : ordinary();
  const output = openOutput(positionals[0] ?? "-");
  try {
    const { written, invalid } = await writeEvents(pages, output, limit);
    await output.finish();
    note(`${countOf(written)} events`);
    if (invalid > 0) problems.push(`${countOf(invalid)} events were invalid, and were left out`);
  } catch (error) {
    output.drop();
    throw error;
  }
  if (problems.length > 0) throw new CommandError(problems.join("; "));
}

async function writeEvents(
  pages: AsyncIterable<unknown[]>,
  output: Output,
  limit: number,
): Promise<{ written: number; invalid: number }> {
  const verify = fastVerify();
  let [written, invalid] = [0, 0];
  using _progress = showProgress("events", () => ({ count: written }));
  for await (const page of pages) {
    for (const value of page) {
      if (written === limit) return { written, invalid };
      const line = lineOf(value, verify);
      if (line === undefined) invalid += 1;
      else {
        await output.write(line);
        written += 1;
      }
    }
    if (written === limit) break;
  }
  return { written, invalid };
}

/** Returns the event as JSON. Undefined, with a note, if it is not valid: the relay is not trusted. */
function lineOf(value: unknown, verify: Verify): string | undefined {
  const parsed = parseEvent(value);
  const reason = parsed.ok ? forgeryOf(parsed.event, verify, nativeEventId) : parsed.reason;
  if (parsed.ok && reason === undefined) return JSON.stringify(parsed.event);
  note(`skipped an invalid event: ${reason}`);
  return undefined;
}
