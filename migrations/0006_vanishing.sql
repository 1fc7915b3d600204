-- Authors whose request to vanish is stored (NIP-62), but whose events have not all been removed. The removal of the last
-- one deletes the row. The tombstone keeps the events out for ever.
CREATE TABLE vanishing (
  pubkey BLOB PRIMARY KEY,
  -- Unix seconds, inclusive. Later events stay.
  until INTEGER NOT NULL
) WITHOUT ROWID;
