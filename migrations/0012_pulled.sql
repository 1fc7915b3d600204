-- Whether an event came from an upstream and no client of this relay has published it. Events that are older than this column
-- count as published here.
ALTER TABLE event ADD COLUMN pulled INTEGER NOT NULL DEFAULT 0;

-- What may be removed because of its age alone.
CREATE INDEX event_pulled ON event (kind, created_at) WHERE pulled = 1;
