package store

import (
	"context"
	"crypto/md5" //nolint:gosec // RFC 3261 section 22.4 and most desk phones
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"time"
)

// Agent is a person whom calls are handed to: a SIP user of our registrar.
type Agent struct {
	Name        string // the SIP user part
	DisplayName string
	Skills      []string
	Disabled    bool
	CreatedAt   time.Time
}

// PutAgent keeps an agent, new or changed. An empty password leaves the present one.
//
// Not the password is kept but the digests of it that the registrar compares with
// (RFC 8760: MD5 and SHA-256), sealed, for the realm of the Config.
func (s *Store) PutAgent(ctx context.Context, a Agent, password string) error {
	if !validName.MatchString(a.Name) {
		return fmt.Errorf("keep agent: %w", ErrName)
	}
	if a.Skills == nil {
		a.Skills = []string{}
	}
	f := &sealing{s: s, table: "agents", row: a.Name}
	args := []any{a.Name, f.seal("display_name", a.DisplayName), f.json(a.Skills), flag(a.Disabled), s.cfg.Realm, s.now().UnixMilli(), nil, nil}
	if password != "" {
		a1 := []byte(a.Name + ":" + s.cfg.Realm + ":" + password)
		weak, strong := md5.Sum(a1), sha256.Sum256(a1) //nolint:gosec // see above
		args[6] = f.seal("ha1_md5", hex.EncodeToString(weak[:]))
		args[7] = f.seal("ha1_sha256", hex.EncodeToString(strong[:]))
	}
	if f.err != nil {
		return f.err
	}
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO agents (name, display_name, skills, disabled, realm, created_at, ha1_md5, ha1_sha256)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			ON CONFLICT (name) DO UPDATE SET display_name = excluded.display_name, skills = excluded.skills, disabled = excluded.disabled,
				realm = CASE WHEN excluded.ha1_md5 IS NULL THEN agents.realm ELSE excluded.realm END,
				ha1_md5 = COALESCE(excluded.ha1_md5, agents.ha1_md5), ha1_sha256 = COALESCE(excluded.ha1_sha256, agents.ha1_sha256)`, args...)
		if err != nil {
			return fmt.Errorf("keep agent %s: %w", a.Name, err)
		}
		return nil
	})
}

// Agents lists all agents by name.
func (s *Store) Agents(ctx context.Context) ([]Agent, error) {
	return list(ctx, s.read, "list agents", func(from row) (Agent, error) {
		var a Agent
		var display []byte
		var skills string
		if err := from.Scan(&a.Name, &display, &skills, &a.Disabled, nullTime{&a.CreatedAt}); err != nil {
			return a, err
		}
		f := &sealing{s: s, table: "agents", row: a.Name}
		a.DisplayName = f.open("display_name", display)
		f.parse(skills, &a.Skills)
		return a, f.err
	}, `SELECT name, display_name, skills, disabled, created_at FROM agents ORDER BY name`)
}

// Digests are what the registrar compares an agent's answer with, in hex,
// H(user:realm:password) by each algorithm; "" is none.
type Digests struct{ MD5, SHA256 string }

// AgentDigests are those of all agents who have a password for a realm and are not
// disabled, by name.
func (s *Store) AgentDigests(ctx context.Context, realm string) (map[string]Digests, error) {
	type one struct {
		name string
		Digests
	}
	all, err := list(ctx, s.read, "read the agents' digests", func(from row) (one, error) {
		var a one
		var md5, sha256 []byte
		if err := from.Scan(&a.name, &md5, &sha256); err != nil {
			return a, err
		}
		f := &sealing{s: s, table: "agents", row: a.name}
		a.MD5, a.SHA256 = f.open("ha1_md5", md5), f.open("ha1_sha256", sha256)
		return a, f.err
	}, `SELECT name, ha1_md5, ha1_sha256 FROM agents WHERE realm = $1 AND disabled = 0`, realm)
	out := make(map[string]Digests, len(all))
	for _, a := range all {
		out[a.name] = a.Digests
	}
	return out, err
}
