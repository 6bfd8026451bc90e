-- What supervisors were alerted to. call_id is empty for what is of no single call; why
-- holds what was said. A time that is NULL has not come.
CREATE TABLE alerts (
	id        TEXT PRIMARY KEY,
	node      TEXT NOT NULL,
	call_id   TEXT NOT NULL,
	kind      TEXT NOT NULL,
	line      TEXT NOT NULL,
	agent     TEXT NOT NULL,
	at_ms     BIGINT NOT NULL,
	grave     BIGINT NOT NULL,
	why       BYTEA,
	raised_at BIGINT NOT NULL,
	over_at   BIGINT,
	seen_at   BIGINT,
	seen_by   TEXT NOT NULL,
	done_at   BIGINT,
	done_by   TEXT NOT NULL
);
CREATE INDEX alerts_raised ON alerts (node, raised_at);
CREATE INDEX alerts_call ON alerts (call_id);
