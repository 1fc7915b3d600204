-- Deletions that are stored (NIP-09) and name so many events that they are removed in steps. The removal of the last event
-- deletes the row.
CREATE TABLE deleting (
  id BLOB PRIMARY KEY
) WITHOUT ROWID;
