-- What calls out through trunks have used up: how many, how long, for how much, in
-- stretches of time. subject is a keyed hash of the called number, or ''.
CREATE TABLE outbound_ledger (
	account TEXT NOT NULL,
	subject TEXT NOT NULL,
	since   BIGINT NOT NULL,
	until   BIGINT NOT NULL,
	amount  BIGINT NOT NULL,
	PRIMARY KEY (account, subject, since)
);
CREATE INDEX outbound_ledger_until ON outbound_ledger (until);
