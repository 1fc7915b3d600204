/** What the relay answers to an admin has what the pages read. This file is only checked for its types. */
import type { Letter, LetterPage } from "../../store/letters/letter-list.ts";
import type { AuditEntry, Role } from "../../store/moderation/moderation.ts";
import type { UpstreamStatus } from "../../store/upstreams/upstream-status.ts";
import type { AnswerOf } from "../../web/shared/management/answers.ts";

type Fits<Answered extends Read, Read> = Answered;

export type Checked = [
  Fits<UpstreamStatus[], AnswerOf<"listupstreams">>,
  Fits<LetterPage, AnswerOf<"listdeadletters">>,
  Fits<Letter, AnswerOf<"showdeadletter">>,
  Fits<AuditEntry[], AnswerOf<"listauditlog">>,
  Fits<(Role & { members: string[] })[], AnswerOf<"listroles">>,
];
