package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// CallerData is everything that is kept of who has a number, by table.
type CallerData struct {
	Rows       map[string][]map[string]any
	Recordings []string // below the data folder
}

// Count is how many rows there are.
func (d CallerData) Count() (n int) {
	for _, rows := range d.Rows {
		n += len(rows)
	}
	return n
}

// ErrNumber is returned for what is no telephone number.
var ErrNumber = errors.New("that is no telephone number")

// found are the keys of the rows that belong to a number, by table, and what refers to them.
type found struct {
	keys map[string]map[string][]any // by table and row name
	ids  map[string][]any            // by table: values of a key of one column
}

func (f *found) add(t table, key []any) bool {
	name := rowName(key)
	if f.keys[t.name] == nil {
		f.keys[t.name] = map[string][]any{}
	}
	if _, ok := f.keys[t.name][name]; ok {
		return false
	}
	f.keys[t.name][name] = key
	if len(key) == 1 {
		f.ids[t.name] = append(f.ids[t.name], key[0])
	}
	return true
}

// findCaller finds the rows of who has a number by the rules of the schema.
func (s *Store) findCaller(ctx context.Context, number string) (tables []table, f *found, err error) {
	normal := NormalNumber(number)
	if normal == "" {
		return nil, nil, ErrNumber
	}
	h := &sealing{s: s, table: "calls"}
	whole, charged := h.hashes(wholeNumber, normal), h.hashes(calledNumber, normal)
	if h.err != nil {
		return nil, nil, h.err
	}
	if tables, err = s.tables(ctx); err != nil {
		return nil, nil, err
	}
	f = &found{keys: map[string]map[string][]any{}, ids: map[string][]any{}}
	for _, t := range tables {
		if len(t.key) == 0 {
			continue
		}
		for _, column := range t.hashes {
			if _, err := s.match(ctx, f, t, column, []any{whole.is, whole.other}); err != nil {
				return nil, nil, err
			}
		}
		if t.name == "outbound_ledger" {
			if _, err := s.match(ctx, f, t, "subject", []any{charged.is, charged.other}); err != nil {
				return nil, nil, err
			}
		}
	}
	if err := s.findCustomer(ctx, f, tables, whole); err != nil {
		return nil, nil, err
	}
	for grown := true; grown; { // what refers to rows that refer to rows
		grown = false
		for _, t := range tables {
			for _, column := range t.columns {
				ids := f.ids[owner(column)]
				for chunk := range slices.Chunk(ids, 500) {
					more, err := s.match(ctx, f, t, column, chunk)
					if err != nil {
						return nil, nil, err
					}
					grown = grown || more
				}
			}
		}
	}
	return tables, f, nil
}

// findCustomer finds the customer who has a number beside others.
func (s *Store) findCustomer(ctx context.Context, f *found, tables []table, hash hashes) error {
	at := slices.IndexFunc(tables, func(t table) bool { return t.name == "customers" })
	if at < 0 {
		return nil
	}
	ids, err := s.texts(ctx, `SELECT customer_id FROM customer_numbers WHERE number_hash IN ($1, $2)`, hash.is, hash.other)
	if err != nil {
		return fmt.Errorf("find a customer: %w", err)
	}
	for _, id := range ids {
		if _, err := s.match(ctx, f, tables[at], "id", []any{id}); err != nil {
			return err
		}
	}
	return nil
}

