package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/oklog/ulid/v2"
)

// Token lets a program in.
type Token struct {
	ID, Name             string
	Role                 Role
	Scopes               []string  // what it is for, of what its role may; none: all of that
	CreatedAt, ExpiresAt time.Time // ExpiresAt zero: never
	UsedAt               time.Time // about
}

// ErrScope is returned for a scope of no known form.
var ErrScope = errors.New(`a scope is an area, or an area and what may be done in it: "calls", "calls:read", "knowledge:write"`)

var validScope = regexp.MustCompile(`^[a-z][a-z-]{1,31}(:(read|write))?$`)

const (
	tokenColumns = `id, name, role, scopes, created_at, expires_at, used_at` //nolint:gosec // names of columns
	// tokenUse is how exactly it is known when a token was used last.
	tokenUse = time.Minute
)

// NewToken makes a token and returns its secret, which is not kept.
func (s *Store) NewToken(ctx context.Context, name string, role Role, expires time.Time, scopes ...string) (secretText string, t Token, err error) {
	if !slices.Contains(Roles(), role) {
		return "", t, fmt.Errorf("new token: %w", ErrRole)
	}
	for _, scope := range scopes {
		if !validScope.MatchString(scope) {
			return "", t, fmt.Errorf("new token: %q: %w", scope, ErrScope)
		}
	}
	secretText = "hl_" + secret(32)
	t = Token{ID: ulid.Make().String(), Name: name, Role: role, Scopes: scopes, CreatedAt: s.now().UTC().Truncate(time.Millisecond), ExpiresAt: expires}
	f := &sealing{s: s, table: "api_tokens", row: t.ID}
	list := f.list(scopes)
	if f.err != nil {
		return "", Token{}, f.err
	}
	err = s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO api_tokens (id, name, role, scopes, hash, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			t.ID, t.Name, string(t.Role), list, digest(secretText), t.CreatedAt.UnixMilli(), millis(expires))
		return err
	})
	if err != nil {
		return "", Token{}, fmt.Errorf("new token: %w", err)
	}
	return secretText, t, nil
}

func (s *Store) scanToken(from row) (t Token, err error) {
	var scopes string
	if err := from.Scan(&t.ID, &t.Name, &t.Role, &scopes, nullTime{&t.CreatedAt}, nullTime{&t.ExpiresAt}, nullTime{&t.UsedAt}); err != nil {
		return t, err
	}
	f := &sealing{s: s, table: "api_tokens", row: t.ID}
	f.parse(scopes, &t.Scopes)
	return t, f.err
}

// Token is the token with this secret, else ErrNotFound.
func (s *Store) Token(ctx context.Context, secretText string) (Token, error) {
	now := s.now()
	t, err := s.scanToken(s.read.QueryRowContext(ctx, `SELECT `+tokenColumns+` FROM api_tokens
		WHERE hash = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)`, digest(secretText), now.UnixMilli()))
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return Token{}, fmt.Errorf("token: %w", err)
	}
	if now.Sub(t.UsedAt) > tokenUse { // not a write for each request
		err = s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, `UPDATE api_tokens SET used_at = $2 WHERE id = $1`, t.ID, now.UnixMilli())
			return err
		})
		if err != nil { // of a full disk say, which the console must still tell about
			s.log.WarnContext(ctx, "when a token was used last is not kept", "error", err)
		}
	}
	return t, nil
}

// Tokens lists the tokens that are not revoked.
func (s *Store) Tokens(ctx context.Context) ([]Token, error) {
	return list(ctx, s.read, "list tokens", func(from row) (Token, error) {
		return s.scanToken(from)
	}, `SELECT `+tokenColumns+` FROM api_tokens WHERE revoked_at IS NULL ORDER BY created_at, id`)
}

// RevokeToken ends a token.
func (s *Store) RevokeToken(ctx context.Context, id string) error {
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return changeOne(tx.ExecContext(ctx, `UPDATE api_tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL`, id, s.now().UnixMilli()))("revoke token " + id)
	})
}
