/** Full-text search in SQL (NIP-50), over the terms of nostr/search.ts. */
import { phrasesOf } from "../../nostr/search.ts";
import { TEXT } from "../database/rows.ts";

/**
 * Indexes the text of the events in the parameter (`textRow`), after they are stored. Skips events that were already
 * indexed or are not stored. DISTINCT, because an event may come twice in one commit.
 */
export const INDEX_TEXT = `
INSERT INTO search (rowid, text)
SELECT DISTINCT e.seq, new.value ->> ${TEXT.text}
FROM json_each(?1) AS new
CROSS JOIN event AS e ON e.id = unhex(new.value ->> ${TEXT.id})
WHERE NOT EXISTS (SELECT 1 FROM search WHERE rowid = e.seq)`;

/**
 * Returns an FTS5 query that requires every phrase. Terms have only letters, digits and pictures, so no text can end
 * its quotes.
 */
export function ftsQuery(search: string): string {
  return phrasesOf(search)
    .map((phrase) => `"${phrase}"`)
    .join(" AND ");
}