// match finds the rows whose column has one of the values.
func (s *Store) match(ctx context.Context, f *found, t table, column string, values []any) (grown bool, err error) {
	w := &where{}
	w.add(column+" IN (?"+strings.Repeat(", ?", len(values)-1)+")", values...)
	rows, err := s.read.QueryContext(ctx, "SELECT "+strings.Join(t.key, ", ")+" FROM "+t.name+w.String(), w.args...) //nolint:gosec // names of the schema
	if err != nil {
		return false, fmt.Errorf("find a caller in %s: %w", t.name, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		key, err := scanAny(rows, len(t.key))
		if err != nil {
			return grown, fmt.Errorf("find a caller in %s: %w", t.name, err)
		}
		for i := range key {
			key[i] = text(key[i])
		}
		grown = f.add(t, key) || grown
	}
	return grown, rows.Err()
}

// looks is how often a caller's rows are looked for: while the keys are rotated, one may
// get another key of its table between two looks.
const looks = 5

// Caller is everything that is kept of who has a number, opened.
func (s *Store) Caller(ctx context.Context, number string) (d CallerData, err error) {
	for range looks {
		var gone bool
		if d, gone, err = s.caller(ctx, number); err != nil || !gone {
			break
		}
	}
	return d, err
}

// caller tells also whether a row was gone when it was read.
func (s *Store) caller(ctx context.Context, number string) (d CallerData, gone bool, err error) {
	tables, f, err := s.findCaller(ctx, number)
	if err != nil {
		return d, false, err
	}
	d.Rows = map[string][]map[string]any{}
	for _, t := range tables {
		if t.name == "search_calls" || strings.HasSuffix(t.name, "_tokens") { // says nothing to anybody
			continue
		}
		keys := f.keys[t.name]
		for _, name := range sortedNames(keys) {
			values, err := scanAny(s.read.QueryRowContext(ctx, "SELECT "+strings.Join(t.columns, ", ")+" FROM "+t.name+" WHERE "+conditions(t.key, 1), keys[name]...), len(t.columns))
			if errors.Is(err, sql.ErrNoRows) {
				gone = true
				continue
			}
			if err != nil {
				return d, false, fmt.Errorf("read a caller's %s: %w", t.name, err)
			}
			open := &sealing{s: s, table: t.name, row: name}
			row := map[string]any{}
			for i, column := range t.columns {
				switch v := values[i].(type) {
				case nil:
				case []byte:
					row[column] = string(v)
					if slices.Contains(t.sealed, column) {
						row[column] = open.open(column, v)
					}
				default:
					row[column] = v
				}
			}
			if open.err != nil {
				return d, false, open.err
			}
			for _, column := range t.hashes {
				delete(row, column) // says nothing to anybody
			}
			if file, _ := row["recording"].(string); file != "" {
				file, _, _ = strings.Cut(file, "#")
				if !slices.Contains(d.Recordings, file) {
					d.Recordings = append(d.Recordings, file)
				}
			}
			d.Rows[t.name] = append(d.Rows[t.name], row)
		}
	}
	return d, gone, nil
}

func sortedNames(m map[string][]any) []string {
	names := make([]string, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	slices.SortFunc(names, cmp.Compare[string])
	return names
}

// EraseCaller deletes everything that is kept of who has a number but the recordings'
// files, which go first. It returns how many rows went from each table, and how many are
// left when it looks again: none, unless a call of this number has come meanwhile.
func (s *Store) EraseCaller(ctx context.Context, number string) (erased map[string]int, left int, err error) {
	erased = map[string]int{}
	for range looks {
		if left, err = s.eraseFound(ctx, number, erased); err != nil || left == 0 {
			break
		}
	}
	return erased, left, err
}

// eraseFound deletes what is found of a caller and counts what is found then.
func (s *Store) eraseFound(ctx context.Context, number string, erased map[string]int) (left int, err error) {
	tables, f, err := s.findCaller(ctx, number)
	if err != nil {
		return 0, err
	}
	// What refers to others first: the order of the tables' names is no order.
	for _, t := range slices.Backward(byReference(tables, f)) {
		for chunk := range slices.Chunk(sortedNames(f.keys[t.name]), resealBatch) {
			n := 0
			err := s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
				n = 0
				for _, name := range chunk {
					res, err := tx.ExecContext(ctx, "DELETE FROM "+t.name+" WHERE "+conditions(t.key, 1), f.keys[t.name][name]...) //nolint:gosec // names of the schema
					if err != nil {
						return fmt.Errorf("erase a caller's %s: %w", t.name, err)
					}
					gone, err := res.RowsAffected()
					if err != nil {
						return err
					}
					n += int(gone)
				}
				return nil
			})
			if err != nil {
				return 0, err
			}
			erased[t.name] += n
		}
	}
	if err := s.forget(ctx); err != nil {
		return 0, err
	}
	if _, f, err = s.findCaller(ctx, number); err != nil {
		return 0, err
	}
	for _, keys := range f.keys {
		left += len(keys)
	}
	return left, nil
}

// byReference are the tables that have rows, those that others refer to first.
func byReference(tables []table, f *found) (order []table) {
	done := map[string]bool{}
	var put func(t table, depth int)
	put = func(t table, depth int) {
		if done[t.name] || len(f.keys[t.name]) == 0 || depth > len(tables) {
			return
		}
		for _, column := range t.columns {
			for _, o := range tables {
				if o.name == owner(column) && o.name != t.name {
					put(o, depth+1)
				}
			}
		}
		if !done[t.name] {
			done[t.name] = true
			order = append(order, t)
		}
	}
	for _, t := range tables {
		put(t, 0)
	}
	return order
}

// forget takes what was deleted out of the database's files.
func (s *Store) forget(ctx context.Context) error {
	if s.backend.forget == nil {
		return nil
	}
	return s.backend.forget(ctx, s.group.db)
}

// NumberHash is how a number is named where it must not stand itself.
func (s *Store) NumberHash(number string) (string, error) {
	return s.cfg.Sealer.Hash(wholeNumber, NormalNumber(number))
}
