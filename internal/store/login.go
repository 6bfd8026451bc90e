package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"hotline/internal/totp"
)

// LoginTry is an attempt to sign in.
type LoginTry struct {
	Name, Password string
	Code           string // of the authenticator, or a recovery code; "" without one
	Source         string // address
}

// ErrCodeNeeded is returned for a right password where a code of the authenticator is
// needed as well; ErrCode for a wrong one, or one that was used.
var (
	ErrCodeNeeded = errors.New("a code of your authenticator is needed")
	ErrCode       = errors.New("the code is wrong or was used already")
)

// LockedError is returned while no attempt is looked at.
type LockedError struct {
	Until time.Time
	// Now tells that the attempt before was the one that closed the lock.
	Now bool
}

func (e *LockedError) Error() string { return "too many failed logins" }

// The lock-out. An account is locked for one source after a few failures in a row,
// longer each time. Guessing from many sources locks the account for those from which
// it was never signed in to, so that its owner is not shut out by strangers; a source
// that tries many names is locked for all of them.
const (
	pairFailures    = 5
	pairLock        = 30 * time.Second
	longestLock     = time.Hour
	accountFailures = 25
	sourceFailures  = 60
	failureWindow   = time.Hour // in which failures of an account or a source add up
	attemptsKept    = 30 * 24 * time.Hour
	maxAttempts     = 20_000 // rows; the oldest go first
)

// account is how a name is kept that somebody typed to sign in: it may be a password.
func (s *Store) account(name string) (hashes, error) {
	f := &sealing{s: s, table: "login_attempts"}
	return f.hashes("login", strings.ToLower(strings.TrimSpace(name))), f.err
}

// network is the source that failures are counted for: one customer has a whole /64.
func network(source string) string {
	if ip := net.ParseIP(source); ip != nil && ip.To4() == nil {
		return ip.Mask(net.CIDRMask(64, 128)).String()
	}
	return source
}

// SignIn returns the user whom an attempt shows to be. Its errors are ErrLogin,
// ErrCodeNeeded, ErrCode, LockedError, or the database's.
func (s *Store) SignIn(ctx context.Context, try LoginTry) (User, error) {
	account, err := s.account(try.Name)
	if err != nil {
		return User{}, err
	}
	source := network(try.Source)
	until, err := s.lockedUntil(ctx, account, source)
	if err != nil {
		return User{}, fmt.Errorf("sign in: %w", err)
	}
	if until.After(s.now()) {
		return User{}, &LockedError{Until: until}
	}
	u, err := s.Authenticate(ctx, try.Name, try.Password)
	if err == nil && u.TOTP {
		err = s.secondFactor(ctx, u, try.Code)
	}
	switch {
	case err == nil:
		return u, s.succeeded(ctx, account, source)
	case errors.Is(err, ErrLogin), errors.Is(err, ErrCode):
		locked, ferr := s.failed(ctx, account, source)
		if ferr != nil {
			return User{}, ferr
		}
		if !locked.IsZero() {
			return User{}, errors.Join(err, &LockedError{Until: locked, Now: true})
		}
	}
	return User{}, err
}

// Confirm checks the password of somebody who is signed in, with the same locks.
func (s *Store) Confirm(ctx context.Context, u User, password, from string) error {
	account, err := s.account(u.Name)
	if err != nil {
		return err
	}
	source := network(from)
	until, err := s.lockedUntil(ctx, account, source)
	if err != nil {
		return fmt.Errorf("confirm the password: %w", err)
	}
	if until.After(s.now()) {
		return &LockedError{Until: until}
	}
	_, err = s.Authenticate(ctx, u.Name, password)
	if errors.Is(err, ErrLogin) {
		if _, ferr := s.failed(ctx, account, source); ferr != nil {
			return ferr
		}
	}
	return err
}

