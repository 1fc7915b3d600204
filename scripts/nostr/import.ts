/** `import`: stores the events of a file in a relay. */
import { resolve } from "node:path";
import { matcher, parseFilter } from "../../nostr/filter.ts";
import { importEvents, type Position } from "../move/import-events.ts";
import { linesOf } from "../move/lines.ts";
import { Milestones } from "../move/milestones.ts";
import { showProgress } from "../move/progress.ts";
import { fastVerify } from "../move/read-record.ts";
import { ResumeFile } from "../move/resume.ts";
import { onInterrupt } from "../move/on-interrupt.ts";
import { openSource } from "../move/source.ts";
import { type Counts, Tally } from "../move/tally.ts";
import { assertAlone } from "../move/state-option.ts";
import { readOptions } from "../shared/options.ts";
import { note, print } from "../shared/printing.ts";
import { RELAY_HELP, RELAY_OPTION, relayUrl } from "../shared/relay-option.ts";
import { readSettings, SETTINGS_OPTIONS } from "../shared/settings-option.ts";
import { countOf } from "../shared/units.ts";
import { CommandError, UsageError } from "../shared/usage.ts";
import { AUTH_HELP, AUTH_OPTION } from "./auth-option.ts";
import { FILTER_HELP, FILTER_OPTIONS, filterOf } from "./filter-options.ts";
import { assertWhole } from "./everything-option.ts";
import type { OpenDestination } from "./open-destination.ts";
import { timeoutHelp, TIMEOUT_OPTION, timeoutOf } from "./timeout-option.ts";

export const summary = "store the events of a file in a relay";
export const help = `Usage: npm run nostr -- import FILE [options]

Stores the events of a file, or of standard input (-), in a relay. Each line is an event, or a frame such as
["EVENT", {…}]. The file may be compressed with gzip or zstd. The exit status is 1 if anything was refused.

  --admin            as an admin of the relay, with the key in NOSTR_SECRET_KEY: without limits, also events that
                     only their authors may publish
  --state DIR        into the state folder of a relay on this machine that is stopped: faster. Start with
                     the same --var and --config as the relay
  --everything       with --admin: restore the decisions and upstreams too that export --everything wrote.
                     Only from a file that you trust: it may change who can read and write
  --resume           go on where an interrupted import of this file has stopped
  --trusted          do not check ids and signatures here; a relay still does, but with --state nobody does
${FILTER_HELP.replace("; best match first", "")}${AUTH_HELP}${timeoutHelp("30")}${RELAY_HELP}`;

const { limit: _limit, ...CONDITIONS } = FILTER_OPTIONS;
const { upstream: _upstream, ...STATE_SETTINGS } = SETTINGS_OPTIONS;

export async function run(args: string[]): Promise<void> {
  const { values, positionals } = readOptions(
    args,
    {
      ...RELAY_OPTION,
      ...AUTH_OPTION,
      ...TIMEOUT_OPTION,
      ...CONDITIONS,
      ...STATE_SETTINGS,
      admin: { type: "boolean", default: false },
      everything: { type: "boolean", default: false },
      state: { type: "string" },
      resume: { type: "boolean", default: false },
      trusted: { type: "boolean", default: false },
    },
    1,
  );
  const [name] = positionals;
  if (name === undefined) throw new UsageError("the file is missing: name one, or - for standard input");
  if (name === "-" && values.resume)
    throw new UsageError("standard input cannot be resumed: import it again, duplicates are harmless");
  const filter = filterOf(values);
  assertWhole(values, filter);
  const { place, destination } = await destinationOf(values);
  const target = `${place} ${JSON.stringify(filter)}${values.everything ? " everything" : ""}`;
  try {
    await importFile(name, { ...values, filter, destination, target });
  } finally {
    await destination.close();
  }
}

interface DestinationValues {
  relay: string;
  state?: string | undefined;
  admin: boolean;
  auth: boolean;
  timeout?: string | undefined;
  config?: string | undefined;
  var: string[];
}

/** Returns where the events go, and its name. */
async function destinationOf(
  values: DestinationValues,
): Promise<{ place: string; destination: OpenDestination }> {
  const { state } = values;
  // Each is loaded only if it is used: what it needs takes 10 MB of memory.
  if (state !== undefined) {
    assertAlone(values);
    const settings = readSettings({ ...values, upstream: [] });
    const { StateDestination } = await import("./state-destination.ts");
    return { place: resolve(state), destination: new StateDestination(state, settings) };
  }
  const relay = relayUrl(values.relay);
  const timeout = timeoutOf(values.timeout);
  if (values.admin) {
    const { AdminDestination } = await import("./admin-destination.ts");
    return { place: relay, destination: new AdminDestination(relay, timeout) };
  }
  const { RelayDestination } = await import("./relay-destination.ts");
  return { place: relay, destination: new RelayDestination(relay, { auth: values.auth, timeout }) };
}

interface FileOptions {
  filter: Record<string, unknown>;
  destination: OpenDestination;
  /** Where the events go, and which. */
  target: string;
  resume: boolean;
  trusted: boolean;
  everything: boolean;
}

async function importFile(name: string, options: FileOptions): Promise<void> {
  const { filter, destination, target, resume, trusted, everything } = options;
  const parsed = parseFilter(filter);
  if (!parsed.ok) throw new UsageError(parsed.reason);
  const resumeFile = name === "-" ? undefined : new ResumeFile(name, target);
  const saved = resume ? resumeFile?.read() : undefined;
  if (resume && !saved) note(`no import of ${name} was interrupted: starting at its beginning`);
  await destination.reach();
  const source = await openSource(name, saved?.position.end);
  const tally = new Tally(saved?.counts);
  const interrupted = onInterrupt();
  const milestones = new Milestones<{ position: Position; counts: Counts }>(async ({ position, counts }) => {
    await destination.settle?.();
    resumeFile?.save(position, counts);
  });
  {
    using _progress = showProgress("lines", () => ({
      count: tally.lines,
      ...(source.size && { share: source.read() / source.size }),
    }));
    try {
      await importEvents(linesOf(source.bytes, saved?.position), {
        destination,
        tally,
        verify: trusted ? undefined : fastVerify(),
        matches: matcher(parsed.filter),
        isRestoring: everything,
        reached: (position) => milestones.reached({ position, counts: { ...tally.counts } }),
        signal: interrupted,
      });
    } catch (error) {
      if (tally.lines > 0) note(`before the end: ${tally.text}`);
      throw error;
    } finally {
      await milestones.finish();
    }
  }
  if (interrupted.aborted) throw new CommandError(`interrupted: ${tally.text}; --resume goes on`);
  resumeFile?.remove();
  await print(tally.text);
  if (tally.counts.refused > 0) throw new CommandError(refusedText(tally.counts.refused));
}

function refusedText(refused: number): string {
  return refused === 1 ? "one line was refused" : `${countOf(refused)} lines were refused`;
}
