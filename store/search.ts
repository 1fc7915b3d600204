/** Full-text search in SQL (NIP-50), over the terms that nostr/search.ts makes. */
import { phrasesOf } from "../nostr/search.ts";

/**
 * Once the rows of the parameter (`eventRow` of write.ts) have been stored. What was stored before, or has not been
 * stored, is left alone. DISTINCT: an event may come twice in one commit.
 */
export const INDEX_TEXT = `
INSERT INTO search (rowid, text)
SELECT DISTINCT e.seq, new.value ->> 9
FROM json_each(?1) AS new
CROSS JOIN event AS e ON e.id = unhex(new.value ->> 0)
WHERE new.value ->> 9 <> '' AND NOT EXISTS (SELECT 1 FROM search WHERE rowid = e.seq)`;

/** `score` is the rank of FTS5 (bm25): the more often the terms are in a text, and the shorter it is, the lower. */
export const BY_RELEVANCE = "score, created_at DESC, id";

/** The best are chosen among this many of the last stored that match, so that a word of every event costs no more. */
export const MOST_RANKED = 10_000;

/** Every phrase must be there. Terms are letters, digits and pictures: no text gets out of its quotes. */
export function ftsQuery(search: string): string {
  return phrasesOf(search)
    .map((phrase) => `"${phrase}"`)
    .join(" AND ");
}
