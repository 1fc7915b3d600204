-- One row: how the relay's last test of itself ended (relay/watch/probe.ts). Times are Unix seconds.
CREATE TABLE probe (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  at INTEGER NOT NULL,
  -- 'ok', 'refused' (the relay's settings refuse its own events) or 'failed'.
  outcome TEXT NOT NULL,
  milliseconds INTEGER NOT NULL,
  -- When an event was last stored and read back. NULL: never.
  stored_at INTEGER
);
