/** Writes events page by page, so that an interrupted export can go on after a page. */
import { Candidate } from "../../nostr/candidate.ts";
import { type Event, parseEvent } from "../../nostr/event.ts";
import { forgeryOf, type Verify } from "../../nostr/signature.ts";
import { PRIVATE_KINDS } from "../../nostr/visibility.ts";
import { nativeEventId } from "../../platforms/event-id.ts";
import { note } from "../shared/printing.ts";
import type { Output } from "./output.ts";
import type { Page } from "./page.ts";

export interface ExportCounts {
  written: number;
  /** Of those that were written. */
  hidden: number;
  invalid: number;
}

interface ExportOptions<Place> {
  output: Output;
  counts: ExportCounts;
  /** Maximum number of events in all. */
  limit: number;
  matches(candidate: Candidate): boolean;
  /** Absent if ids and signatures are not checked. */
  verify: Verify | undefined;
  /** Called after each page but the last one. */
  reached(place: Place): Promise<void>;
  /** Ends the export after a page. */
  signal: AbortSignal;
}

/** Resolves when all pages are written, or when the limit is reached or the signal given. */
export async function exportEvents<Place>(
  pages: AsyncIterable<Page<Place>>,
  { output, counts, limit, matches, verify, reached, signal }: ExportOptions<Place>,
): Promise<void> {
  for await (const { events, next } of pages) {
    const lines: string[] = [];
    for (const value of events) {
      if (counts.written >= limit) break;
      const event = validEvent(value, verify);
      if (!event) counts.invalid += 1;
      else if (matches(new Candidate(event))) {
        lines.push(JSON.stringify(event));
        counts.written += 1;
        if (PRIVATE_KINDS.includes(event.kind)) counts.hidden += 1;
      }
    }
    for (const line of lines) await output.write(line);
    if (counts.written >= limit) return;
    if (next !== undefined) await reached(next);
    if (signal.aborted) return;
  }
}

/** Undefined, with a note, if the event is not valid: the relay is not trusted. */
function validEvent(value: unknown, verify: Verify | undefined): Event | undefined {
  const parsed = parseEvent(value);
  const reason = parsed.ok ? verify && forgeryOf(parsed.event, verify, nativeEventId) : parsed.reason;
  if (parsed.ok && reason === undefined) return parsed.event;
  note(`skipped an invalid event: ${reason}`);
  return undefined;
}
