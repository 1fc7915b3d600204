/** Everything that is in the state folder of a relay, in the order of its log. The relay may run meanwhile. */
import { openSqlite } from "../../platforms/sqlite.ts";
import { createStore } from "../../store/sql/sql-store.ts";
import { eventFileIn } from "../move/state-folder.ts";
import type { Page } from "../move/page.ts";

/** Fewer if they are long. */
const PAGE = 500;

/** Returns all events after a position of the log, page by page. `share` is called with how much of the log is read, from 0 to 1. */
export async function* statePages(
  folder: string,
  { after = 0, share }: { after?: number | undefined; share(done: number): void },
): AsyncGenerator<Page<number>> {
  // It is neither changed nor locked: with a write-ahead log, readers and the writer do not disturb each other. No transaction lasts
  // longer than one page, because the log could not be emptied meanwhile.
  const db = openSqlite(eventFileIn(folder), { readOnly: true });
  try {
    const store = createStore(db);
    for (let from = after; ;) {
      const { events, head } = await store.log(from, PAGE);
      const last = events.at(-1);
      if (!last) return;
      share(last.seq / head);
      yield { events: events.map(({ json }) => JSON.parse(json) as unknown), next: last.seq };
      from = last.seq;
    }
  } finally {
    db.close();
  }
}
