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

// Role is what a user or a token may do.
type Role string

// The roles. An analyst sees no whole number.
const (
	Admin      Role = "admin"
	Supervisor Role = "supervisor"
	AgentRole  Role = "agent"
	Analyst    Role = "analyst"
)

// Roles are all of them, the mightiest first.
func Roles() []Role { return []Role{Admin, Supervisor, AgentRole, Analyst} }

// Errors of users and sessions.
var (
	ErrExists = errors.New("the name is taken")
	ErrRole   = errors.New("the role must be admin, supervisor, agent or analyst")
	ErrName   = errors.New("a name is 1 to 64 letters, digits, dots, dashes or underscores")
	// ErrLogin does not say which of name and password was wrong.
	ErrLogin = errors.New("the name or the password is wrong")
)

// Any letters: names are Chinese as well.
var validName = regexp.MustCompile(`^[\p{L}\p{M}\p{N}][\p{L}\p{M}\p{N}._-]{0,63}$`)

// User may sign in.
type User struct {
	ID          string
	Name        string
	DisplayName string
	Role        Role
	Disabled    bool
	CreatedAt   time.Time
}

const userColumns = `users.id, name, display_name, role, disabled, users.created_at`

// AddUser keeps a new user and returns it with its id.
func (s *Store) AddUser(ctx context.Context, u User, password string) (User, error) {
	switch {
	case !validName.MatchString(u.Name):
		return User{}, fmt.Errorf("add user: %w", ErrName)
	case !slices.Contains(Roles(), u.Role):
		return User{}, fmt.Errorf("add user: %w", ErrRole)
	}
	if err := checkPassword(password); err != nil {
		return User{}, fmt.Errorf("add user: %w", err)
	}
	hash, err := s.hashPassword(ctx, password)
	if err != nil {
		return User{}, fmt.Errorf("add user: %w", err)
	}
	u.ID, u.CreatedAt = ulid.Make().String(), s.now().UTC().Truncate(time.Millisecond)
	f := &sealing{s: s, table: "users", row: u.ID}
	display := f.seal("display_name", u.DisplayName)
	if f.err != nil {
		return User{}, f.err
	}
	err = s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `INSERT INTO users (id, name, display_name, role, password_hash, disabled, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (name) DO NOTHING`,
			u.ID, u.Name, display, string(u.Role), hash, flag(u.Disabled), u.CreatedAt.UnixMilli())
		if err := changeOne(res, err)("add user " + u.Name); errors.Is(err, ErrNotFound) {
			return fmt.Errorf("add user %s: %w", u.Name, ErrExists)
		} else if err != nil {
			return err
		}
		return nil
	})
	if err != nil {
		return User{}, err
	}
	return u, nil
}

// flag is a truth value as both databases keep it.
func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// EnsureAdmin makes the user "admin" when there is no user at all, and returns its
// new password, "" when there was one.
func (s *Store) EnsureAdmin(ctx context.Context) (password string, err error) {
	var n int
	if err := s.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM users`).Scan(&n); err != nil {
		return "", fmt.Errorf("count users: %w", err)
	}
	if n > 0 {
		return "", nil
	}
	password = secret(12)
	if _, err := s.AddUser(ctx, User{Name: "admin", Role: Admin}, password); err != nil {
		return "", err
	}
	return password, nil
}

// Users lists all users by name.
func (s *Store) Users(ctx context.Context) (users []User, err error) {
	rows, err := s.read.QueryContext(ctx, `SELECT `+userColumns+` FROM users ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		u, err := s.scanUser(rows)
		if err != nil {
			return nil, fmt.Errorf("list users: %w", err)
		}
		users = append(users, u)
	}
	return users, rows.Err()
}

func (s *Store) scanUser(from row, more ...any) (User, error) {
	var u User
	var display []byte
	if err := from.Scan(append([]any{&u.ID, &u.Name, &display, &u.Role, &u.Disabled, nullTime{&u.CreatedAt}}, more...)...); err != nil {
		return u, err
	}
	f := &sealing{s: s, table: "users", row: u.ID}
	u.DisplayName = f.open("display_name", display)
	return u, f.err
}

// nobody is what a password is compared with when there is no such user, so that
// the answer takes as long.
const nobody = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// Authenticate returns the user with this name and password, else ErrLogin.
func (s *Store) Authenticate(ctx context.Context, name, password string) (User, error) {
	hash := nobody
	u, err := s.scanUser(s.read.QueryRowContext(ctx, `SELECT `+userColumns+`, password_hash FROM users WHERE name = $1`, name), &hash)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return User{}, fmt.Errorf("sign in: %w", err)
	}
	if len(password) > 4*maxPassword {
		password = "" // do not hash what cannot be right
	}
	ok, err := s.verifyPassword(ctx, hash, password)
	if err != nil {
		return User{}, fmt.Errorf("sign in: %w", err)
	}
	if !ok || u.Disabled || u.ID == "" {
		return User{}, ErrLogin
	}
	return u, nil
}

// SetPassword changes a user's password and ends the user's sessions.
func (s *Store) SetPassword(ctx context.Context, name, password string) error {
	if err := checkPassword(password); err != nil {
		return fmt.Errorf("set password: %w", err)
	}
	hash, err := s.hashPassword(ctx, password)
	if err != nil {
		return fmt.Errorf("set password: %w", err)
	}
	return s.changeUser(ctx, name, `UPDATE users SET password_hash = $2 WHERE name = $1`, hash)
}

// SetUser changes a user's role and whether the user may sign in, and ends the
// user's sessions.
func (s *Store) SetUser(ctx context.Context, name string, role Role, disabled bool) error {
	if !slices.Contains(Roles(), role) {
		return fmt.Errorf("change user %s: %w", name, ErrRole)
	}
	return s.changeUser(ctx, name, `UPDATE users SET role = $2, disabled = $3 WHERE name = $1`, string(role), flag(disabled))
}

func (s *Store) changeUser(ctx context.Context, name, statement string, args ...any) error {
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := changeOne(tx.ExecContext(ctx, statement, append([]any{name}, args...)...))("change user " + name); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE user_id = (SELECT id FROM users WHERE name = $1)`, name)
		return err
	})
}
