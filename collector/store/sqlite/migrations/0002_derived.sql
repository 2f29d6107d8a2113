-- What readers make of the ledger. All of it can be thrown away and derived anew.

CREATE TABLE cursor (
	reader   TEXT    NOT NULL,
	customer TEXT    NOT NULL,
	next     INTEGER NOT NULL, -- first leaf that the reader has not seen
	PRIMARY KEY (reader, customer)
) WITHOUT ROWID;

-- Encoded outcomes of one subject and agent in one UTC hour (Unix seconds / 3600).
CREATE TABLE chunk (
	id       INTEGER PRIMARY KEY,
	customer TEXT    NOT NULL,
	subject  TEXT    NOT NULL,
	hour     INTEGER NOT NULL,
	agent    TEXT    NOT NULL,
	data     BLOB    NOT NULL,
	UNIQUE (customer, subject, hour, agent)
);

CREATE TABLE item (
	kind     TEXT NOT NULL,
	customer TEXT NOT NULL,
	id       TEXT NOT NULL,
	data     BLOB NOT NULL,
	PRIMARY KEY (kind, customer, id)
);
