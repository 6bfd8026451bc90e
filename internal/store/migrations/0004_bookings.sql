-- Places that callers took through tasks. The counter is raised in one statement, so
-- that two nodes cannot give the last place twice.
CREATE TABLE booking_counts (
	place TEXT PRIMARY KEY,
	taken BIGINT NOT NULL
);
CREATE TABLE bookings (
	id         TEXT PRIMARY KEY,
	place      TEXT NOT NULL,
	fields     BYTEA,
	created_at BIGINT NOT NULL
);
CREATE INDEX bookings_place ON bookings (place, created_at);
