-- The search index. A row has the terms of one event (nostr/search.ts), in order and separated by spaces. rowid is the seq
-- of the event. The tokenizer only splits at the spaces: for it, every character outside ASCII is part of a term.
CREATE VIRTUAL TABLE search USING fts5 (text, content = '', contentless_delete = 1, tokenize = 'ascii');

-- An event leaves the index with every kind of removal.
CREATE TRIGGER event_unsearched AFTER DELETE ON event BEGIN
  DELETE FROM search WHERE rowid = old.seq;
END;
