-- Upstreams that operators manage at run time. Before, all of them came from the setting UPSTREAMS.
-- Who named it: 'settings' (UPSTREAMS), 'operator' (the management API) or 'outbox'.
ALTER TABLE upstream ADD COLUMN origin TEXT NOT NULL DEFAULT 'settings';
ALTER TABLE upstream ADD COLUMN is_paused INTEGER NOT NULL DEFAULT 0;
-- JSON: what is pulled and how (store/upstreams/upstream-settings.ts).
ALTER TABLE upstream ADD COLUMN settings TEXT NOT NULL DEFAULT '{"version":1}';
-- JSON: what the pulls found (store/upstreams/upstream-health.ts).
ALTER TABLE upstream ADD COLUMN health TEXT NOT NULL DEFAULT '{"version":1}';
-- JSON: ranges of created_at that an operator wants again. The next pull adds them to the gaps.
ALTER TABLE upstream ADD COLUMN backfill TEXT NOT NULL DEFAULT '[]';

-- When the next pull is. It replaces next_pull, which now holds a time that never comes: a deployment of before, which reads
-- neither filters nor a cursor with several of them, therefore leases no upstream any more.
ALTER TABLE upstream ADD COLUMN due_at INTEGER NOT NULL DEFAULT 0;
UPDATE upstream SET due_at = next_pull, next_pull = 9007199254740991;

DROP INDEX upstream_due;
CREATE INDEX upstream_due ON upstream (due_at);
