package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// RuleVersion is one change of a business's rules.
type RuleVersion struct {
	Business      string
	Version       int64
	MadeAt        time.Time
	MadeBy        string
	Changed       []string // paths of business.yaml
	Stamp         string   // of After
	Undoes        int64    // the version that it takes back; 0 for none
	Before, After string   // the file
}

// keptRules is how many versions of a business's rules are kept.
const keptRules = 100

// AddRuleVersion keeps a change; the oldest goes where there are many. It returns the
// version's number.
func (s *Store) AddRuleVersion(ctx context.Context, v RuleVersion) (version int64, err error) {
	err = s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(version), 0) + 1 FROM rule_versions WHERE business = $1`, v.Business).Scan(&version); err != nil {
			return fmt.Errorf("number the rules: %w", err)
		}
		f := &sealing{s: s, table: "rule_versions", row: v.Business + "/" + strconv.FormatInt(version, 10)}
		changed, before, after := f.list(v.Changed), f.seal("before", v.Before), f.seal("after", v.After)
		if f.err != nil {
			return f.err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO rule_versions (business, version, made_at, made_by, changed, stamp, undoes, before, after)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, v.Business, version, s.now().UnixMilli(), v.MadeBy, changed, v.Stamp, v.Undoes, before, after); err != nil {
			return fmt.Errorf("keep the rules: %w", err)
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM rule_versions WHERE business = $1 AND version <= $2`, v.Business, version-keptRules); err != nil {
			return fmt.Errorf("forget old rules: %w", err)
		}
		return nil
	})
	return version, err
}

// DropRuleVersion takes a version back that was not put in force.
func (s *Store) DropRuleVersion(ctx context.Context, business string, version int64) error {
	return s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return changeOne(tx.ExecContext(ctx, `DELETE FROM rule_versions WHERE business = $1 AND version = $2`, business, version))("drop the rules")
	})
}

const ruleColumns = `business, version, made_at, made_by, changed, stamp, undoes`

// RuleVersions are the last changes of a business's rules, the newest first, without
// their texts.
func (s *Store) RuleVersions(ctx context.Context, business string, n int) ([]RuleVersion, error) {
	return list(ctx, s.read, "list rules", func(from row) (RuleVersion, error) { return s.scanRules(from, false) },
		`SELECT `+ruleColumns+` FROM rule_versions WHERE business = $1 ORDER BY version DESC LIMIT $2`, business, n)
}

// RuleVersion is one change with its texts.
func (s *Store) RuleVersion(ctx context.Context, business string, version int64) (RuleVersion, error) {
	v, err := s.scanRules(s.read.QueryRowContext(ctx, `SELECT `+ruleColumns+`, before, after FROM rule_versions WHERE business = $1 AND version = $2`, business, version), true)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return RuleVersion{}, fmt.Errorf("rules %d: %w", version, err)
	}
	return v, nil
}

func (s *Store) scanRules(from row, texts bool) (v RuleVersion, err error) {
	var changed string
	var before, after []byte
	to := []any{&v.Business, &v.Version, nullTime{&v.MadeAt}, &v.MadeBy, &changed, &v.Stamp, &v.Undoes}
	if texts {
		to = append(to, &before, &after)
	}
	if err := from.Scan(to...); err != nil {
		return v, err
	}
	f := &sealing{s: s, table: "rule_versions", row: v.Business + "/" + strconv.FormatInt(v.Version, 10)}
	f.parse(changed, &v.Changed)
	if texts {
		v.Before, v.After = f.open("before", before), f.open("after", after)
	}
	return v, f.err
}
