package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// sessionLife is how long a session lasts at most, however much it is used.
const sessionLife = 7 * 24 * time.Hour

// Session is a signed-in user.
type Session struct {
	User      User
	CSRF      string // must come with each change that is authorised by the cookie
	ExpiresAt time.Time
}

// digest is how tokens are kept: they are random, so a plain hash is enough.
func digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// Origin is where a session comes from.
type Origin struct {
	Source  string // address
	Program string // User-Agent
}

// NewSession signs a user in and returns the cookie's value.
func (s *Store) NewSession(ctx context.Context, u User, from Origin) (token string, _ Session, err error) {
	token = secret(32)
	now := s.now()
	f := &sealing{s: s, table: "sessions", row: digest(token)}
	source, program := f.seal("source", from.Source), f.seal("program", from.Program)
	if f.err != nil {
		return "", Session{}, f.err
	}
	session := Session{u, secret(24), now.Add(sessionLife)}
	err = s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE expires_at < $1 OR seen_at < $2`,
			now.UnixMilli(), now.Add(-s.cfg.Session).UnixMilli()); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO sessions (hash, user_id, csrf, created_at, seen_at, expires_at, source, program)
			VALUES ($1, $2, $3, $4, $4, $5, $6, $7)`,
			digest(token), u.ID, session.CSRF, now.UnixMilli(), session.ExpiresAt.UnixMilli(), source, program)
		return err
	})
	if err != nil {
		return "", Session{}, fmt.Errorf("sign in: %w", err)
	}
	return token, session, nil
}

// Session is the session that the cookie's value stands for, else ErrNotFound.
func (s *Store) Session(ctx context.Context, token string) (Session, error) {
	now := s.now()
	hash := digest(token)
	var session Session
	var seen time.Time
	var err error
	session.User, err = s.scanUser(s.read.QueryRowContext(ctx, `SELECT `+userColumns+`, csrf, expires_at, seen_at FROM sessions
		JOIN users ON users.id = user_id WHERE hash = $1 AND disabled = 0 AND expires_at > $2 AND seen_at > $3`,
		hash, now.UnixMilli(), now.Add(-s.cfg.Session).UnixMilli()), &session.CSRF, nullTime{&session.ExpiresAt}, nullTime{&seen})
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return Session{}, fmt.Errorf("session: %w", err)
	}
	if now.Sub(seen) > s.cfg.Session/100 { // not a write for each request
		err = s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `UPDATE sessions SET seen_at = $2 WHERE hash = $1`, hash, now.UnixMilli())
			return err
		})
		if err != nil { // of a full disk say, which the console must still tell about
			s.log.WarnContext(ctx, "when a session was used last is not kept", "error", err)
		}
	}
	return session, nil
}

// SessionKey names the session of a cookie's value to SessionIsOpen; the value cannot be
// made of it.
func SessionKey(token string) string { return digest(token) }

// SessionIsOpen tells whether the session of this key is in force.
func (s *Store) SessionIsOpen(ctx context.Context, key string) (bool, error) {
	now := s.now()
	var open int
	err := s.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM sessions JOIN users ON users.id = user_id WHERE hash = $1 AND disabled = 0 AND expires_at > $2 AND seen_at > $3`,
		key, now.UnixMilli(), now.Add(-s.cfg.Session).UnixMilli()).Scan(&open)
	if err != nil {
		return false, fmt.Errorf("session: %w", err)
	}
	return open > 0, nil
}

// EndSession signs out; a session that is over is no error.
func (s *Store) EndSession(ctx context.Context, token string) error {
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE hash = $1`, digest(token))
		return err
	})
}

func endSessions(ctx context.Context, tx *sql.Tx, name string) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE user_id = (SELECT id FROM users WHERE name = $1)`, name)
	return err
}

// OpenSession is a session in a list.
type OpenSession struct {
	ID                           string // names it; the cookie cannot be made of it
	User                         string
	CreatedAt, SeenAt, ExpiresAt time.Time
	Origin
	token string // digest of the cookie's value
}

// Is tells whether it is the session that a cookie's value stands for.
func (o OpenSession) Is(token string) bool { return token != "" && o.token == digest(token) }

const sessionID = 16 // digits of the digest that name a session

// OpenSessions lists the sessions of a user, or of all for "", the latest used first.
func (s *Store) OpenSessions(ctx context.Context, name string) ([]OpenSession, error) {
	now := s.now()
	return list(ctx, s.read, "list sessions", func(from row) (OpenSession, error) {
		var o OpenSession
		var source, program []byte
		if err := from.Scan(&o.token, &o.User, nullTime{&o.CreatedAt}, nullTime{&o.SeenAt}, nullTime{&o.ExpiresAt}, &source, &program); err != nil {
			return o, err
		}
		f := &sealing{s: s, table: "sessions", row: o.token}
		o.Source, o.Program = f.open("source", source), f.open("program", program)
		if f.err != nil {
			return o, f.err
		}
		o.ID = o.token[:sessionID]
		return o, nil
	}, `SELECT hash, name, sessions.created_at, seen_at, expires_at, source, program FROM sessions
		JOIN users ON users.id = user_id WHERE expires_at > $1 AND seen_at > $2 AND (name = $3 OR $3 = '') ORDER BY seen_at DESC, hash LIMIT 1000`,
		now.UnixMilli(), now.Add(-s.cfg.Session).UnixMilli(), name)
}

// RevokeSession ends the session with the ID of a list, of this user or of anybody for "".
func (s *Store) RevokeSession(ctx context.Context, id, name string) error {
	if len(id) != sessionID {
		return fmt.Errorf("end session: %w", ErrNotFound)
	}
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return changeOne(tx.ExecContext(ctx, `DELETE FROM sessions WHERE substr(hash, 1, $2) = $1
			AND ($3 = '' OR user_id = (SELECT id FROM users WHERE name = $3))`, id, sessionID, name))("end session")
	})
}

// EndSessions signs a user out everywhere but in the session of keep.
func (s *Store) EndSessions(ctx context.Context, name, keep string) error {
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE user_id = (SELECT id FROM users WHERE name = $1) AND hash <> $2`, name, digest(keep))
		return err
	})
}
