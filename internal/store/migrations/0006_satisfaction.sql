-- How content the caller said he was, 1 to 5; 0 where nobody asked or answered.
ALTER TABLE calls ADD COLUMN satisfaction BIGINT NOT NULL DEFAULT 0;
