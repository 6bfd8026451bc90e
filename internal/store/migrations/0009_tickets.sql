-- Tickets, decisions that people review, customers, and what is told to other systems.
-- serial is what people call a ticket by.
CREATE TABLE tickets (
	id          TEXT PRIMARY KEY,
	serial      BIGINT NOT NULL UNIQUE,
	kind        TEXT NOT NULL,
	state       TEXT NOT NULL,
	priority    BIGINT NOT NULL,
	owner       TEXT NOT NULL,
	team        TEXT NOT NULL,
	source      TEXT NOT NULL,
	made_by     TEXT NOT NULL,
	call_id     TEXT NOT NULL,
	number      BYTEA,
	number_hash TEXT NOT NULL,
	number_tail TEXT NOT NULL,
	summary     BYTEA,
	fields      BYTEA,
	made_at     BIGINT NOT NULL,
	changed_at  BIGINT NOT NULL,
	due_at      BIGINT,
	escalate_at BIGINT,
	escalated   BIGINT NOT NULL,
	closed_at   BIGINT,
	version     BIGINT NOT NULL
);
CREATE INDEX tickets_made ON tickets (made_at, id);
CREATE INDEX tickets_state ON tickets (state, made_at, id);
CREATE INDEX tickets_number ON tickets (number_hash);
CREATE INDEX tickets_call ON tickets (call_id);
CREATE INDEX tickets_escalate ON tickets (escalate_at) WHERE escalate_at IS NOT NULL;

-- Rows are only added: what was changed from what to what, and comments.
CREATE TABLE ticket_notes (
	ticket_id TEXT NOT NULL REFERENCES tickets (id) ON DELETE CASCADE,
	seq       BIGINT NOT NULL,
	at        BIGINT NOT NULL,
	actor     TEXT NOT NULL,
	kind      TEXT NOT NULL,
	data      BYTEA,
	PRIMARY KEY (ticket_id, seq)
);

-- A file's content is in parts, as base64 text.
CREATE TABLE ticket_files (
	id        TEXT PRIMARY KEY,
	ticket_id TEXT NOT NULL REFERENCES tickets (id) ON DELETE CASCADE,
	name      BYTEA,
	type      TEXT NOT NULL,
	size      BIGINT NOT NULL,
	at        BIGINT NOT NULL,
	actor     TEXT NOT NULL
);
CREATE INDEX ticket_files_ticket ON ticket_files (ticket_id);
CREATE TABLE ticket_parts (
	ticket_file_id TEXT NOT NULL REFERENCES ticket_files (id) ON DELETE CASCADE,
	seq            BIGINT NOT NULL,
	data           BYTEA,
	PRIMARY KEY (ticket_file_id, seq)
);

-- As search_tokens, for tickets.
CREATE TABLE ticket_tokens (
	token     BIGINT NOT NULL,
	ticket_id TEXT NOT NULL REFERENCES tickets (id) ON DELETE CASCADE,
	PRIMARY KEY (token, ticket_id)
);
CREATE INDEX ticket_tokens_ticket ON ticket_tokens (ticket_id);

-- What other systems are to be told; a row goes when they have taken it.
CREATE TABLE deliveries (
	id         TEXT PRIMARY KEY,
	kind       TEXT NOT NULL,
	ticket_id  TEXT NOT NULL,
	body       BYTEA,
	state      TEXT NOT NULL,
	tries      BIGINT NOT NULL,
	made_at    BIGINT NOT NULL,
	next_at    BIGINT NOT NULL,
	last_error TEXT NOT NULL
);
CREATE INDEX deliveries_next ON deliveries (state, next_at);

-- Decisions that a flow has prepared. send_at is when the caller is told, until when the
-- decision can be taken back; sent_at when he was.
CREATE TABLE reviews (
	id          TEXT PRIMARY KEY,
	kind        TEXT NOT NULL,
	state       TEXT NOT NULL,
	call_id     TEXT NOT NULL,
	number      BYTEA,
	number_hash TEXT NOT NULL,
	proposed    BYTEA,
	decided     BYTEA,
	made_at     BIGINT NOT NULL,
	decided_at  BIGINT,
	decided_by  TEXT NOT NULL,
	send_at     BIGINT,
	sent_at     BIGINT,
	version     BIGINT NOT NULL
);
CREATE INDEX reviews_state ON reviews (state, made_at, id);
CREATE INDEX reviews_send ON reviews (send_at) WHERE send_at IS NOT NULL;
CREATE INDEX reviews_number ON reviews (number_hash);
CREATE INDEX reviews_call ON reviews (call_id);
CREATE TABLE review_notes (
	review_id TEXT NOT NULL REFERENCES reviews (id) ON DELETE CASCADE,
	seq       BIGINT NOT NULL,
	at        BIGINT NOT NULL,
	actor     TEXT NOT NULL,
	kind      TEXT NOT NULL,
	data      BYTEA,
	PRIMARY KEY (review_id, seq)
);

-- A customer is whoever has one of his numbers. number_hash is that of the first.
CREATE TABLE customers (
	id          TEXT PRIMARY KEY,
	number_hash TEXT NOT NULL,
	name        BYTEA,
	tags        BYTEA,
	notes       BYTEA,
	consents    BYTEA,
	tier        TEXT NOT NULL,
	language    TEXT NOT NULL,
	made_at     BIGINT NOT NULL,
	seen_at     BIGINT NOT NULL,
	version     BIGINT NOT NULL
);
CREATE INDEX customers_seen ON customers (seen_at, id);
CREATE TABLE customer_numbers (
	number_hash TEXT PRIMARY KEY,
	customer_id TEXT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
	number      BYTEA,
	number_tail TEXT NOT NULL
);
CREATE INDEX customer_numbers_customer ON customer_numbers (customer_id);
CREATE INDEX customer_numbers_tail ON customer_numbers (number_tail);
CREATE TABLE customer_tokens (
	token       BIGINT NOT NULL,
	customer_id TEXT NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
	PRIMARY KEY (token, customer_id)
);
CREATE INDEX customer_tokens_customer ON customer_tokens (customer_id);
