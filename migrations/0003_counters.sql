-- Counters for the canonical filters of NIP-45: how many events of a kind have a tag, and the HyperLogLog of their
-- authors. The first COUNT creates a counter (store/counting/counter.ts). From then on the triggers below update it with every
-- event that is stored or removed. An expired event counts until it is removed.
CREATE TABLE counter (
  -- The tag, as in the table tag.
  key BLOB NOT NULL,
  kind INTEGER NOT NULL,
  -- The index of the byte that selects the register, in the public key of an author.
  byte INTEGER NOT NULL,
  events INTEGER NOT NULL,
  -- 256 registers of two hex digits.
  registers TEXT NOT NULL,
  -- Registers that may be too high, such as [7][255], because the event that set their value has been removed.
  unsure TEXT NOT NULL,
  PRIMARY KEY (key, kind)
) WITHOUT ROWID;

-- The register of each counted event, and the value that the event sets it to. Does the same as nostr/hyperloglog.ts.
CREATE VIEW contribution (seq, key, kind, register, value) AS
SELECT
  seq,
  key,
  kind,
  first ->> '$',
  format('%02x', 4 * (14 - length(rest)) + 1 + CASE
    WHEN rest = '' OR rest >= '8' THEN 0
    WHEN rest >= '4' THEN 1
    WHEN rest >= '2' THEN 2
    ELSE 3
  END)
FROM (
  SELECT
    event.seq,
    counter.key,
    counter.kind,
    '0x' || hex(substr(event.pubkey, counter.byte + 1, 1)) AS first,
    ltrim(hex(substr(event.pubkey, counter.byte + 2, 7)), '0') AS rest
  FROM event CROSS JOIN counter ON counter.kind = event.kind
);

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

CREATE TRIGGER counter_emptied AFTER UPDATE ON counter WHEN new.events = 0 AND old.events > 0 BEGIN
  DELETE FROM counter WHERE key = new.key AND kind = new.kind;
END;
