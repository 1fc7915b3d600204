-- What upstreams sent and this relay did not store. Times are Unix seconds.

-- Events that could not be stored, for the operators. One row for each event of an upstream.
CREATE TABLE dead_letter (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  -- The address of a relay. Empty if it is not known.
  upstream TEXT NOT NULL,
  -- 32 bytes: the id that the event names, or the hash of what came if it names none.
  event_id BLOB NOT NULL,
  -- The author that the event names. NULL if it names none.
  pubkey BLOB,
  -- NULL if the event has none.
  created_at INTEGER,
  -- JSON: the keys that a gift wrap is for (NIP-59). NULL for other events.
  recipients TEXT,
  reason TEXT NOT NULL,
  at INTEGER NOT NULL,
  -- How often the event has become a dead letter: 1, and one more after each redrive.
  attempts INTEGER NOT NULL,
  -- When an operator asked for it to be queued again. NULL: nobody did.
  redrive INTEGER,
  -- The size of what came, as JSON in UTF-8.
  bytes INTEGER NOT NULL,
  -- JSON: what came. NULL if it is too large.
  body TEXT
);

CREATE UNIQUE INDEX dead_letter_event ON dead_letter (upstream, event_id);
CREATE INDEX dead_letter_at ON dead_letter (at);
CREATE INDEX dead_letter_redrive ON dead_letter (redrive) WHERE redrive IS NOT NULL;

-- One row.
CREATE TABLE dead_letter_total (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  letters INTEGER NOT NULL,
  -- The size of all bodies in UTF-8.
  bytes INTEGER NOT NULL,
  -- How many letters have been removed because of their age or number, since the first one.
  dropped INTEGER NOT NULL
);

INSERT INTO dead_letter_total (id, letters, bytes, dropped) VALUES (1, 0, 0, 0);

CREATE TRIGGER dead_letter_added AFTER INSERT ON dead_letter BEGIN
  UPDATE dead_letter_total SET letters = letters + 1, bytes = bytes + coalesce(octet_length(new.body), 0);
END;

CREATE TRIGGER dead_letter_changed AFTER UPDATE OF body ON dead_letter BEGIN
  UPDATE dead_letter_total
  SET bytes = bytes + coalesce(octet_length(new.body), 0) - coalesce(octet_length(old.body), 0);
END;

CREATE TRIGGER dead_letter_removed AFTER DELETE ON dead_letter BEGIN
  UPDATE dead_letter_total SET letters = letters - 1, bytes = bytes - coalesce(octet_length(old.body), 0);
END;

-- What operators ban and what authors take back does not stay as a letter (NIP-86, NIP-62). store/letters/dead-letters.ts writes
-- no new ones.
CREATE TRIGGER dead_letter_of_banned_key AFTER INSERT ON moderation WHEN new.list = 'banned-pubkey' BEGIN
  DELETE FROM dead_letter WHERE pubkey = unhex(new.subject);
END;

CREATE TRIGGER dead_letter_of_banned_event AFTER INSERT ON moderation WHEN new.list = 'banned-event' BEGIN
  DELETE FROM dead_letter WHERE event_id = unhex(new.subject);
END;

CREATE TRIGGER dead_letter_of_vanished_key AFTER INSERT ON tombstone WHEN new.target = '' BEGIN
  DELETE FROM dead_letter WHERE coalesce(created_at, 0) <= new.until AND (
    pubkey = new.pubkey
    OR (recipients IS NOT NULL AND lower(hex(new.pubkey)) IN (SELECT value FROM json_each(recipients)))
  );
END;

CREATE TRIGGER dead_letter_of_key_vanished_again AFTER UPDATE ON tombstone WHEN new.target = '' BEGIN
  DELETE FROM dead_letter WHERE coalesce(created_at, 0) <= new.until AND (
    pubkey = new.pubkey
    OR (recipients IS NOT NULL AND lower(hex(new.pubkey)) IN (SELECT value FROM json_each(recipients)))
  );
END;

-- Ids that an upstream need not be asked for again, because what came was refused. Only for that upstream: another one may
-- have the event with a valid signature.
CREATE TABLE refused_event (
  upstream TEXT NOT NULL,
  id BLOB NOT NULL,
  -- The rules that refused it (store/upstreams/refused-ids.ts). Under other rules it may be accepted.
  rules TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (upstream, id)
) WITHOUT ROWID;

CREATE INDEX refused_event_at ON refused_event (at);

-- How many ids of an upstream were added since the oldest ones were last removed.
CREATE TABLE refused_added (
  upstream TEXT PRIMARY KEY,
  added INTEGER NOT NULL
) WITHOUT ROWID;

-- One row: a number that increases with every decision of the operators after which a refused event may be accepted.
CREATE TABLE readmission (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  revision INTEGER NOT NULL
);

INSERT INTO readmission (id, revision) VALUES (1, 0);

CREATE TRIGGER readmission_after_removal AFTER DELETE ON moderation
WHEN old.list IN ('banned-pubkey', 'banned-event', 'disallowed-kind', 'allowed-kind') BEGIN
  UPDATE readmission SET revision = revision + 1;
END;

CREATE TRIGGER readmission_of_kind AFTER INSERT ON moderation WHEN new.list = 'allowed-kind' BEGIN
  UPDATE readmission SET revision = revision + 1;
END;

-- One row: what waited in the queues of events when the aggregator's Cron last looked.
CREATE TABLE backlog (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  messages INTEGER NOT NULL,
  -- When the oldest of them was put there, in Unix seconds. NULL if there is none, or if the queue does not tell.
  oldest INTEGER,
  at INTEGER NOT NULL
);
