-- Who may do what: which agent a user is and which teams a supervisor has, the second
-- factor, what a token is for, failed logins, and the record of who did and saw what.
ALTER TABLE users ADD COLUMN agent TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN teams TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN totp BYTEA;
ALTER TABLE users ADD COLUMN totp_on BIGINT NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN totp_step BIGINT NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN password_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN source BYTEA;
ALTER TABLE sessions ADD COLUMN program BYTEA;
ALTER TABLE api_tokens ADD COLUMN scopes TEXT NOT NULL DEFAULT '';
ALTER TABLE api_tokens ADD COLUMN used_at BIGINT;

CREATE TABLE recovery_codes (
	user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	hash    TEXT NOT NULL,
	used_at BIGINT,
	PRIMARY KEY (user_id, hash)
);

-- account is a keyed hash of the name as it was typed, which may be a password.
CREATE TABLE login_attempts (
	account      TEXT NOT NULL,
	source       TEXT NOT NULL,
	failures     BIGINT NOT NULL,
	last_at      BIGINT NOT NULL,
	locked_until BIGINT NOT NULL,
	good_at      BIGINT NOT NULL,
	PRIMARY KEY (account, source)
);
CREATE INDEX login_attempts_source ON login_attempts (source, last_at);
CREATE INDEX login_attempts_last ON login_attempts (last_at);

-- Rows are only added; each hash covers the row and the hash before it, keyed.
CREATE TABLE audit_trail (
	seq     BIGINT PRIMARY KEY,
	at      BIGINT NOT NULL,
	actor   TEXT NOT NULL,
	role    TEXT NOT NULL,
	action  TEXT NOT NULL,
	subject TEXT NOT NULL,
	detail  BYTEA,
	hash    TEXT NOT NULL
);
CREATE INDEX audit_trail_at ON audit_trail (at, seq);
CREATE INDEX audit_trail_actor ON audit_trail (actor, seq);
CREATE INDEX audit_trail_action ON audit_trail (action, seq);
CREATE INDEX audit_trail_subject ON audit_trail (subject, seq);
