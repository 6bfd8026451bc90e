-- Wordings that are proposed for questions, found in what callers said or written by a
-- language model, and what a person decided about each. id is a keyed hash of the
-- question and the wording, so that what was refused is known again without its text.
CREATE TABLE proposals (
	business   TEXT NOT NULL,
	id         TEXT NOT NULL,
	pair       TEXT NOT NULL,
	wording    BYTEA,
	source     TEXT NOT NULL,
	why        TEXT NOT NULL,
	confidence DOUBLE PRECISION NOT NULL,
	score      DOUBLE PRECISION NOT NULL,
	said       BIGINT NOT NULL,
	alike      BIGINT NOT NULL,
	state      TEXT NOT NULL,
	put_pair   TEXT NOT NULL DEFAULT '',
	put        BYTEA,
	made_at    BIGINT NOT NULL,
	decided_at BIGINT,
	decided_by TEXT NOT NULL DEFAULT '',
	PRIMARY KEY (business, id)
);
CREATE INDEX proposals_state ON proposals (business, state, score, id);
