-- Messages that must be delivered once, and the rights to read over HTTP. Neither is
-- derived: nothing brings them back but a back-up. Times are Unix nanoseconds.

CREATE TABLE intent (
	id        INTEGER PRIMARY KEY,
	key       TEXT    NOT NULL UNIQUE,
	customer  TEXT    NOT NULL,
	channel   TEXT    NOT NULL,
	payload   BLOB    NOT NULL,
	created   INTEGER,
	attempts  INTEGER NOT NULL,
	not_until INTEGER,
	done      INTEGER,
	failed    INTEGER NOT NULL,
	last_err  TEXT    NOT NULL
);

CREATE INDEX intent_due ON intent (created, id) WHERE done IS NULL AND failed = 0;
CREATE INDEX intent_failed ON intent (id) WHERE failed = 1;
CREATE INDEX intent_history ON intent (customer, created, id);
CREATE INDEX intent_created ON intent (created, id);

CREATE TABLE token (
	id       TEXT    PRIMARY KEY,
	sha256   BLOB    NOT NULL UNIQUE,
	role     TEXT    NOT NULL,
	customer TEXT    NOT NULL,
	author   TEXT    NOT NULL,
	created  INTEGER
) WITHOUT ROWID;
