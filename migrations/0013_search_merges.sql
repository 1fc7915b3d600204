-- The search index merges a segment when this share of its events is removed, in percent. With 10, the default, removals beside
-- long texts made one statement write for 0.9 s. With 50 it is less than 0.2 s, and removed events take at most as much room as the others.
INSERT INTO search (search, rank) VALUES ('deletemerge', 50);
