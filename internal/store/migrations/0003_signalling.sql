-- What the signalling said about a call: identities are personal data (sealed).
ALTER TABLE calls ADD COLUMN signalling BYTEA;
ALTER TABLE calls ADD COLUMN trunk TEXT NOT NULL DEFAULT '';
ALTER TABLE calls ADD COLUMN sip_status BIGINT NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN end_reason BYTEA;
CREATE INDEX calls_trunk ON calls (trunk, started_at);
