/** The end of the public part of the log. */
import { PRIVATE_KINDS } from "../../nostr/visibility.ts";
import type { Database } from "../database/database.ts";
import type { NewestEvent } from "../store.ts";

/** Maximum number of private events at the end of the log that are passed over. */
const LOOKED_AT = 1000;

/** Almost always this looks at one event. */
const NEWEST = `SELECT seq, lower(hex(id)) AS id FROM (SELECT seq, id, kind FROM event ORDER BY seq DESC LIMIT ${LOOKED_AT})
  WHERE kind NOT IN (${PRIVATE_KINDS.join(", ")}) ORDER BY seq DESC LIMIT 1`;

/** See `Store.newestPublic`. */
export async function newestPublic(db: Database): Promise<NewestEvent | undefined> {
  const [answer] = await db.batch<NewestEvent>([db.prepare(NEWEST)]);
  return answer?.results[0];
}
