-- Who may sign in: accounts, their one-time invites, and the browsers that are signed
-- in. No evidence and not derived. The login name is all that is kept of a person.
-- Secrets are hashed. Times are Unix nanoseconds.

CREATE TABLE account (
	id       TEXT    PRIMARY KEY,
	login    TEXT    NOT NULL, -- empty until the first invite was used, where none was given
	role     TEXT    NOT NULL,
	customer TEXT    NOT NULL,
	os       TEXT    NOT NULL, -- operating-system account of the same person
	password TEXT    NOT NULL, -- argon2id as a PHC string; empty: cannot sign in
	author   TEXT    NOT NULL,
	created  INTEGER,
	disabled INTEGER           -- NULL: may sign in
) WITHOUT ROWID;

CREATE UNIQUE INDEX account_login ON account (login) WHERE login <> '';

CREATE TABLE invite (
	sha256  BLOB PRIMARY KEY,
	account TEXT NOT NULL UNIQUE,
	created INTEGER,
	expires INTEGER
) WITHOUT ROWID;

CREATE TABLE session (
	sha256  BLOB PRIMARY KEY,
	account TEXT NOT NULL,
	created INTEGER,
	used    INTEGER
) WITHOUT ROWID;

CREATE INDEX session_account ON session (account, created);

ALTER TABLE token ADD COLUMN expires INTEGER; -- NULL: never
