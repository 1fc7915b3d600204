-- What operators decide at run time (NIP-86). Times are Unix seconds. Keys and ids are lower-case hex.
-- This table has all lists: banned-pubkey, allowed-pubkey, banned-event, allowed-event, allowed-kind, disallowed-kind,
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

-- Settings of relay/config.ts that operators have changed. They replace the values of the deployment.
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

-- Who did what, and the outcome. Every change has a row, so the last row shows whether anything has changed.
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  pubkey TEXT NOT NULL,
  method TEXT NOT NULL,
  -- JSON, as the operator sent them.
  params TEXT NOT NULL,
  -- The word done, or why nothing was done.
  outcome TEXT NOT NULL
);

-- Authorizations that have been used (NIP-98). Each is valid for one request. A row is kept until its authorization is
-- too old to be accepted.
CREATE TABLE used_authorization (
  id TEXT PRIMARY KEY,
  until INTEGER NOT NULL
) WITHOUT ROWID;

CREATE INDEX used_authorization_until ON used_authorization (until);
