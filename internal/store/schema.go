package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The schema follows three rules, so that what is done to all personal data (new keys,
// an export, an erasure) need not know every table:
//
//   - a column of the type BYTEA is sealed, for the place TABLE/COLUMN/ROW, where ROW is
//     the primary key, its columns joined by a slash;
//   - a column that ends in _hash may hold the look-up hash of a whole number: then the
//     row belongs to who has that number;
//   - a column named after another table (call_id: calls, ticket_id: tickets) refers to
//     its id: the row belongs to whom that one belongs to.

// table is what the schema says of a table.
type table struct {
	name    string
	columns []string
	key     []string // primary key
	sealed  []string
	hashes  []string
}

// owner is the table that a column refers to, "" for none.
func owner(column string) string {
	one, ok := strings.CutSuffix(column, "_id")
	switch {
	case !ok:
		return ""
	case strings.HasSuffix(one, "sh"), strings.HasSuffix(one, "ss"):
		return one + "es"
	case strings.HasSuffix(one, "y"):
		return strings.TrimSuffix(one, "y") + "ies"
	default:
		return one + "s"
	}
}

// tables are all of the database but its own.
func (s *Store) tables(ctx context.Context) (tables []table, err error) {
	rows, err := s.read.QueryContext(ctx, s.backend.schema)
	if err != nil {
		return nil, fmt.Errorf("read the schema: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	type keyed struct {
		column string
		at     int
	}
	keys := map[string][]keyed{}
	for rows.Next() {
		var name, column, kind string
		var at int
		if err := rows.Scan(&name, &column, &kind, &at); err != nil {
			return nil, fmt.Errorf("read the schema: %w", err)
		}
		if len(tables) == 0 || tables[len(tables)-1].name != name {
			tables = append(tables, table{name: name})
		}
		t := &tables[len(tables)-1]
		t.columns = append(t.columns, column)
		if kind == "BYTEA" {
			t.sealed = append(t.sealed, column)
		}
		if strings.HasSuffix(column, "_hash") {
			t.hashes = append(t.hashes, column)
		}
		if at > 0 {
			keys[name] = append(keys[name], keyed{column, at})
		}
	}
	for i := range tables {
		k := keys[tables[i].name]
		slices.SortFunc(k, func(a, b keyed) int { return a.at - b.at })
		for _, c := range k {
			tables[i].key = append(tables[i].key, c.column)
		}
	}
	return tables, rows.Err()
}

// rowName is the row part of a sealed field's place.
func rowName(key []any) string {
	parts := make([]string, len(key))
	for i, k := range key {
		parts[i] = fmt.Sprint(text(k))
	}
	return strings.Join(parts, "/")
}

// text is a value of a TEXT column, which the driver may give as bytes.
func text(v any) any {
	if b, ok := v.([]byte); ok {
		return string(b)
	}
	return v
}

// conditions are "a = $1 AND b = $2" from the n-th argument on.
func conditions(columns []string, n int) string {
	parts := make([]string, len(columns))
	for i, c := range columns {
		parts[i] = fmt.Sprintf("%s = $%d", c, n+i)
	}
	return strings.Join(parts, " AND ")
}

// scanAny scans n columns of unknown types.
func scanAny(from row, n int) ([]any, error) {
	values, to := make([]any, n), make([]any, n)
	for i := range values {
		to[i] = &values[i]
	}
	return values, from.Scan(to...)
}
