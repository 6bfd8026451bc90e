-- What people of the console wrote over the questions and answers of a business's
-- files. Rows are only added: each is a text, its state, its author and its time.
CREATE TABLE knowledge_versions (
	business TEXT NOT NULL,
	pair     TEXT NOT NULL,
	n        BIGINT NOT NULL,
	state    TEXT NOT NULL,
	body     TEXT NOT NULL,
	base     TEXT NOT NULL,
	author   TEXT NOT NULL,
	note     TEXT NOT NULL,
	at       BIGINT NOT NULL,
	PRIMARY KEY (business, pair, n)
);
CREATE INDEX knowledge_versions_state ON knowledge_versions (business, state, pair, n);
