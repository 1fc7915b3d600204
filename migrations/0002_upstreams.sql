-- Relays that the aggregator pulls from, and how far it has come with each. Times are Unix seconds.
CREATE TABLE upstream (
  url TEXT PRIMARY KEY,
  -- Whoever leased it has until then; a pull that died gives it back by time.
  leased_until INTEGER NOT NULL DEFAULT 0,
  next_pull INTEGER NOT NULL DEFAULT 0,
  -- Pulls that failed since the last progress.
  failures INTEGER NOT NULL DEFAULT 0,
  -- JSON: which ranges of time are pulled (aggregator/cursor.ts).
  cursor TEXT NOT NULL DEFAULT '{"version":1,"pending":[]}',
  -- Why the last pull failed, for the operator.
  problem TEXT
);

CREATE INDEX upstream_due ON upstream (next_pull);
