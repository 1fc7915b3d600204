/** `export`: writes the events of a relay to a file. */
import { resolve } from "node:path";
import { matcher, parseFilter } from "../../nostr/filter.ts";
import { type ExportCounts, exportEvents } from "../move/export-events.ts";
import { onInterrupt } from "../move/on-interrupt.ts";
import { Milestones } from "../move/milestones.ts";
import { openOutput } from "../move/output.ts";
import { showProgress } from "../move/progress.ts";
import { fastVerify } from "../move/read-record.ts";
import { type Saved, SavedPlace } from "../move/saved-place.ts";
import { assertAlone } from "../move/state-option.ts";
import { readOptions } from "../shared/options.ts";
import { note } from "../shared/printing.ts";
import { RELAY_HELP, RELAY_OPTION, relayUrl } from "../shared/relay-option.ts";
import { countOf, severalOf } from "../shared/units.ts";
import { CommandError, UsageError } from "../shared/usage.ts";
import { AUTH_HELP, AUTH_OPTION } from "./auth-option.ts";
import { assertWhole } from "./everything-option.ts";
import { type ExportPlace, type ExportSource, fromAdmin, fromRelay, fromState } from "./export-pages.ts";
import { FILTER_HELP, FILTER_OPTIONS, filterOf } from "./filter-options.ts";
import { readState } from "./log-pages.ts";
import { timeoutHelp, TIMEOUT_OPTION, timeoutOf } from "./timeout-option.ts";

export const summary = "write the events of a relay to a file";
export const help = `Usage: npm run nostr -- export [FILE] [options]

Writes the stored events that match all options to a file, or to standard output, newest first. Each line is
an event. A file whose name ends in .gz or .zst is compressed. The exit status is 1 if events may be missing.

${FILTER_HELP.replace(/ {2}--search.*\n/, "")}  --limit N          write at most N events
  --admin            as an admin of the relay, with the key in NOSTR_SECRET_KEY: everything that is stored,
                     private kinds too, in the order in which it was stored
  --everything       with --admin: also what operators have decided, and the upstreams with their progress
  --state DIR        the same from the state folder of a relay on this machine, which may run: faster
  --resume           go on where an interrupted export to this file has stopped
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
      everything: { type: "boolean", default: false },
      state: { type: "string" },
      resume: { type: "boolean", default: false },
    },
    1,
  );
  const [name = "-"] = positionals;
  if (name === "-" && values.resume)
    throw new UsageError("an export to standard output cannot be resumed: name a file");
  const { limit = Infinity, ...filter } = filterOf(values) as { limit?: number };
  const source = sourceOf(values, filter);
  assertWhole(values, filter);
  const { admin, auth, everything } = values;
  const target = `${source.name} ${JSON.stringify({ ...filter, limit, admin, auth, everything })}`;
  // Before the events: what had been pulled by then is among them.
  const states = everything ? await readState(relayUrl(values.relay), timeoutOf(values.timeout)) : [];
  await exportTo(name, { source, target, filter, limit, resume: values.resume, states });
}

interface SourceValues {
  relay: string;
  state?: string | undefined;
  admin: boolean;
  auth: boolean;
  timeout?: string | undefined;
}

function sourceOf(values: SourceValues, filter: Record<string, unknown>): ExportSource {
  if (values.state !== undefined) {
    assertAlone(values);
    return fromState(resolve(values.state));
  }
  const relay = relayUrl(values.relay);
  const timeout = timeoutOf(values.timeout);
  return values.admin ? fromAdmin(relay, timeout) : fromRelay(relay, { filter, auth: values.auth, timeout });
}

/** After an interruption, what is before it is in FILE.part. */
interface ExportFile extends Saved {
  place: ExportPlace;
  /** The length of FILE.part up to here. */
  length: number;
  counts: ExportCounts;
  /** Why events may be missing. */
  problems: string[];
}

interface FileOptions {
  source: ExportSource;
  /** From where the events come, and which. */
  target: string;
  filter: Record<string, unknown>;
  limit: number;
  resume: boolean;
  /** The lines after the events. */
  states: string[];
}

async function exportTo(
  name: string,
  { source, target, filter, limit, resume, states }: FileOptions,
): Promise<void> {
  const parsed = parseFilter(source.isSelected ? {} : filter);
  if (!parsed.ok) throw new UsageError(parsed.reason);
  const file = name === "-" ? undefined : exportFileOf(name);
  const saved = resume ? file?.read(target) : undefined;
  if (resume && !saved) note(`no export to ${name} was interrupted: starting at its beginning`);
  const counts = saved?.counts ?? { written: 0, hidden: 0, invalid: 0 };
  const problems = new Set(saved?.problems);
  const output = await openOutput(name, saved?.length);
  if (!saved) file?.remove();
  let isKept = saved !== undefined;
  const milestones = new Milestones<{ place: ExportPlace; counts: ExportCounts }>(async (reached) => {
    const length = await output.settle();
    file?.save({ version: 1, target, length, problems: [...problems], ...reached });
    isKept = true;
  });
  const interrupted = file ? onInterrupt() : new AbortController().signal;
  try {
    using _progress = showProgress("events", () => ({ count: counts.written, share: source.share() }));
    await exportEvents(
      source.pages(saved?.place, (problem) => problems.add(problem)),
      {
        output,
        counts,
        limit,
        matches: matcher(parsed.filter),
        verify: source.isTrusted ? undefined : fastVerify(),
        reached: (place) => milestones.reached({ place, counts: { ...counts } }),
        signal: interrupted,
      },
    );
    if (interrupted.aborted) throw new CommandError("interrupted");
    for (const line of states) await output.write(line);
    await output.finish();
  } catch (error) {
    await milestones.finish().catch(() => undefined);
    await output.leave(isKept);
    if (!isKept || !(error instanceof CommandError)) throw error;
    throw new CommandError(
      `${error.message}: ${severalOf(counts.written, "event")} so far; --resume goes on`,
    );
  }
  file?.remove();
  note(
    states.length === 0
      ? textOf(counts)
      : `${textOf(counts)}; ${countOf(states.length)} decisions and upstreams`,
  );
  if (counts.invalid > 0) problems.add(`left out, because invalid: ${severalOf(counts.invalid, "event")}`);
  if (problems.size > 0) throw new CommandError([...problems].join("; "));
}

function exportFileOf(name: string): SavedPlace<ExportFile> {
  return new SavedPlace({
    path: `${name}.export`,
    what: "export",
    isValid: ({ length, counts, place, problems }) =>
      [length, counts?.written, counts?.hidden, counts?.invalid].every(Number.isSafeInteger) &&
      typeof place === "object" &&
      Array.isArray(problems),
  });
}

function textOf({ written, hidden }: ExportCounts): string {
  const all = severalOf(written, "event");
  return hidden === 0
    ? all
    : `${all}, ${countOf(hidden)} of them of private kinds: keep the file as you keep the database`;
}
