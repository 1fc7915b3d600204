/** The pages of an export, by the way that is asked for. Each is loaded only if it is used: what it needs takes 10 MB of memory. */
import { timeOf } from "../shared/units.ts";
import type { Page } from "../move/page.ts";
import type { RelayPlace } from "./relay-pages.ts";

/** Where an export goes on: a position in the log, or a page of a relay that is asked as a client. */
export type ExportPlace = { log: number } | RelayPlace;

export interface ExportSource {
  /** A state folder, or an address. */
  name: string;
  /** Whether the events are selected and ordered by the relay, which may know nothing of the log. Otherwise they are all of the log. */
  isSelected: boolean;
  /** Whether the events were checked when they were stored, and nobody could change them since. */
  isTrusted: boolean;
  /** How much is done, from 0 to 1, if that is known. */
  share(): number | undefined;
  pages(from: ExportPlace | undefined, problem: (text: string) => void): AsyncGenerator<Page<ExportPlace>>;
}

/** Reads a state folder. */
export function fromState(folder: string): ExportSource {
  let share: number | undefined;
  return {
    name: folder,
    isSelected: false,
    isTrusted: true,
    share: () => share,
    async *pages(from) {
      const { statePages } = await import("./state-pages.ts");
      yield* inLog(statePages(folder, { after: positionOf(from), share: (done) => (share = done) }));
    },
  };
}

/** Asks as an admin. */
export function fromAdmin(relay: string, timeout: number | undefined): ExportSource {
  return {
    name: relay,
    isSelected: false,
    isTrusted: false,
    share: () => undefined,
    async *pages(from) {
      const { logPages } = await import("./log-pages.ts");
      yield* inLog(logPages(relay, { after: positionOf(from), timeout }));
    },
  };
}

interface ClientOptions {
  filter: Record<string, unknown>;
  auth: boolean;
  timeout: number | undefined;
}

/** Asks as a client. */
export function fromRelay(relay: string, { filter, auth, timeout }: ClientOptions): ExportSource {
  return {
    name: relay,
    isSelected: true,
    isTrusted: false,
    share: () => undefined,
    async *pages(from, problem) {
      const { placedPages } = await import("./relay-pages.ts");
      yield* placedPages(relay, filter, {
        auth,
        timeout,
        isCut: (second) => problem(cutText(second)),
        from: from && "log" in from ? undefined : from,
      });
    },
  };
}

function cutText(second: number): string {
  return `the relay sent only a part of the events of ${timeOf(second)} (second ${second}): some may be missing`;
}

function positionOf(place: ExportPlace | undefined): number | undefined {
  return place && "log" in place ? place.log : undefined;
}

async function* inLog(pages: AsyncGenerator<Page<number>>): AsyncGenerator<Page<ExportPlace>> {
  for await (const { events, next } of pages)
    yield { events, next: next === undefined ? undefined : { log: next } };
}
