-- Those whose request to vanish is stored (NIP-62), and of whom not everything has been removed: what they created up
-- to a time in Unix seconds. The tombstone keeps it out for ever; this row goes with the last of their events.
CREATE TABLE vanishing (
  pubkey BLOB PRIMARY KEY,
  until INTEGER NOT NULL
) WITHOUT ROWID;
