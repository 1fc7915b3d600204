-- What the operators decide at run time (NIP-86). Times are Unix seconds, keys and ids lower-case hex.
-- One table for all lists: banned-pubkey, allowed-pubkey, banned-event, allowed-event, allowed-kind, disallowed-kind,
-- blocked-ip.
CREATE TABLE moderation (
  list TEXT NOT NULL,
  -- A key, an id, a kind in digits, an address or a range of addresses.
  subject TEXT NOT NULL,
  reason TEXT NOT NULL,
  decided_by TEXT NOT NULL,
  decided_at INTEGER NOT NULL,
  PRIMARY KEY (list, subject)
) WITHOUT ROWID;

-- Settings of relay/config.ts that hold instead of those that the relay was deployed with.
CREATE TABLE setting (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE role (
  id TEXT PRIMARY KEY,
  label TEXT NOT NULL,
  description TEXT NOT NULL,
  -- A hue from 0 to 360 (NIP-43).
  color INTEGER,
  position INTEGER
) WITHOUT ROWID;

CREATE TABLE role_member (
  role TEXT NOT NULL,
  pubkey TEXT NOT NULL,
  PRIMARY KEY (role, pubkey)
) WITHOUT ROWID;

-- Who did what, and what came of it. Every change has its row, so that the last row tells whether anything has changed.
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  pubkey TEXT NOT NULL,
  method TEXT NOT NULL,
  -- JSON, as they were given.
  params TEXT NOT NULL,
  -- 'done', or why nothing was done.
  outcome TEXT NOT NULL
);

-- Authorizations that have been used (NIP-98): each is good for one request. Kept until it would be too old anyway.
CREATE TABLE used_authorization (
  id TEXT PRIMARY KEY,
  until INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX used_authorization_until ON used_authorization (until);
