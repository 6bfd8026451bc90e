package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/oklog/ulid/v2"
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

// NewSession signs a user in and returns the cookie's value.
func (s *Store) NewSession(ctx context.Context, u User) (token string, _ Session, err error) {
	token = secret(32)
	now := s.now()
	session := Session{u, secret(24), now.Add(sessionLife)}
	err = s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE expires_at < $1 OR seen_at < $2`,
			now.UnixMilli(), now.Add(-s.cfg.Session).UnixMilli()); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO sessions (hash, user_id, csrf, created_at, seen_at, expires_at) VALUES ($1, $2, $3, $4, $4, $5)`,
			digest(token), u.ID, session.CSRF, now.UnixMilli(), session.ExpiresAt.UnixMilli())
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
		if err != nil {
			return Session{}, fmt.Errorf("session: %w", err)
		}
	}
	return session, nil
}

// EndSession signs out; a session that is over is no error.
func (s *Store) EndSession(ctx context.Context, token string) error {
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE hash = $1`, digest(token))
		return err
	})
}

// Token lets a program in.
type Token struct {
	ID, Name             string
	Role                 Role
	CreatedAt, ExpiresAt time.Time // ExpiresAt zero: never
}

const tokenColumns = `id, name, role, created_at, expires_at` //nolint:gosec // names of columns

// NewToken makes a token and returns its secret, which is not kept.
func (s *Store) NewToken(ctx context.Context, name string, role Role, expires time.Time) (secretText string, t Token, err error) {
	if !slices.Contains(Roles(), role) {
		return "", t, fmt.Errorf("new token: %w", ErrRole)
	}
	secretText = "hl_" + secret(32)
	t = Token{ulid.Make().String(), name, role, s.now().UTC().Truncate(time.Millisecond), expires}
	err = s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO api_tokens (id, name, role, hash, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)`,
			t.ID, t.Name, string(t.Role), digest(secretText), t.CreatedAt.UnixMilli(), millis(expires))
		return err
	})
	if err != nil {
		return "", Token{}, fmt.Errorf("new token: %w", err)
	}
	return secretText, t, nil
}

func scanToken(from row) (t Token, err error) {
	err = from.Scan(&t.ID, &t.Name, &t.Role, nullTime{&t.CreatedAt}, nullTime{&t.ExpiresAt})
	return t, err
}

// Token is the token with this secret, else ErrNotFound.
func (s *Store) Token(ctx context.Context, secretText string) (Token, error) {
	t, err := scanToken(s.read.QueryRowContext(ctx, `SELECT `+tokenColumns+` FROM api_tokens
		WHERE hash = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)`, digest(secretText), s.now().UnixMilli()))
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return Token{}, fmt.Errorf("token: %w", err)
	}
	return t, nil
}

// Tokens lists the tokens that are not revoked.
func (s *Store) Tokens(ctx context.Context) (tokens []Token, err error) {
	rows, err := s.read.QueryContext(ctx, `SELECT `+tokenColumns+` FROM api_tokens WHERE revoked_at IS NULL ORDER BY created_at, id`)
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		t, err := scanToken(rows)
		if err != nil {
			return nil, fmt.Errorf("list tokens: %w", err)
		}
		tokens = append(tokens, t)
	}
	return tokens, rows.Err()
}

// RevokeToken ends a token.
func (s *Store) RevokeToken(ctx context.Context, id string) error {
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return changeOne(tx.ExecContext(ctx, `UPDATE api_tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL`, id, s.now().UnixMilli()))("revoke token " + id)
	})
}
