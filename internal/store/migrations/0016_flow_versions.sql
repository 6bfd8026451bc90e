-- What people of the console wrote into the files of a business's tasks, and what stood
-- there before. Rows are only added: each is a text, its author and its time; that of a
-- task that was deleted is the text it had.
CREATE TABLE flow_versions (
	business TEXT NOT NULL,
	file     TEXT NOT NULL,
	n        BIGINT NOT NULL,
	state    TEXT NOT NULL,
	body     TEXT NOT NULL,
	author   TEXT NOT NULL,
	note     TEXT NOT NULL,
	at       BIGINT NOT NULL,
	PRIMARY KEY (business, file, n)
);
