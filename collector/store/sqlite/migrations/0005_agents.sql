-- How agents enrol: the one-time tokens of join strings, and the keys that were enrolled
-- or revoked. The ledgers hold who spoke from when until when; here stands what they do
-- not: secrets (hashed) and certificates. Times are Unix nanoseconds.

CREATE TABLE join_token (
	sha256  BLOB    PRIMARY KEY,
	agent   TEXT    NOT NULL,
	rotate  INTEGER NOT NULL, -- 1: a new key may take the place of another
	author  TEXT    NOT NULL,
	created INTEGER,
	expires INTEGER,
	key     TEXT    NOT NULL  -- the first that used it; empty until then
) WITHOUT ROWID;

CREATE TABLE agent_key (
	key      TEXT PRIMARY KEY, -- verifier key, "name+hash+base64"
	agent    TEXT NOT NULL,
	author   TEXT NOT NULL,    -- who let it in
	enrolled INTEGER,          -- NULL: it stands in the installed base
	until    INTEGER,          -- of the certificate that was issued last; NULL for none
	revoked  INTEGER           -- NULL: it speaks
) WITHOUT ROWID;
