-- Quality reviews: a call, what the rules of a score sheet found in it, what a reviewer
-- thinks of it and what its agent replies. subject is an agent's name, or bot; week is
-- "2026-W47".
CREATE TABLE assessments (
	id          TEXT PRIMARY KEY,
	call_id     TEXT NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
	subject     TEXT NOT NULL,
	line        TEXT NOT NULL,
	sheet       TEXT NOT NULL,
	source      TEXT NOT NULL,
	week        TEXT NOT NULL,
	state       TEXT NOT NULL,
	found       BIGINT,
	score       BIGINT,
	passed      BIGINT,
	judged      BYTEA,
	review      BYTEA,
	reply       BYTEA,
	made_at     BIGINT NOT NULL,
	reviewer    TEXT NOT NULL,
	reviewed_at BIGINT,
	replied_at  BIGINT,
	version     BIGINT NOT NULL
);
CREATE UNIQUE INDEX assessments_call ON assessments (call_id, subject);
CREATE INDEX assessments_made ON assessments (made_at, id);
CREATE INDEX assessments_week ON assessments (week, subject);
