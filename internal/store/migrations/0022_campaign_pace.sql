-- Calls begun without an agent of their own: 1 while nobody knows what comes of them, 2
-- once nobody can be abandoned any more, 3 once somebody was; 0 all others.
ALTER TABLE attempts ADD COLUMN ahead BIGINT NOT NULL DEFAULT 0;
CREATE INDEX attempts_settled ON attempts (campaign_id, settled_at);
CREATE INDEX attempts_abandoned ON attempts (number_hash) WHERE outcome = 'abandoned';
