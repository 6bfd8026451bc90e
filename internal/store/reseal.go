package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// resealBatch is how many rows one transaction seals anew: calls write between them.
const resealBatch = 200

// Reseal seals everything by the key that seals now, and returns how many fields were
// sealed by another one. What is sealed by it already is left alone, so a Reseal that was
// broken off is called again. Rows that are written meanwhile are not touched twice.
func (s *Store) Reseal(ctx context.Context) (fields int, err error) {
	tables, err := s.tables(ctx)
	if err != nil {
		return 0, err
	}
	for _, t := range tables {
		if len(t.sealed) == 0 {
			continue
		}
		n, err := s.resealTable(ctx, t)
		fields += n
		if err != nil {
			return fields, fmt.Errorf("seal table %s anew: %w", t.name, err)
		}
	}
	return fields, nil
}

func (s *Store) resealTable(ctx context.Context, t table) (fields int, err error) {
	var after []any
	for {
		rows, err := s.sealedRows(ctx, t, after)
		if err != nil || len(rows) == 0 {
			return fields, err
		}
		n := 0
		err = s.group.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
			n = 0
			for _, values := range rows {
				changed, err := s.resealRow(ctx, tx, t, values)
				if err != nil {
					return err
				}
				n += changed
			}
			return nil
		})
		fields += n
		if err != nil {
			return fields, err
		}
		after = rows[len(rows)-1][:len(t.key)]
	}
}

// sealedRows are the key and the sealed columns of the next rows of a table.
func (s *Store) sealedRows(ctx context.Context, t table, after []any) (list [][]any, err error) {
	keys := strings.Join(t.key, ", ")
	query := "SELECT " + keys + ", " + strings.Join(t.sealed, ", ") + " FROM " + t.name //nolint:gosec // names of the schema
	if after != nil {
		marks := make([]string, len(after))
		for i := range after {
			marks[i] = fmt.Sprintf("$%d", i+1)
		}
		query += " WHERE (" + keys + ") > (" + strings.Join(marks, ", ") + ")"
	}
	query += fmt.Sprintf(" ORDER BY %s LIMIT %d", keys, resealBatch)
	rows, err := s.read.QueryContext(ctx, query, after...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		values, err := scanAny(rows, len(t.key)+len(t.sealed))
		if err != nil {
			return nil, err
		}
		for i := range t.key {
			values[i] = text(values[i])
		}
		list = append(list, values)
	}
	return list, rows.Err()
}

// resealRow seals the fields of a row anew, unless they have become others meanwhile.
func (s *Store) resealRow(ctx context.Context, tx *sql.Tx, t table, values []any) (changed int, err error) {
	key := values[:len(t.key)]
	for i, column := range t.sealed {
		sealed, _ := values[len(t.key)+i].([]byte)
		if s.cfg.Sealer.Fits(sealed) {
			continue
		}
		p := place(t.name, column, rowName(key))
		plain, err := s.cfg.Sealer.Open(sealed, p)
		if err != nil {
			return changed, err
		}
		anew, err := s.cfg.Sealer.Seal(plain, p)
		if err != nil {
			return changed, err
		}
		if bytes.Equal(anew, sealed) {
			continue
		}
		args := append([]any{anew, sealed}, key...)
		if _, err := tx.ExecContext(ctx, fmt.Sprintf("UPDATE %s SET %s = $1 WHERE %[2]s = $2 AND %s", t.name, column, conditions(t.key, 3)), args...); err != nil {
			return changed, err
		}
		changed++
	}
	return changed, nil
}
