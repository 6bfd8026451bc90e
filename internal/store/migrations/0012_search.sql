-- What was said, findable without its text: keyed hashes of pairs and triples of letters,
-- cut to 20 bits, by call. docs/security.md says what they give away.
CREATE TABLE search_calls (
	doc     BIGINT PRIMARY KEY,
	call_id TEXT NOT NULL UNIQUE REFERENCES calls (id) ON DELETE CASCADE
);
CREATE TABLE search_tokens (
	token BIGINT NOT NULL,
	doc   BIGINT NOT NULL REFERENCES search_calls (doc) ON DELETE CASCADE,
	PRIMARY KEY (token, doc)
);
CREATE INDEX search_tokens_doc ON search_tokens (doc);
