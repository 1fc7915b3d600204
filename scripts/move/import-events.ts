/** Reads lines and stores their events, batch by batch. Holds a bounded number of bytes, however long the source is. */
import { Candidate } from "../../nostr/candidate.ts";
import type { Event } from "../../nostr/event.ts";
import type { Verify } from "../../nostr/signature.ts";
import type { Line } from "./lines.ts";
import { readRecord } from "./read-record.ts";
import type { Fate, Tally } from "./tally.ts";

/** What became of an event or of a line. */
export type Answer = { kind: Exclude<Fate, "refused"> } | { kind: "refused"; reason: string };

/** Where events go. */
export interface Destination {
  /** Stores events. Resolves with one answer for each, in the same order. Rejects if it cannot go on. */
  store(events: Event[]): Promise<Answer[]>;
  /** The same for what else an export has. Absent: it cannot. */
  restore?(states: unknown[][]): Promise<Answer[]>;
}

/** Everything up to here is done. */
export interface Position {
  number: number;
  end: number;
}

export interface ImportOptions {
  destination: Destination;
  tally: Tally;
  /** Absent if ids and signatures are not checked. */
  verify: Verify | undefined;
  matches(candidate: Candidate): boolean;
  /** Whether decisions and upstreams are restored. */
  isRestoring: boolean;
  /** Called after each batch. The next one is counted when it has resolved. */
  reached(position: Position): Promise<void>;
  /** Ends the import after the batches that are on their way. */
  signal: AbortSignal;
}

const BATCH_LINES = 200;
const BATCH_BYTES = 1_000_000;
/** Restored at once: as many as a relay accepts. */
const BATCH_STATES = 20;
/** Batches on their way. With the longest lines these are 9 MB of text. */
const BATCHES = 3;

/** Lines in the order of the source. */
interface Batch {
  lines: { number: number; answer?: Answer }[];
  /** A batch has either events or what else an export has. */
  events: Event[];
  states: unknown[][];
  bytes: number;
}

function emptyBatch(): Batch {
  return { lines: [], events: [], states: [], bytes: 0 };
}

/** Stores the events of the lines. Resolves when all are stored; rejects if the source or the destination fails. */
export async function importEvents(lines: AsyncIterable<Line>, options: ImportOptions): Promise<void> {
  const sent: Promise<void>[] = [];
  const send = async (batch: Batch, position: Position) => {
    const done = storeBatch(batch, position, { ...options, before: sent.at(-1) });
    // The error is thrown when this batch is awaited, and must not end the program before.
    done.catch(() => undefined);
    sent.push(done);
    if (sent.length >= BATCHES) await sent.shift();
  };
  let batch = emptyBatch();
  let position: Position | undefined;
  let failure: { error: unknown } | undefined;
  // If the source cannot be read to its end, what came before is stored.
  const readable = untilFailure(lines, (error) => (failure = { error }));
  for await (const line of readable) {
    if (options.signal.aborted) break;
    const read = readLine(line, options);
    const isOther =
      ("event" in read && batch.states.length > 0) || ("state" in read && batch.events.length > 0);
    if (position && isOther) {
      await send(batch, position);
      batch = emptyBatch();
    }
    position = { number: line.number, end: line.end };
    batch.lines.push({ number: line.number, ...("answer" in read && read) });
    if ("event" in read) batch.events.push(read.event);
    if ("state" in read) batch.states.push(read.state);
    // Lines without an event count too, so that the position moves on.
    batch.bytes += line.bytes?.length ?? 0;
    const isFull = batch.lines.length >= BATCH_LINES || batch.states.length >= BATCH_STATES;
    if (isFull || batch.bytes >= BATCH_BYTES) {
      await send(batch, position);
      batch = emptyBatch();
    }
  }
  if (position) await send(batch, position);
  for (const done of sent) await done;
  if (failure) throw failure.error;
}

async function* untilFailure<T>(
  items: AsyncIterable<T>,
  failed: (error: unknown) => void,
): AsyncGenerator<T> {
  try {
    yield* items;
  } catch (error) {
    failed(error);
  }
}

/** Stores a batch, and counts its lines after those of the batch before. */
async function storeBatch(
  { lines, events, states }: Batch,
  position: Position,
  { destination, tally, reached, before }: ImportOptions & { before: Promise<void> | undefined },
): Promise<void> {
  // A decision may refuse what was stored before it.
  if (states.length > 0) await before;
  const work =
    states.length > 0 ? destination.restore?.(states) : events.length > 0 && destination.store(events);
  const [answers] = await Promise.all([work || [], before]);
  const next = answers.values();
  for (const { number, answer = next.next().value } of lines) {
    if (!answer) throw new Error(`line ${number} has no answer`);
    if (answer.kind === "refused") tally.refuse(`line ${number}`, answer.reason);
    else tally.add(answer.kind);
  }
  await reached(position);
}

type Read = { event: Event } | { state: unknown[] } | { answer: Answer };

/** Returns the event to store, or what the line is otherwise. */
function readLine(line: Line, { verify, matches, isRestoring }: ImportOptions): Read {
  const record = readRecord(line, verify);
  if (record.kind === "refused") return { answer: record };
  if (record.kind === "state")
    return isRestoring ? { state: record.value } : { answer: { kind: "unrestored" } };
  if (record.kind !== "event") return { answer: { kind: record.kind } };
  return matches(new Candidate(record.event)) ? record : { answer: { kind: "filtered" } };
}
