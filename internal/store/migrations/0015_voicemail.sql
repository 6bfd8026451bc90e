-- What was said in a message that a caller left, recognised from its recording when the
-- call is over. transcript holds the text with the words that make it urgent.
ALTER TABLE wishes ADD COLUMN transcript BYTEA;
ALTER TABLE wishes ADD COLUMN transcript_state TEXT NOT NULL DEFAULT '';
ALTER TABLE wishes ADD COLUMN transcript_tries BIGINT NOT NULL DEFAULT 0;
ALTER TABLE wishes ADD COLUMN transcript_after BIGINT NOT NULL DEFAULT 0;
ALTER TABLE wishes ADD COLUMN urgent BIGINT NOT NULL DEFAULT 0;
CREATE INDEX wishes_transcript ON wishes (transcript_state, transcript_after);
