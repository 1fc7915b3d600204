-- The newest versions of replaceable and addressable events that have expired (NIP-40) and been removed. The relay refuses
-- older versions that come again.
CREATE TABLE expired_version (
  pubkey BLOB NOT NULL,
  kind INTEGER NOT NULL,
  -- As in the table event.
  d TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  id BLOB NOT NULL,
  PRIMARY KEY (pubkey, kind, d)
) WITHOUT ROWID;
