-- The ledger: one append-only Merkle log per customer.

-- Tree heads. frontier is the hashes of the complete subtrees that the tree is made
-- of, largest first (RFC 6962 section 2.1), so that a leaf is added without reading
-- the tree. forks_dropped counts refused notes beyond those kept in fork.
CREATE TABLE ledger (
	id            INTEGER PRIMARY KEY,
	customer      TEXT    NOT NULL UNIQUE,
	size          INTEGER NOT NULL,
	root          BLOB    NOT NULL,
	frontier      BLOB    NOT NULL,
	forks_dropped INTEGER NOT NULL DEFAULT 0
);

-- Names of chains. The head of a chain is its last entry and is stored nowhere else.
CREATE TABLE chain (
	id     INTEGER PRIMARY KEY,
	ledger INTEGER NOT NULL REFERENCES ledger (id),
	key    TEXT    NOT NULL,
	stream TEXT    NOT NULL,
	agent  TEXT    NOT NULL, -- of the first note
	UNIQUE (ledger, key, stream)
);

-- Leaves. id = ledger * 2^40 + leaf index, so that a range of leaves is a range of
-- rows. Hashes are 32 bytes, times Unix milliseconds. What follows from other columns
-- is NULL: first when it equals seq, last when it equals sha256, agent when it is the
-- chain's, leaf when it is the canonical record of the other columns. The hash of the
-- note before is the one of the row before in the chain.
CREATE TABLE entry (
	id       INTEGER PRIMARY KEY,
	kind     INTEGER NOT NULL, -- 0 batch, 1 gap, 2 record, 3 rejected
	chain    INTEGER REFERENCES chain (id),
	epoch    INTEGER,
	first    INTEGER,
	seq      INTEGER,
	sha256   BLOB    NOT NULL,
	last     BLOB,
	leafhash BLOB    NOT NULL,
	received INTEGER,
	t0       INTEGER,
	t1       INTEGER,
	agent    TEXT,
	reason   TEXT,
	leaf     BLOB
);

CREATE UNIQUE INDEX entry_number ON entry (chain, epoch, seq) WHERE chain IS NOT NULL;

-- Signed notes, zstd. Apart from the leaves, so that hashes are scanned quickly.
CREATE TABLE body (
	id   INTEGER PRIMARY KEY REFERENCES entry (id),
	data BLOB NOT NULL
);

-- What a record entry has beside its leaf.
CREATE TABLE record (
	id     INTEGER PRIMARY KEY REFERENCES entry (id),
	ledger INTEGER NOT NULL REFERENCES ledger (id),
	record TEXT    NOT NULL,
	kind   TEXT    NOT NULL,
	sha256 BLOB    NOT NULL,
	UNIQUE (ledger, record, sha256)
);

CREATE INDEX record_kind ON record (ledger, kind, id);

-- Tiles of level 1 and up (C2SP tlog-tiles, 256 hashes each); the last of a level may
-- be shorter. Level 0 is a range of entry.leafhash.
CREATE TABLE tile (
	ledger INTEGER NOT NULL REFERENCES ledger (id),
	level  INTEGER NOT NULL,
	n      INTEGER NOT NULL,
	data   BLOB    NOT NULL,
	PRIMARY KEY (ledger, level, n)
);

-- Refused notes, kept as evidence of equivocation.
CREATE TABLE fork (
	id       INTEGER PRIMARY KEY,
	ledger   INTEGER NOT NULL REFERENCES ledger (id),
	chain    INTEGER NOT NULL REFERENCES chain (id),
	broken   INTEGER NOT NULL, -- 0: the number was taken; 1: prev did not name the note before
	kind     INTEGER NOT NULL,
	agent    TEXT    NOT NULL,
	epoch    INTEGER NOT NULL,
	first    INTEGER NOT NULL,
	seq      INTEGER NOT NULL,
	prev     BLOB    NOT NULL,
	sha256   BLOB    NOT NULL,
	received INTEGER,
	data     BLOB    NOT NULL, -- the note, zstd
	UNIQUE (ledger, sha256)
);
