-- Replaceable and addressable events by a d tag that does not name their version: any but the first one of an addressable event. A
-- filter finds an event by any of its tags. With event_version, these are all events of an author and kind that have a d tag.
CREATE TABLE other_d (
  pubkey BLOB NOT NULL,
  kind INTEGER NOT NULL,
  -- As in the table event.
  d TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (pubkey, kind, d, seq)
) WITHOUT ROWID;

-- The only definition of what is in the table.
CREATE VIEW event_other_d (pubkey, kind, d, seq) AS
SELECT event.pubkey, event.kind, item.value -> '$[1]', event.seq
FROM event, json_each(event.tags) AS item
WHERE event.d IS NOT NULL AND item.value ->> '$[0]' = 'd' AND item.value -> '$[1]' <> event.d;

-- Nearly no event has such a tag. The condition finds that out without reading the tags one by one.
CREATE TRIGGER event_other_d_inserted AFTER INSERT ON event
WHEN instr(replace(new.tags, '["d",' || new.d, ''), '["d",') > 0 BEGIN
  INSERT OR IGNORE INTO other_d (pubkey, kind, d, seq)
  SELECT pubkey, kind, d, seq FROM event_other_d WHERE seq = new.seq;
END;

CREATE TRIGGER event_other_d_deleted BEFORE DELETE ON event
WHEN instr(replace(old.tags, '["d",' || old.d, ''), '["d",') > 0 BEGIN
  DELETE FROM other_d
  WHERE pubkey = old.pubkey AND kind = old.kind AND d IN (SELECT d FROM event_other_d WHERE seq = old.seq)
    AND seq = old.seq;
END;

-- The events that are stored. Only indexes tell which ones may have such a tag, because to read all events of a large database would take
-- too long: addressable events with several d tags, or whose first one has no value, and replaceable events with a d tag.
INSERT OR IGNORE INTO other_d (pubkey, kind, d, seq)
WITH d_tag (seq, kind) AS (
  SELECT seq, kind FROM tag WHERE private IN (0, 1) AND key >= 'd"' AND key < 'd#'
  UNION ALL
  SELECT seq, kind FROM tag WHERE private IN (0, 1) AND key >= x'64' AND key < x'65'
)
SELECT pubkey, kind, d, seq FROM event_other_d WHERE seq IN (
  SELECT seq FROM d_tag WHERE kind BETWEEN 30000 AND 39999 GROUP BY seq HAVING count(*) > 1
  UNION
  SELECT seq FROM event INDEXED BY event_version WHERE d = '""' AND kind BETWEEN 30000 AND 39999
  UNION
  SELECT seq FROM d_tag WHERE kind IN (0, 3) OR kind BETWEEN 10000 AND 19999
);
