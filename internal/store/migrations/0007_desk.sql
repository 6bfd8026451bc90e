-- What each agent chose to do, so that a restart finds it again. The people themselves
-- stand in business.yaml; a name here that is not there counts for nothing.
CREATE TABLE agent_states (
	name       TEXT PRIMARY KEY,
	mode       TEXT NOT NULL,
	reason     TEXT NOT NULL,
	since      BIGINT NOT NULL,
	rest_until BIGINT,
	wrap_until BIGINT,
	idle       BIGINT
);
