-- For a store of several databases (docs/decisions/0006-several-databases.md). With one database these tables stay empty.
-- In the first database: log positions after prev up to last that a commit may use. The log ends before the first of them.
CREATE TABLE reservation (
  -- Random. A reservation that is repeated finds its first attempt.
  token TEXT PRIMARY KEY,
  prev INTEGER NOT NULL,
  last INTEGER NOT NULL
) WITHOUT ROWID;

-- In every database, one row: commits with positions up to this one are refused. So a commit that was given up stays that.
CREATE TABLE fence (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  last INTEGER NOT NULL
);

-- A commit inserts its first position here. That writes nothing, but ends the transaction if the position is refused.
CREATE VIEW admission (first) AS SELECT last + 1 FROM fence;

CREATE TRIGGER commit_refused INSTEAD OF INSERT ON admission
WHEN EXISTS (SELECT 1 FROM fence WHERE last >= new.first) BEGIN
  SELECT RAISE(ABORT, 'these log positions were given up');
END;

-- In the database of its author: a deletion (NIP-09) or a request to vanish (NIP-62) that the other databases do not know yet.
-- They may hold gift wraps that it names.
CREATE TABLE spreading (
  id BLOB PRIMARY KEY,
  -- JSON: rows as store/database/rows.ts makes them for tombstones.
  asked TEXT NOT NULL
) WITHOUT ROWID;
