-- The live connection of an upstream, as the aggregator last saw it. JSON (store/upstreams/live-health.ts).
ALTER TABLE upstream ADD COLUMN live TEXT NOT NULL DEFAULT '{"version":1}';

-- How far the events of this relay's clients have been published to a relay. Only for upstreams to which they are published.
-- Times are Unix seconds.
CREATE TABLE onward (
  url TEXT PRIMARY KEY,
  -- The position in the log up to which every event has been answered or left out.
  sent INTEGER NOT NULL,
  -- When the lease of the running job ends. If a job dies, its lease ends by itself.
  leased_until INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER NOT NULL DEFAULT 0,
  -- Number of jobs that have failed since the last answer.
  failures INTEGER NOT NULL DEFAULT 0,
  -- JSON: what the relay has answered (store/upstreams/onward-answers.ts).
  answers TEXT NOT NULL DEFAULT '{"version":1}',
  -- Why the last job failed, for the operator. NULL if it did not fail.
  problem TEXT
);

-- Events that an upstream had brought when a client published them too. A job may have passed them in the log before.
CREATE TABLE onward_adopted (
  url TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (url, seq)
) WITHOUT ROWID;

CREATE TRIGGER onward_adoption AFTER UPDATE OF pulled ON event WHEN old.pulled = 1 AND new.pulled = 0
BEGIN
  INSERT OR IGNORE INTO onward_adopted (url, seq) SELECT url, new.seq FROM onward;
END;
