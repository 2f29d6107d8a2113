-- Frames: the notes of some 60 neighbouring entries of one stream of a ledger, packed
-- together, which takes half the room. Bodies are committed one by one with their
-- entries and moved here later: a note is in body or in a frame, never in both. What
-- has no stream (records) stays in body. In body, an erased note is empty. Of one stream in one ledger, frames follow
-- each other and do not overlap.
CREATE TABLE frame (
	id     INTEGER PRIMARY KEY REFERENCES entry (id), -- of the first leaf
	last   INTEGER NOT NULL, -- id of the last leaf
	stream TEXT    NOT NULL,
	oldest INTEGER,          -- the least time by which one of its notes may be erased; NULL when none is left
	notes  BLOB    NOT NULL, -- for each note, in the order of data: its leaf counted from the first, and its length in bytes, 0 when it was erased (uvarint)
	data   BLOB    NOT NULL  -- the notes, one after the other, zstd
);

CREATE INDEX frame_stream ON frame (stream, id);
