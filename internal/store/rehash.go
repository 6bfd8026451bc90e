package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
)

// What look-up hashes there are, and how they are brought into the form of a new key; a
// test holds these lists against the schema.

// scattered are the tables in whose rows a hash stands beside others of the same number,
// in either form: they are looked for in both. They are gone through row by row.
var scattered = []struct {
	table   string
	columns []string
	unless  string // rows that something else looks after
}{
	{"calls", []string{"caller_hash", "caller_tail", "called_hash", "called_tail"}, ""},
	{"wishes", []string{"number_hash"}, ""},
	{"tickets", []string{"number_hash", "number_tail"}, ""},
	{"reviews", []string{"number_hash"}, ""},
	{"contacts", []string{"number_hash"}, ""},
	{"attempts", []string{"number_hash"}, ""},
	{"customers", []string{"number_hash"}, "EXISTS (SELECT 1 FROM customer_numbers n WHERE n.number_hash = customers.number_hash)"},
}

// together are the columns whose rows of one hash are one thing, or are told apart by it:
// a table has all of one number in one form, and they change it in one transaction.
var together = []struct {
	table, column string
	others        []string // hashes of the same row, which go with it
	with          []column // the same hash elsewhere, in the same moment
}{
	{"customer_numbers", "number_hash", []string{"number_tail"}, []column{{"customers", "number_hash"}}},
	{"consents", "number_hash", nil, nil},
	{"suppressions", "subject", nil, []column{{"suppressed_numbers", "subject"}}},
	{"suppressed_numbers", "number_hash", nil, nil},
	{"number_days", "number_hash", nil, nil},
	{"outbound_ledger", "subject", nil, nil},
	{"login_attempts", "account", nil, nil},
	{"proposals", "id", nil, nil},
}

// words are the indexes of what was said and written, by the column of what is found.
var words = []column{{"search_tokens", "doc"}, {"ticket_tokens", "ticket_id"}, {"customer_tokens", "customer_id"}}

type column struct{ table, name string }

// HashColumns are all columns that a rotation of the look-up key goes through, as
// "table.column".
func HashColumns() (names []string) {
	for _, r := range together {
		names = append(names, r.table+"."+r.column)
		for _, c := range r.others {
			names = append(names, r.table+"."+c)
		}
		for _, c := range r.with {
			names = append(names, c.table+"."+c.name)
		}
	}
	for _, r := range scattered {
		for _, c := range r.columns {
			names = append(names, r.table+"."+c)
		}
	}
	for _, w := range words {
		names = append(names, w.table+".token")
	}
	return names
}

const (
	// rehashBatch is how many hashes one transaction brings into their new form: calls
	// write between them.
	rehashBatch = 200
	wordBatch   = 1000
	// rehashTries is how often a batch that other nodes are in the way of is tried again.
	rehashTries = 30
)

// Rehash brings all look-up hashes into the newest form and returns how many had another.
// Broken off, it is called again: what has the form already is left alone. Whatever is
// looked for is found meanwhile, by hashes of both forms.
func (s *Store) Rehash(ctx context.Context) (n int, err error) {
	tables, err := s.tables(ctx)
	if err != nil {
		return 0, err
	}
	byName := map[string]table{}
	for _, t := range tables {
		byName[t.name] = t
	}
	for _, r := range together {
		some, err := s.rehashTogether(ctx, byName[r.table], r.column, r.others, r.with)
		n += some
		if err != nil {
			return n, fmt.Errorf("hash the numbers of table %s anew: %w", r.table, err)
		}
	}
	for _, r := range scattered {
		some, err := s.rehashRows(ctx, byName[r.table], r.columns, r.unless)
		n += some
		if err != nil {
			return n, fmt.Errorf("hash the numbers of table %s anew: %w", r.table, err)
		}
	}
	for _, w := range words {
		some, err := s.rehashWords(ctx, w)
		n += some
		if err != nil {
			return n, fmt.Errorf("hash the words of table %s anew: %w", w.table, err)
		}
	}
	return n, nil
}

