-- What agents write down after a call: what the machine has drafted, what is typed and not
-- saved yet, and what was saved. how is accepted, edited or alone once it was; seconds is
-- how long it took.
CREATE TABLE wrapups (
	id         TEXT PRIMARY KEY,
	call_id    TEXT NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
	agent      TEXT NOT NULL,
	draft      BYTEA,
	working    BYTEA,
	saved      BYTEA,
	how        TEXT NOT NULL,
	seconds    BIGINT NOT NULL,
	made_at    BIGINT NOT NULL,
	changed_at BIGINT NOT NULL,
	saved_at   BIGINT
);
CREATE INDEX wrapups_call ON wrapups (call_id);
CREATE INDEX wrapups_open ON wrapups (agent, changed_at);
CREATE INDEX wrapups_saved ON wrapups (saved_at) WHERE saved_at IS NOT NULL;
