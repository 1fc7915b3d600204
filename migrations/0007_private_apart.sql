-- Private events (PRIVATE_KINDS in nostr/visibility.ts) are apart in every index. A query that may not see them never walks
-- over them, so neither its cost nor its time shows that they exist.
ALTER TABLE event ADD COLUMN private INTEGER GENERATED ALWAYS AS (kind IN (4, 1059, 10013, 21059, 31234)) VIRTUAL;

DROP INDEX event_by_author;

CREATE INDEX event_by_author ON event (private, pubkey, created_at);

DROP INDEX event_by_time;

CREATE INDEX event_by_time ON event (private, created_at);

DROP TRIGGER event_inserted;

DROP TRIGGER event_deleted;

DROP TRIGGER tag_counted;

DROP TRIGGER tag_uncounted;

DROP VIEW event_tag;

DROP TABLE tag;

-- The key is the letter of the tag and its value: in binary if the value is 32 bytes of hex, otherwise as JSON text. With
-- the kind, a walk skips events of other kinds without reading them.
CREATE TABLE tag (
  private INTEGER NOT NULL,
  key BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  PRIMARY KEY (private, key, created_at, seq)
) WITHOUT ROWID;

-- The only definition of what is indexed, and under which key. store/walks/conditions.ts makes the same keys.
CREATE VIEW event_tag (private, key, created_at, seq, kind) AS
SELECT
  event.private,
  CASE
    WHEN length(item.value -> '$[1]') = 66 AND (item.value -> '$[1]') NOT GLOB '"*[^0-9a-f]*"'
    THEN unhex(hex(item.value ->> '$[0]') || (item.value ->> '$[1]'))
    ELSE (item.value ->> '$[0]') || (item.value -> '$[1]')
  END,
  event.created_at,
  event.seq,
  event.kind
FROM event, json_each(event.tags) AS item
WHERE (item.value -> '$[0]') GLOB '"[a-zA-Z]"' AND (item.value -> '$[1]') IS NOT NULL;

INSERT OR IGNORE INTO tag (private, key, created_at, seq, kind)
SELECT private, key, created_at, seq, kind FROM event_tag;

CREATE TRIGGER event_inserted AFTER INSERT ON event BEGIN
  INSERT OR IGNORE INTO tag (private, key, created_at, seq, kind)
  SELECT private, key, created_at, seq, kind FROM event_tag WHERE seq = new.seq;
END;

CREATE TRIGGER event_deleted BEFORE DELETE ON event BEGIN
  DELETE FROM tag
  WHERE private = old.private AND key IN (SELECT key FROM event_tag WHERE seq = old.seq)
    AND created_at = old.created_at AND seq = old.seq;
END;

CREATE TRIGGER tag_counted AFTER INSERT ON tag WHEN EXISTS (SELECT 1 FROM counter WHERE key = new.key) BEGIN
  UPDATE counter SET
    events = events + 1,
    registers = substr(registers, 1, 2 * its.register)
      || max(its.value, substr(registers, 2 * its.register + 1, 2)) || substr(registers, 2 * its.register + 3),
    unsure = iif(
      its.value >= substr(registers, 2 * its.register + 1, 2),
      replace(unsure, '[' || its.register || ']', ''),
      unsure
    )
  FROM contribution AS its
  WHERE its.seq = new.seq AND its.key = new.key AND counter.key = its.key AND counter.kind = its.kind;
END;

CREATE TRIGGER tag_uncounted BEFORE DELETE ON tag WHEN EXISTS (SELECT 1 FROM counter WHERE key = old.key) BEGIN
  UPDATE counter SET
    events = events - 1,
    unsure = iif(
      its.value = substr(registers, 2 * its.register + 1, 2),
      replace(unsure, '[' || its.register || ']', '') || '[' || its.register || ']',
      unsure
    )
  FROM contribution AS its
  WHERE its.seq = old.seq AND its.key = old.key AND counter.key = its.key AND counter.kind = its.kind;
END;