// patiently writes, and where other nodes were in the way again and again, a while later.
func (s *Store) patiently(ctx context.Context, do func(context.Context, *sql.Tx) error) error {
	for n := 0; ; n++ {
		err := s.group.write(ctx, do)
		if !s.group.again(err) || n == rehashTries {
			return err
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// rehashTogether goes through the hashes of a column; all rows of one get the new form
// together.
func (s *Store) rehashTogether(ctx context.Context, t table, by string, others []string, with []column) (n int, err error) {
	newest, _ := s.cfg.Sealer.Newest()
	for {
		olds, err := s.texts(ctx, fmt.Sprintf(`SELECT DISTINCT %s FROM %s WHERE %[1]s <> '' AND %[1]s < $1 ORDER BY %[1]s LIMIT %[3]d`, by, t.name, rehashBatch), newest)
		if err != nil || len(olds) == 0 {
			return n, err
		}
		err = s.patiently(ctx, func(ctx context.Context, tx *sql.Tx) error {
			for _, old := range olds {
				if err := s.rehashOne(ctx, tx, t, by, others, with, old); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return n, err
		}
		n += len(olds)
	}
}

func (s *Store) rehashOne(ctx context.Context, tx *sql.Tx, t table, by string, others []string, with []column, old string) error {
	renewed, err := s.cfg.Sealer.Renew(old)
	if err != nil {
		return err
	}
	bound := false // the places of sealed fields have the hash in them
	for _, k := range t.key {
		bound = bound || k == by && len(t.sealed) > 0
	}
	if !bound && len(others) == 0 {
		if _, err := tx.ExecContext(ctx, fmt.Sprintf(`UPDATE %s SET %s = $1 WHERE %[2]s = $2`, t.name, by), renewed, old); err != nil {
			return err
		}
	} else if err := s.rehashSealed(ctx, tx, t, by, others, old, renewed); err != nil {
		return err
	}
	for _, w := range with {
		if _, err := tx.ExecContext(ctx, fmt.Sprintf(`UPDATE %s SET %s = $1 WHERE %[2]s = $2`, w.table, w.name), renewed, old); err != nil {
			return err
		}
	}
	return nil
}

// rehashSealed is for rows whose sealed fields are bound to the hash.
func (s *Store) rehashSealed(ctx context.Context, tx *sql.Tx, t table, by string, others []string, old, renewed string) error {
	columns := append(append(append([]string{}, t.key...), t.sealed...), others...)
	rows, err := list(ctx, tx, "read "+t.name, func(from row) ([]any, error) { return scanAny(from, len(columns)) },
		fmt.Sprintf(`SELECT %s FROM %s WHERE %s = $1`, strings.Join(columns, ", "), t.name, by), old)
	if err != nil {
		return err
	}
	for _, values := range rows {
		key := make([]any, len(t.key))
		now := make([]any, len(t.key))
		for i, k := range t.key {
			key[i] = text(values[i])
			if now[i] = key[i]; k == by {
				now[i] = renewed
			}
		}
		set, args := []string{by + " = $1"}, []any{renewed}
		for i, c := range t.sealed {
			sealed, _ := values[len(t.key)+i].([]byte)
			plain, err := s.cfg.Sealer.Open(sealed, place(t.name, c, rowName(key)))
			if err != nil {
				return err
			}
			anew, err := s.cfg.Sealer.Seal(plain, place(t.name, c, rowName(now)))
			if err != nil {
				return err
			}
			args = append(args, anew)
			set = append(set, fmt.Sprintf("%s = $%d", c, len(args)))
		}
		for i, c := range others {
			hash, _ := text(values[len(t.key)+len(t.sealed)+i]).(string)
			anew, err := s.cfg.Sealer.Renew(hash)
			if err != nil {
				return err
			}
			args = append(args, anew)
			set = append(set, fmt.Sprintf("%s = $%d", c, len(args)))
		}
		query := fmt.Sprintf(`UPDATE %s SET %s WHERE %s`, t.name, strings.Join(set, ", "), conditions(t.key, len(args)+1)) //nolint:gosec // names of the schema
		if _, err := tx.ExecContext(ctx, query, append(args, key...)...); err != nil {
			return err
		}
	}
	return nil
}

// rehashRows goes through the rows of a table.
func (s *Store) rehashRows(ctx context.Context, t table, columns []string, unless string) (n int, err error) {
	newest, _ := s.cfg.Sealer.Newest()
	old := make([]string, len(columns))
	for i, c := range columns {
		old[i] = fmt.Sprintf("%s <> '' AND %[1]s < $1", c)
	}
	condition := "(" + strings.Join(old, " OR ") + ")"
	if unless != "" {
		condition += " AND NOT " + unless
	}
	key := strings.Join(t.key, ", ")
	var after []any
	for {
		query, args := fmt.Sprintf(`SELECT %s, %s FROM %s WHERE %s`, key, strings.Join(columns, ", "), t.name, condition), []any{newest}
		if after != nil {
			marks := make([]string, len(after))
			for i := range after {
				marks[i] = fmt.Sprintf("$%d", i+2)
			}
			query += " AND (" + key + ") > (" + strings.Join(marks, ", ") + ")"
			args = append(args, after...)
		}
		rows, err := list(ctx, s.read, "read "+t.name, func(from row) ([]any, error) { return scanAny(from, len(t.key)+len(columns)) },
			fmt.Sprintf(`%s ORDER BY %s LIMIT %d`, query, key, rehashBatch), args...)
		if err != nil || len(rows) == 0 {
			return n, err
		}
		for _, values := range rows {
			for i := range values {
				values[i] = text(values[i])
			}
		}
		err = s.patiently(ctx, func(ctx context.Context, tx *sql.Tx) error {
			for _, values := range rows {
				if err := s.rehashRow(ctx, tx, t, columns, values); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return n, err
		}
		n += len(rows)
		after = rows[len(rows)-1][:len(t.key)]
	}
}

// rehashRow brings a row's hashes into the new form, unless they have become others.
func (s *Store) rehashRow(ctx context.Context, tx *sql.Tx, t table, columns []string, values []any) error {
	key, was := values[:len(t.key)], values[len(t.key):]
	set, args := make([]string, len(columns)), make([]any, 0, 2*len(columns)+len(key))
	for i, c := range columns {
		hash, _ := was[i].(string)
		renewed, err := s.cfg.Sealer.Renew(hash)
		if err != nil {
			return err
		}
		args = append(args, renewed)
		set[i] = fmt.Sprintf("%s = $%d", c, i+1)
	}
	args = append(append(args, was...), key...)
	_, err := s.group.exec(ctx, tx, fmt.Sprintf(`UPDATE %s SET %s WHERE %s AND %s`, t.name, strings.Join(set, ", "),
		conditions(columns, len(columns)+1), conditions(t.key, 2*len(columns)+1)), args...)
	return err
}

// rehashWords goes through an index of words.
func (s *Store) rehashWords(ctx context.Context, of column) (n int, err error) {
	_, newest := s.cfg.Sealer.Newest()
	type entry struct {
		token int64
		of    any
	}
	for {
		entries, err := list(ctx, s.read, "read "+of.table, func(from row) (e entry, err error) {
			err = from.Scan(&e.token, &e.of)
			e.of = text(e.of)
			return e, err
		}, fmt.Sprintf(`SELECT token, %s FROM %s WHERE token < $1 ORDER BY token, %[1]s LIMIT %[3]d`, of.name, of.table, wordBatch), newest)
		if err != nil || len(entries) == 0 {
			return n, err
		}
		err = s.patiently(ctx, func(ctx context.Context, tx *sql.Tx) error {
			for _, e := range entries {
				token, err := s.cfg.Sealer.RenewNumber(e.token)
				if err != nil {
					return err
				}
				if _, err := s.group.exec(ctx, tx, fmt.Sprintf(`UPDATE %s SET token = $1 WHERE token = $2 AND %s = $3`, of.table, of.name), token, e.token, e.of); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return n, err
		}
		n += len(entries)
	}
}