func (s *Store) lockedUntil(ctx context.Context, account hashes, source string) (time.Time, error) {
	now := s.now()
	since := now.Add(-failureWindow).UnixMilli()
	var pair, good int64
	err := s.read.QueryRowContext(ctx, `SELECT locked_until, good_at FROM login_attempts WHERE account IN ($1, $2) AND source = $3`, account.is, account.other, source).Scan(&pair, &good)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, err
	}
	if good > 0 { // its owner comes from here
		return time.UnixMilli(pair), nil
	}
	until := time.UnixMilli(pair)
	for _, q := range []struct {
		query string
		args  []any
		limit int64
	}{
		{`SELECT COALESCE(SUM(failures), 0), COALESCE(MAX(last_at), 0) FROM login_attempts WHERE last_at > $1 AND good_at = 0 AND account IN ($2, $3)`, []any{account.is, account.other}, accountFailures},
		{`SELECT COALESCE(SUM(failures), 0), COALESCE(MAX(last_at), 0) FROM login_attempts WHERE last_at > $1 AND source = $2`, []any{source}, sourceFailures},
	} {
		var failures, last int64
		if err := s.read.QueryRowContext(ctx, q.query, append([]any{since}, q.args...)...).Scan(&failures, &last); err != nil {
			return time.Time{}, err
		}
		if failures >= q.limit {
			if end := time.UnixMilli(last).Add(failureWindow / 4); end.After(until) {
				until = end
			}
		}
	}
	return until, nil
}

// failed counts a failure; until is the end of the lock that it closed, or zero.
func (s *Store) failed(ctx context.Context, of hashes, source string) (until time.Time, err error) {
	err = s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		until = time.Time{}
		now := s.now()
		if _, err := tx.ExecContext(ctx, `DELETE FROM login_attempts WHERE last_at < $1 OR last_at <=
			(SELECT last_at FROM login_attempts ORDER BY last_at DESC LIMIT 1 OFFSET $2)`, now.Add(-attemptsKept).UnixMilli(), maxAttempts); err != nil {
			return err
		}
		account, err := of.formIn(ctx, tx, "login_attempts", "account")
		if err != nil {
			return err
		}
		var failures int
		if err := tx.QueryRowContext(ctx, `INSERT INTO login_attempts (account, source, failures, last_at, locked_until, good_at) VALUES ($1, $2, 1, $3, 0, 0)
			ON CONFLICT (account, source) DO UPDATE SET failures = login_attempts.failures + 1, last_at = excluded.last_at RETURNING failures`,
			account, source, now.UnixMilli()).Scan(&failures); err != nil {
			return err
		}
		if failures < pairFailures {
			return nil
		}
		until = now.Add(min(pairLock<<min(failures-pairFailures, 20), longestLock))
		_, err = tx.ExecContext(ctx, `UPDATE login_attempts SET locked_until = $3 WHERE account = $1 AND source = $2`, account, source, until.UnixMilli())
		return err
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("sign in: %w", err)
	}
	return until, nil
}

