-- The traces of the latest events, for operators (store/watch/event-traces.ts). Only of sampled traces, and at most 10,000 rows.
CREATE TABLE event_trace (
  -- The latest has the highest.
  seq INTEGER PRIMARY KEY,
  event_id BLOB NOT NULL UNIQUE,
  -- 16 bytes: the id of a W3C trace context.
  trace BLOB NOT NULL
);
