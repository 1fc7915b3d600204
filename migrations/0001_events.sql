-- The log of stored events. seq is the place of an event in it, in order of arrival. A replaced event is deleted and
-- inserted again, so that it moves to the end.
CREATE TABLE event (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id BLOB NOT NULL UNIQUE,
  pubkey BLOB NOT NULL,
  sig BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  -- JSON. content is JSON too, a quoted string. So NUL and quotes can be sent to clients as they are.
  tags TEXT NOT NULL,
  content TEXT NOT NULL,
  -- The versions of one event share this JSON string: empty for replaceable events, the d tag for addressable ones.
  d TEXT,
  -- Unix seconds (NIP-40). The event is not shown from then on.
  expires_at INTEGER
);

CREATE UNIQUE INDEX event_version ON event (pubkey, kind, d) WHERE d IS NOT NULL;

CREATE INDEX event_by_author ON event (pubkey, created_at);

CREATE INDEX event_by_kind ON event (kind, created_at);

CREATE INDEX event_by_time ON event (created_at);

CREATE INDEX event_by_expiry ON event (expires_at) WHERE expires_at IS NOT NULL;

-- The key is the letter of the tag and its value: in binary if the value is 32 bytes of hex, otherwise as JSON text.
CREATE TABLE tag (
  key BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (key, created_at, seq)
) WITHOUT ROWID;

-- The only definition of what is indexed, and under which key. store/walks/conditions.ts makes the same keys.
CREATE VIEW event_tag (seq, created_at, key) AS
SELECT
  event.seq,
  event.created_at,
  CASE
    WHEN length(item.value -> '$[1]') = 66 AND (item.value -> '$[1]') NOT GLOB '"*[^0-9a-f]*"'
    THEN unhex(hex(item.value ->> '$[0]') || (item.value ->> '$[1]'))
    ELSE (item.value ->> '$[0]') || (item.value -> '$[1]')
  END
FROM event, json_each(event.tags) AS item
WHERE (item.value -> '$[0]') GLOB '"[a-zA-Z]"' AND (item.value -> '$[1]') IS NOT NULL;

CREATE TRIGGER event_inserted AFTER INSERT ON event BEGIN
  INSERT OR IGNORE INTO tag (key, created_at, seq)
  SELECT key, created_at, seq FROM event_tag WHERE seq = new.seq;
END;

CREATE TRIGGER event_deleted BEFORE DELETE ON event BEGIN
  DELETE FROM tag
  WHERE key IN (SELECT key FROM event_tag WHERE seq = old.seq) AND created_at = old.created_at AND seq = old.seq;
END;

-- What an author has deleted (NIP-09, NIP-62) and must not come back. The target is the id of an event, or kind:d for
-- versions up to a time, or empty for everything up to a time.
CREATE TABLE tombstone (
  pubkey BLOB NOT NULL,
  target BLOB NOT NULL,
  -- Unix seconds, inclusive. Events that were created later are not affected.
  until INTEGER NOT NULL,
  PRIMARY KEY (pubkey, target)
) WITHOUT ROWID;