func (s *Store) succeeded(ctx context.Context, of hashes, source string) error {
	now := s.now().UnixMilli()
	err := s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		account, err := of.formIn(ctx, tx, "login_attempts", "account")
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO login_attempts (account, source, failures, last_at, locked_until, good_at) VALUES ($1, $2, 0, $3, 0, $3)
			ON CONFLICT (account, source) DO UPDATE SET failures = 0, last_at = excluded.last_at, locked_until = 0, good_at = excluded.good_at`, account, source, now)
		return err
	})
	if err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	return nil
}

// secondFactor checks a code of the authenticator or a recovery code, and uses it up.
func (s *Store) secondFactor(ctx context.Context, u User, code string) error {
	code = typedCode(code)
	if code == "" {
		return ErrCodeNeeded
	}
	secretText, last, err := s.totpSecret(ctx, u)
	if err != nil {
		return err
	}
	step, ok, err := totp.Check(secretText, code, s.now(), last)
	if err != nil {
		return err
	}
	use, args := `UPDATE users SET totp_step = $2 WHERE id = $1 AND totp_on = 1 AND totp_step < $2`, []any{u.ID, step}
	if !ok {
		use, args = `UPDATE recovery_codes SET used_at = $3 WHERE user_id = $1 AND hash = $2 AND used_at IS NULL`, []any{u.ID, digest(code), s.now().UnixMilli()}
	}
	err = s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return changeOne(tx.ExecContext(ctx, use, args...))("use a code")
	})
	if errors.Is(err, ErrNotFound) {
		return ErrCode
	}
	return err
}

func (s *Store) totpSecret(ctx context.Context, u User) (secretText string, last int64, err error) {
	var sealed []byte
	if err := s.read.QueryRowContext(ctx, `SELECT totp, totp_step FROM users WHERE id = $1`, u.ID).Scan(&sealed, &last); err != nil {
		return "", 0, fmt.Errorf("second factor: %w", err)
	}
	f := &sealing{s: s, table: "users", row: u.ID}
	secretText = f.open("totp", sealed)
	return secretText, last, f.err
}

// BeginTOTP gives a user a new secret for an authenticator. It counts once ConfirmTOTP
// has seen a code of it.
func (s *Store) BeginTOTP(ctx context.Context, u User) (secretText string, err error) {
	secretText = totp.NewSecret()
	f := &sealing{s: s, table: "users", row: u.ID}
	sealed := f.seal("totp", secretText)
	if f.err != nil {
		return "", f.err
	}
	err = s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		err := changeOne(tx.ExecContext(ctx, `UPDATE users SET totp = $2, totp_step = 0 WHERE id = $1 AND totp_on = 0`, u.ID, sealed))("second factor")
		if errors.Is(err, ErrNotFound) {
			return ErrTOTPOn
		}
		return err
	})
	return secretText, err
}

// ErrTOTPOn is returned for a second factor that is in force: it is ended first.
var ErrTOTPOn = errors.New("the authenticator is in use already")

const recoveryCodes = 10

// ConfirmTOTP turns the second factor on and returns codes for the day that the
// authenticator is lost, each good for once. They are not kept, only their digests.
func (s *Store) ConfirmTOTP(ctx context.Context, u User, code string) (recovery []string, err error) {
	secretText, last, err := s.totpSecret(ctx, u)
	if err != nil {
		return nil, err
	}
	if secretText == "" {
		return nil, ErrCode
	}
	step, ok, err := totp.Check(secretText, code, s.now(), last)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, ErrCode
	}
	for range recoveryCodes {
		recovery = append(recovery, recoveryCode())
	}
	err = s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := changeOne(tx.ExecContext(ctx, `UPDATE users SET totp_on = 1, totp_step = $2 WHERE id = $1 AND totp_on = 0`, u.ID, step))("second factor"); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM recovery_codes WHERE user_id = $1`, u.ID); err != nil {
			return err
		}
		for _, c := range recovery {
			if _, err := tx.ExecContext(ctx, `INSERT INTO recovery_codes (user_id, hash) VALUES ($1, $2)`, u.ID, digest(typedCode(c))); err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, ErrNotFound) {
		return nil, ErrTOTPOn
	}
	if err != nil {
		return nil, fmt.Errorf("second factor: %w", err)
	}
	return recovery, nil
}

// EndTOTP takes the second factor of a user away.
func (s *Store) EndTOTP(ctx context.Context, name string) error {
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := changeOne(tx.ExecContext(ctx, `UPDATE users SET totp = NULL, totp_on = 0, totp_step = 0 WHERE name = $1`, name))("second factor of " + name); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM recovery_codes WHERE user_id = (SELECT id FROM users WHERE name = $1)`, name)
		return err
	})
}

// RecoveryCodes counts the codes that a user has left.
func (s *Store) RecoveryCodes(ctx context.Context, u User) (n int, err error) {
	if err := s.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM recovery_codes WHERE user_id = $1 AND used_at IS NULL`, u.ID).Scan(&n); err != nil {
		return 0, fmt.Errorf("recovery codes: %w", err)
	}
	return n, nil
}
