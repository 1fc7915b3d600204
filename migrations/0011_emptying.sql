-- Banned keys (NIP-86) whose events have not all been removed. The removal of the last event deletes the row, and so does
-- the end of the ban.
CREATE TABLE emptying (
  pubkey BLOB PRIMARY KEY
) WITHOUT ROWID;
