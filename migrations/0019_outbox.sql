-- Keys whose follows are pulled from the relays where they write (NIP-65). aggregator/outbox/outbox.ts makes upstreams of these relays.
CREATE TABLE outbox (
  pubkey TEXT PRIMARY KEY,
  -- Unix seconds.
  added_at INTEGER NOT NULL
);

-- One row: when the relays are chosen again (Unix seconds), and what the last choice found, as JSON (store/upstreams/outbox.ts).
CREATE TABLE outbox_state (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  due_at INTEGER NOT NULL,
  found TEXT NOT NULL DEFAULT '{"version":1}'
);

INSERT INTO outbox_state (id, due_at) VALUES (1, 0);
