package store

import (
	"cmp"
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
	// Agent is whom the user is among the agents of the business; "" is the one of the
	// same name.
	Agent string
	// Teams that a supervisor has; none: all.
	Teams      []string
	TOTP       bool      // logins need a code of the authenticator as well
	PasswordAt time.Time // when the password was set
}

// AgentName is whom the user is among the agents of the business.
func (u User) AgentName() string { return cmp.Or(u.Agent, u.Name) }

const userColumns = `users.id, name, display_name, role, disabled, users.created_at, agent, teams, totp_on, password_at`

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
	u.PasswordAt, u.TOTP = u.CreatedAt, false
	f := &sealing{s: s, table: "users", row: u.ID}
	display := f.seal("display_name", u.DisplayName)
	teams := f.list(u.Teams)
	if f.err != nil {
		return User{}, f.err
	}
	err = s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `INSERT INTO users (id, name, display_name, role, password_hash, disabled, created_at, agent, teams, password_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $7) ON CONFLICT (name) DO NOTHING`,
			u.ID, u.Name, display, string(u.Role), hash, flag(u.Disabled), u.CreatedAt.UnixMilli(), u.Agent, teams)
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
func (s *Store) Users(ctx context.Context) ([]User, error) {
	return list(ctx, s.read, "list users", func(from row) (User, error) {
		return s.scanUser(from)
	}, `SELECT `+userColumns+` FROM users ORDER BY name`)
}

func (s *Store) scanUser(from row, more ...any) (User, error) {
	var u User
	var display []byte
	var teams string
	if err := from.Scan(append([]any{&u.ID, &u.Name, &display, &u.Role, &u.Disabled, nullTime{&u.CreatedAt}, &u.Agent, &teams, &u.TOTP, nullTime{&u.PasswordAt}}, more...)...); err != nil {
		return u, err
	}
	if u.PasswordAt.UnixMilli() == 0 { // set before this was kept
		u.PasswordAt = u.CreatedAt
	}
	f := &sealing{s: s, table: "users", row: u.ID}
	u.DisplayName = f.open("display_name", display)
	f.parse(teams, &u.Teams)
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

// SetPassword changes a user's password, ends the user's sessions and forgets failed
// logins.
func (s *Store) SetPassword(ctx context.Context, name, password string) error {
	if err := checkPassword(password); err != nil {
		return fmt.Errorf("set password: %w", err)
	}
	hash, err := s.hashPassword(ctx, password)
	if err != nil {
		return fmt.Errorf("set password: %w", err)
	}
	account, err := s.account(name)
	if err != nil {
		return err
	}
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := changeOne(tx.ExecContext(ctx, `UPDATE users SET password_hash = $2, password_at = $3 WHERE name = $1`,
			name, hash, s.now().UnixMilli()))("set the password of " + name); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM login_attempts WHERE account IN ($1, $2)`, account.is, account.other); err != nil {
			return err
		}
		return endSessions(ctx, tx, name)
	})
}

// UserChange is what becomes another of a user; what is nil stays.
type UserChange struct {
	DisplayName *string
	Role        *Role
	Disabled    *bool
	Agent       *string
	Teams       *[]string
}

// ErrLastAdmin is returned for a change after which nobody could manage users.
var ErrLastAdmin = errors.New("there must be an administrator who can sign in")

// ChangeUser changes a user, and ends the user's sessions where the change takes rights
// away. It returns the user as before and as after.
func (s *Store) ChangeUser(ctx context.Context, name string, c UserChange) (before, after User, err error) {
	if c.Role != nil && !slices.Contains(Roles(), *c.Role) {
		return before, after, fmt.Errorf("change user %s: %w", name, ErrRole)
	}
	err = s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var err error
		before, err = s.scanUser(tx.QueryRowContext(ctx, `SELECT `+userColumns+` FROM users WHERE name = $1`, name))
		if errors.Is(err, sql.ErrNoRows) {
			err = ErrNotFound
		}
		if err != nil {
			return fmt.Errorf("change user %s: %w", name, err)
		}
		after = before.with(c)
		if before.Role == Admin && !before.Disabled && (after.Role != Admin || after.Disabled) {
			var others int
			if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM users WHERE role = $1 AND disabled = 0 AND name <> $2`, string(Admin), name).Scan(&others); err != nil {
				return err
			}
			if others == 0 {
				return fmt.Errorf("change user %s: %w", name, ErrLastAdmin)
			}
		}
		f := &sealing{s: s, table: "users", row: after.ID}
		display, teams := f.seal("display_name", after.DisplayName), f.list(after.Teams)
		if f.err != nil {
			return f.err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE users SET display_name = $2, role = $3, disabled = $4, agent = $5, teams = $6 WHERE name = $1`,
			name, display, string(after.Role), flag(after.Disabled), after.Agent, teams); err != nil {
			return fmt.Errorf("change user %s: %w", name, err)
		}
		if after.Role == before.Role && after.Disabled == before.Disabled && after.Agent == before.Agent && slices.Equal(after.Teams, before.Teams) {
			return nil
		}
		return endSessions(ctx, tx, name)
	})
	return before, after, err
}

func (u User) with(c UserChange) User {
	if c.DisplayName != nil {
		u.DisplayName = *c.DisplayName
	}
	if c.Role != nil {
		u.Role = *c.Role
	}
	if c.Disabled != nil {
		u.Disabled = *c.Disabled
	}
	if c.Agent != nil {
		u.Agent = *c.Agent
	}
	if c.Teams != nil {
		u.Teams = *c.Teams
	}
	return u
}

// User is the user of this name.
func (s *Store) User(ctx context.Context, name string) (User, error) {
	u, err := s.scanUser(s.read.QueryRowContext(ctx, `SELECT `+userColumns+` FROM users WHERE name = $1`, name))
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return User{}, fmt.Errorf("user %s: %w", name, err)
	}
	return u, nil
}
