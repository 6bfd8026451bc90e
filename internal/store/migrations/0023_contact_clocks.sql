-- By whose clocks a contact is called, so that those who share them are looked at, and left
-- alone, together: zones joined by commas, each such list once. 0 is not known.
CREATE TABLE clocks (
	id    BIGINT PRIMARY KEY,
	zones TEXT NOT NULL UNIQUE
);
ALTER TABLE contacts ADD COLUMN clock BIGINT NOT NULL DEFAULT 0;
DROP INDEX contacts_due;
CREATE INDEX contacts_due ON contacts (campaign_id, state, clock, due, place, id);

-- Why nobody of certain clocks was called: one row for a campaign, the clocks, a day and a
-- reason, which is that of all contacts who waited then.
CREATE TABLE clock_refusals (
	campaign_id TEXT NOT NULL,
	clock       BIGINT NOT NULL,
	day         TEXT NOT NULL,
	reason      TEXT NOT NULL,
	ground      TEXT NOT NULL,
	first_at    BIGINT NOT NULL,
	last_at     BIGINT NOT NULL,
	contacts    BIGINT NOT NULL,
	PRIMARY KEY (campaign_id, clock, day, reason)
);
CREATE INDEX clock_refusals_at ON clock_refusals (last_at);
CREATE INDEX refusals_at ON refusals (last_at);
