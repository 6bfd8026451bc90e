-- The record of calls, what callers were promised, and who may sign in.
-- Times are milliseconds since 1970 (UTC). BYTEA columns are sealed.
-- The types are PostgreSQL's; SQLite takes them by its affinity rules.

CREATE TABLE calls (
	id              TEXT PRIMARY KEY,
	node            TEXT NOT NULL,
	sip_call_id     TEXT NOT NULL,
	line            TEXT NOT NULL,
	language        TEXT NOT NULL,
	direction       TEXT NOT NULL,
	caller          BYTEA,
	caller_hash     TEXT NOT NULL,
	caller_tail     TEXT NOT NULL,
	called          BYTEA,
	called_hash     TEXT NOT NULL,
	called_tail     TEXT NOT NULL,
	started_at      BIGINT NOT NULL,
	answered_at     BIGINT,
	ended_at        BIGINT,
	duration_ms     BIGINT NOT NULL DEFAULT 0,
	outcome         TEXT NOT NULL,
	transfer_reason TEXT NOT NULL,
	agent           TEXT NOT NULL,
	end_cause       TEXT NOT NULL,
	error           BYTEA,
	recording       TEXT NOT NULL,
	summary         BYTEA,
	codec           TEXT NOT NULL,
	media           TEXT NOT NULL
);
CREATE INDEX calls_started ON calls (started_at, id);
CREATE INDEX calls_duration ON calls (duration_ms, id);
CREATE INDEX calls_line ON calls (line, started_at);
CREATE INDEX calls_outcome ON calls (outcome, started_at);
CREATE INDEX calls_caller ON calls (caller_hash);
CREATE INDEX calls_called ON calls (called_hash);
CREATE INDEX calls_live ON calls (node) WHERE ended_at IS NULL;

CREATE TABLE turns (
	call_id      TEXT NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
	idx          BIGINT NOT NULL,
	at           BIGINT NOT NULL,
	speaker      TEXT NOT NULL,
	text         BYTEA,
	heard        BYTEA,
	start_ms     BIGINT NOT NULL,
	end_ms       BIGINT NOT NULL,
	response_ms  BIGINT NOT NULL,
	confidence   DOUBLE PRECISION NOT NULL,
	intent       TEXT NOT NULL,
	source       TEXT NOT NULL,
	knowledge_id TEXT NOT NULL,
	candidates   TEXT NOT NULL,
	timing       TEXT NOT NULL,
	emotion      TEXT NOT NULL,
	PRIMARY KEY (call_id, idx)
);
CREATE INDEX turns_response ON turns (at) WHERE response_ms > 0;

CREATE TABLE call_events (
	call_id TEXT NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
	seq     BIGINT NOT NULL,
	ms      BIGINT NOT NULL,
	kind    TEXT NOT NULL,
	data    BYTEA,
	PRIMARY KEY (call_id, seq)
);

-- A wish outlives its call's record: a promise is kept even when the call is
-- deleted by retention, so there is no reference.
CREATE TABLE wishes (
	id          TEXT PRIMARY KEY,
	kind        TEXT NOT NULL,
	call_id     TEXT NOT NULL,
	number      BYTEA,
	number_hash TEXT NOT NULL,
	at_when     BYTEA,
	summary     BYTEA,
	reason      TEXT NOT NULL,
	fields      BYTEA,
	recording   TEXT NOT NULL,
	state       TEXT NOT NULL,
	created_at  BIGINT NOT NULL,
	done_at     BIGINT,
	done_by     TEXT NOT NULL
);
CREATE INDEX wishes_state ON wishes (state, created_at, id);
CREATE INDEX wishes_call ON wishes (call_id);

CREATE TABLE users (
	id            TEXT PRIMARY KEY,
	name          TEXT NOT NULL UNIQUE,
	display_name  BYTEA,
	role          TEXT NOT NULL,
	password_hash TEXT NOT NULL,
	disabled      BIGINT NOT NULL,
	created_at    BIGINT NOT NULL
);

CREATE TABLE sessions (
	hash       TEXT PRIMARY KEY,
	user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	csrf       TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	seen_at    BIGINT NOT NULL,
	expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE api_tokens (
	id         TEXT PRIMARY KEY,
	name       TEXT NOT NULL,
	role       TEXT NOT NULL,
	hash       TEXT NOT NULL UNIQUE,
	created_at BIGINT NOT NULL,
	expires_at BIGINT,
	revoked_at BIGINT
);

CREATE TABLE agents (
	name         TEXT PRIMARY KEY,
	display_name BYTEA,
	skills       TEXT NOT NULL,
	realm        TEXT NOT NULL,
	ha1_md5      BYTEA,
	ha1_sha256   BYTEA,
	disabled     BIGINT NOT NULL,
	created_at   BIGINT NOT NULL
);

CREATE TABLE settings (
	key        TEXT PRIMARY KEY,
	value      BYTEA,
	updated_at BIGINT NOT NULL
);
