-- Campaigns: who is called, when, and what came of it. definition is the campaign as
-- JSON; tokens are the calls that its rate allows at tokens_at; hang_up that its calls
-- in progress are to end.
CREATE TABLE campaigns (
	id         TEXT PRIMARY KEY,
	name       TEXT NOT NULL,
	state      TEXT NOT NULL,
	priority   BIGINT NOT NULL,
	version    BIGINT NOT NULL,
	definition TEXT NOT NULL,
	tokens     DOUBLE PRECISION NOT NULL,
	tokens_at  BIGINT NOT NULL,
	hang_up    BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	created_by TEXT NOT NULL,
	changed_at BIGINT NOT NULL
);
CREATE TABLE campaign_versions (
	campaign_id TEXT NOT NULL,
	version     BIGINT NOT NULL,
	definition  TEXT NOT NULL,
	made_at     BIGINT NOT NULL,
	made_by     TEXT NOT NULL,
	PRIMARY KEY (campaign_id, version)
);

-- The next ids of contacts and attempts: a sealed field is bound to its row's id, which
-- must be known before the row is there.
CREATE TABLE campaign_ids (
	name TEXT PRIMARY KEY,
	next BIGINT NOT NULL
);

-- due is 0 for a contact that was never called; place is the order among those of one
-- due. person is number, name and fields.
CREATE TABLE contacts (
	id          INTEGER PRIMARY KEY,
	campaign_id TEXT NOT NULL,
	number_hash TEXT NOT NULL,
	person      BYTEA,
	zone        TEXT NOT NULL,
	rank        BIGINT NOT NULL,
	place       BIGINT NOT NULL,
	variant     TEXT NOT NULL,
	agent       TEXT NOT NULL,
	state       TEXT NOT NULL,
	reason      TEXT NOT NULL,
	due         BIGINT NOT NULL,
	made        BIGINT NOT NULL,
	callback    BIGINT NOT NULL,
	added_at    BIGINT NOT NULL
);
CREATE UNIQUE INDEX contacts_number ON contacts (number_hash, campaign_id);
CREATE INDEX contacts_due ON contacts (campaign_id, state, due, place, id);

-- The journal of attempts. One without settled_at is in progress.
CREATE TABLE attempts (
	id          INTEGER PRIMARY KEY,
	campaign_id TEXT NOT NULL,
	contact_id  BIGINT NOT NULL,
	number_hash TEXT NOT NULL,
	call_id     TEXT NOT NULL,
	node        TEXT NOT NULL,
	variant     TEXT NOT NULL,
	number      BIGINT NOT NULL,
	ground      TEXT NOT NULL,
	day         TEXT NOT NULL,
	claimed_at  BIGINT NOT NULL,
	settled_at  BIGINT,
	outcome     TEXT NOT NULL,
	goal        TEXT NOT NULL,
	refused     BIGINT NOT NULL,
	answered    BIGINT NOT NULL,
	seconds     DOUBLE PRECISION NOT NULL,
	cost        DOUBLE PRECISION NOT NULL,
	trunk       TEXT NOT NULL,
	result      BYTEA
);
CREATE INDEX attempts_contact ON attempts (contact_id, id);
CREATE INDEX attempts_campaign ON attempts (campaign_id, claimed_at);
CREATE INDEX attempts_call ON attempts (call_id);
CREATE INDEX attempts_open ON attempts (campaign_id, node) WHERE settled_at IS NULL;
CREATE INDEX attempts_in_use ON attempts (number_hash) WHERE settled_at IS NULL;

-- How often a number was called on a day of the callee's calendar, for the caps.
CREATE TABLE number_days (
	number_hash TEXT NOT NULL,
	day         TEXT NOT NULL,
	campaign_id TEXT NOT NULL,
	calls       BIGINT NOT NULL,
	PRIMARY KEY (number_hash, day, campaign_id)
);
CREATE INDEX number_days_day ON number_days (day);

-- Why a contact was not called: one row for a contact, a day and a reason.
CREATE TABLE refusals (
	contact_id  BIGINT NOT NULL,
	day         TEXT NOT NULL,
	reason      TEXT NOT NULL,
	campaign_id TEXT NOT NULL,
	ground      TEXT NOT NULL,
	first_at    BIGINT NOT NULL,
	last_at     BIGINT NOT NULL,
	times       BIGINT NOT NULL,
	PRIMARY KEY (contact_id, day, reason)
);
CREATE INDEX refusals_campaign ON refusals (campaign_id, reason);

CREATE TABLE consents (
	number_hash TEXT NOT NULL,
	purpose     TEXT NOT NULL,
	at          BIGINT NOT NULL,
	given       BIGINT NOT NULL,
	number      BYTEA,
	how         BYTEA,
	by_whom     TEXT NOT NULL,
	file        BYTEA,
	PRIMARY KEY (number_hash, purpose, at)
);

-- Who must not be called. subject is a keyed hash of its own: who has his data erased is
-- still not called. The number itself goes with his data.
CREATE TABLE suppressions (
	subject TEXT NOT NULL,
	list    TEXT NOT NULL,
	purpose TEXT NOT NULL,
	at      BIGINT NOT NULL,
	until   BIGINT,
	how     TEXT NOT NULL,
	call    TEXT NOT NULL,
	PRIMARY KEY (subject, list, purpose)
);
CREATE INDEX suppressions_at ON suppressions (at, subject);
CREATE TABLE suppressed_numbers (
	number_hash TEXT PRIMARY KEY,
	subject     TEXT NOT NULL UNIQUE,
	number      BYTEA
);

-- Which event has made which contact due: one that comes twice makes one call.
CREATE TABLE trigger_keys (
	name       TEXT NOT NULL,
	key        TEXT NOT NULL,
	contact_id BIGINT NOT NULL,
	at         BIGINT NOT NULL,
	PRIMARY KEY (name, key)
);
CREATE INDEX trigger_keys_at ON trigger_keys (at);

CREATE TABLE campaign_nodes (
	node    TEXT PRIMARY KEY,
	seen_at BIGINT NOT NULL
);
