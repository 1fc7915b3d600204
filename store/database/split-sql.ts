/** Splits an SQL file into its statements. */

/** Comments, quoted text, words, and single characters for everything else. */
const TOKEN = new RegExp(
  [
    String.raw`--[^\n]*`,
    String.raw`/\*[^]*?\*/`,
    String.raw`'(?:[^']|'')*'`,
    String.raw`"(?:[^"]|"")*"`,
    "`(?:[^`]|``)*`",
    String.raw`\[[^\]]*\]`,
    String.raw`\w+`,
    "[^]",
  ].join("|"),
  "g",
);
const COMMENT = /^(?:--|\/\*)/;
/** A quote or the start of a comment that is a token of its own has no end. */
const UNENDED = /^['"`[]$/;
const TRIGGER = /^CREATE\s+(?:TEMP(?:ORARY)?\s+)?TRIGGER\b/i;

/**
 * Returns the statements of an SQL file, without comments and without the semicolons between them. A trigger is one
 * statement. Throws if a quoted text or the body of a trigger has no end.
 */
export function splitSql(sql: string): string[] {
  const statements: string[] = [];
  let statement = "";
  /** BEGIN and CASE that wait for their END. Only the body of a trigger contains semicolons. */
  let open = 0;
  const finish = () => {
    if (open > 0) throw new Error(`a trigger has no END: ${statement.trim()}`);
    if (statement.trim() !== "") statements.push(statement.trim());
    statement = "";
  };
  for (const [token] of sql.matchAll(TOKEN)) {
    if (UNENDED.test(token)) throw new Error(`${token} has no end: ${(statement + token).trim()}`);
    if (token === ";" && open === 0) {
      finish();
      continue;
    }
    statement += COMMENT.test(token) ? " " : token;
    if (/^(?:BEGIN|CASE)$/i.test(token) && TRIGGER.test(statement.trimStart())) open += 1;
    if (/^END$/i.test(token) && open > 0) open -= 1;
  }
  finish();
  return statements;
}
