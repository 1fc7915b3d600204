-- Samples of the public events. The last bytes of an id, which are as good as random, select the event. From a sample
-- follows how many public events there are, in a part of the log or in all. It does not depend on private events.

-- One in 1024, in the order of the log. It determines how far one step of a search goes.
CREATE INDEX event_milestone ON event (seq) WHERE private = 0 AND substr(id, 31, 2) < x'0040';

-- One in 16, in the order of ids. An estimated count looks at these.
CREATE INDEX event_sample ON event (id) WHERE private = 0 AND substr(id, 32, 1) < x'10';
