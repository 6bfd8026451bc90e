package store_test

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hotline/internal/store"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// columns of a table, from the schema.
type columns struct {
	table string
	names []string
	kinds []string
	null  []bool   // there may be none
	refer []string // the table that the value is a key of
}

// layout is every table that a copy holds, those that others refer to first.
func layout(t *testing.T) (ordered []columns) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "schema.db")
	place{url: file, key: filepath.Join(t.TempDir(), "master.key")}.open(t)
	db := raw(t, file)
	var waiting []columns
	for _, name := range rowsOf(t, db, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name <> 'migrations'`) {
		c := columns{table: string(name)}
		for _, line := range rowsOf(t, db, `SELECT c.name || ' ' || (c."notnull" OR c.pk > 0) || ' ' || COALESCE(k."table", '') || ' ' || UPPER(c.type)
			FROM pragma_table_info('`+c.table+`') c LEFT JOIN pragma_foreign_key_list('`+c.table+`') k ON k."from" = c.name ORDER BY c.cid`) {
			part := strings.SplitN(string(line), " ", 4)
			c.names, c.null, c.refer, c.kinds = append(c.names, part[0]), append(c.null, part[1] == "0"), append(c.refer, part[2]), append(c.kinds, part[3])
		}
		waiting = append(waiting, c)
	}
	require.Greater(t, len(waiting), 45)
	for len(waiting) > 0 {
		n := len(waiting)
		waiting = slices.DeleteFunc(waiting, func(c columns) bool {
			for _, to := range c.refer {
				if to != "" && !slices.ContainsFunc(ordered, func(o columns) bool { return o.table == to }) {
					return false
				}
			}
			ordered = append(ordered, c)
			return true
		})
		require.Less(t, len(waiting), n, "they refer to each other")
	}
	return ordered
}

// row is the n-th of two: with a value in each column, or with none where there may be
// none.
func (c columns) row(n int) []any {
	values := make([]any, len(c.names))
	for i, kind := range c.kinds {
		switch {
		case n == 2 && c.null[i]:
		case c.refer[i] != "" && kind == "TEXT", c.names[i] == "id" && kind == "TEXT":
			values[i] = fmt.Sprintf("%d 号", n)
		case kind == "TEXT":
			values[i] = fmt.Sprintf("%s %d 号'\"\\\t\n", c.names[i], n)
		case kind == "BYTEA":
			values[i] = [][]byte{{0, 0xff, 0x80, '\'', byte(i)}, {}}[n-1]
		case kind == "DOUBLE PRECISION":
			values[i] = []float64{0.1, -3}[n-1]
		case kind == "INTEGER":
			values[i] = int64(1<<31 - n)
		default:
			values[i] = int64(1<<40 + n)
		}
	}
	return values
}

// rows are all of a table, as text that tells the kinds of values apart, whichever
// database it is.
func (c columns) rows(t *testing.T, db *sql.DB) (out []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "SELECT "+strings.Join(c.names, ", ")+" FROM "+c.table)
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	for rows.Next() {
		values, to := make([]any, len(c.names)), make([]any, len(c.names))
		for i := range values {
			to[i] = &values[i]
		}
		require.NoError(t, rows.Scan(to...))
		var line strings.Builder
		for i, v := range values {
			fmt.Fprintf(&line, "%s: %#v; ", c.names[i], v)
		}
		out = append(out, line.String())
	}
	require.NoError(t, rows.Err())
	slices.Sort(out)
	return out
}

// Whatever stands in whichever table is the same after it was copied out of either
// database and into either.
func TestACopyHoldsEverything(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		s := p.open(t)
		tables, db := layout(t), raw(t, p.url)
		want := map[string][]string{}
		for _, c := range tables {
			marks := make([]string, len(c.names))
			for i := range marks {
				marks[i] = fmt.Sprintf("$%d", i+1)
			}
			for n := 1; n <= 2; n++ {
				_, err := db.ExecContext(t.Context(), "INSERT INTO "+c.table+" ("+strings.Join(c.names, ", ")+") VALUES ("+strings.Join(marks, ", ")+")", c.row(n)...)
				require.NoError(t, err, c.table)
			}
			want[c.table] = c.rows(t, db)
			require.GreaterOrEqual(t, len(want[c.table]), 2, c.table)
		}
		same := func(url, what string) {
			t.Helper()
			db := raw(t, url)
			for _, c := range tables {
				assert.Equal(t, want[c.table], c.rows(t, db), "%s: %s", what, c.table)
			}
		}
		file := filepath.Join(t.TempDir(), "copy.db")
		require.NoError(t, s.Snapshot(t.Context(), file))
		same(file, "the copy")
		from := place{url: file, key: p.key}.open(t)
		nothing := func() error { return nil }
		for name, make := range backends {
			target := make(t)
			target.key = p.key
			to := target.open(t)
			broken := errors.New("no room for the files")
			require.ErrorIs(t, to.Fill(t.Context(), from, func() error { return broken }), broken)
			require.NoError(t, to.Fill(t.Context(), from, nothing), "nothing was brought before: %s", name)
			same(target.url, name)
			require.ErrorIs(t, to.Fill(t.Context(), from, nothing), store.ErrNotNew)
			target.open(t) // the key fits
		}
	})
}
