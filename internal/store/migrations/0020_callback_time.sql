-- When somebody who wants to be called has said a moment; none where he has not.
ALTER TABLE wishes ADD COLUMN wanted_at BIGINT;
