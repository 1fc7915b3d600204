-- Terms of what is found by words (nostr/search.ts), by the event's seq: already cut and folded, in their order, with
-- a space between them. The tokenizer has nothing left to decide: to it, all that is not ASCII is part of a term.
CREATE VIRTUAL TABLE search USING fts5 (text, content = '', contentless_delete = 1, tokenize = 'ascii');

-- Whatever removes an event, it is not found any more.
CREATE TRIGGER event_unsearched AFTER DELETE ON event BEGIN
  DELETE FROM search WHERE rowid = old.seq;
END;
