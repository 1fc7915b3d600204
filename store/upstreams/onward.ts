/** How far the events of this relay's clients have been published to other relays (`aggregator/onward/onward.ts`). */
import { eq, sql } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import type { SqliteRemoteDatabase } from "drizzle-orm/sqlite-proxy";
import { type OnwardAnswers, readOnwardAnswers } from "./onward-answers.ts";
import { onward, onwardAdopted } from "../database/tables.ts";

export interface StoredOnward {
  answers: OnwardAnswers;
  /** Number of jobs that have failed since the last answer. */
  failures: number;
  /** Why the last job failed, if it did. */
  problem: string | undefined;
}

export function storedOnward({ answers, failures, problem }: typeof onward.$inferSelect): StoredOnward {
  return { answers: readOnwardAnswers(answers), failures, problem: problem ?? undefined };
}

/**
 * Publishing begins with the next event of a client, or goes on where it was. If nothing is to be published, or no more, forgets how
 * far it was.
 */
export function onwardStatements(
  drizzle: SqliteRemoteDatabase,
  url: string,
  isPublishedTo: boolean,
): BatchItem<"sqlite">[] {
  if (isPublishedTo) {
    const sent = sql<number>`(SELECT coalesce(max(seq), 0) FROM event)`;
    return [drizzle.insert(onward).values({ url, sent }).onConflictDoNothing()];
  }
  return [
    drizzle.delete(onward).where(eq(onward.url, url)),
    drizzle.delete(onwardAdopted).where(eq(onwardAdopted.url, url)),
  ];
}
