-- Relays that the aggregator pulls from, and what it has pulled from each. Times are Unix seconds.
CREATE TABLE upstream (
  url TEXT PRIMARY KEY,
  -- When the lease of the running pull ends. If a pull dies, its lease ends by itself.
  leased_until INTEGER NOT NULL DEFAULT 0,
  next_pull INTEGER NOT NULL DEFAULT 0,
  -- Number of pulls that have failed since the last progress.
  failures INTEGER NOT NULL DEFAULT 0,
  -- JSON: the ranges of time that have been pulled (aggregator/turn/cursor.ts).
  cursor TEXT NOT NULL DEFAULT '{"version":1,"pending":[]}',
  -- Why the last pull failed, for the operator. NULL if it did not fail.
  problem TEXT
);

CREATE INDEX upstream_due ON upstream (next_pull);
