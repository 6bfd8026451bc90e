-- The servers that share the database. instance is one run of one of them: a name is one
-- run's at a time. beat goes up while it lives, so that others need not compare clocks;
-- keys is which keys it has read; state what its wall shows, sealed.
CREATE TABLE nodes (
	node       TEXT PRIMARY KEY,
	instance   TEXT NOT NULL,
	host       TEXT NOT NULL,
	url        TEXT NOT NULL,
	keys       TEXT NOT NULL,
	beat       BIGINT NOT NULL,
	started_at BIGINT NOT NULL,
	seen_at    BIGINT NOT NULL,
	state      BYTEA
);
