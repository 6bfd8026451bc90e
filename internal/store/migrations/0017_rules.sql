-- What business.yaml was before and after a change that was made in the console. The
-- texts hold customers' numbers.
CREATE TABLE rule_versions (
	business TEXT NOT NULL,
	version  BIGINT NOT NULL,
	made_at  BIGINT NOT NULL,
	made_by  TEXT NOT NULL,
	changed  TEXT NOT NULL,
	stamp    TEXT NOT NULL,
	undoes   BIGINT NOT NULL,
	before   BYTEA,
	after    BYTEA,
	PRIMARY KEY (business, version)
);
