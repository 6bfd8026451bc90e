-- Callbacks whose moment was named are rung by the server: calling is the call in
-- progress, trouble why the last try came to nothing.
ALTER TABLE wishes ADD COLUMN call_tries BIGINT NOT NULL DEFAULT 0;
ALTER TABLE wishes ADD COLUMN call_next BIGINT;
ALTER TABLE wishes ADD COLUMN calling TEXT NOT NULL DEFAULT '';
ALTER TABLE wishes ADD COLUMN call_trouble TEXT NOT NULL DEFAULT '';
CREATE INDEX wishes_wanted ON wishes (kind, state, wanted_at);
