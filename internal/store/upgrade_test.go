package store_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hotline/internal/call"
	"hotline/internal/seal"
	"hotline/internal/store"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// older are databases as older versions left them, with the keys of their own: SCHEMA.KIND.sql
// is all of one as text. They were filled by the programs of those commits, over the telephone
// and their APIs: two calls, then tickets, customers, campaigns as far as there were such.
const older = "testdata/older"

// restoreOlder makes the database of a file.
func restoreOlder(t *testing.T, file string) place {
	t.Helper()
	name := strings.TrimSuffix(filepath.Base(file), ".sql")
	_, kind, _ := strings.Cut(name, ".")
	p := backends[kind](t)
	p.t = t
	key, err := os.ReadFile(filepath.Join(older, name+".key"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(p.key, key, 0o600))
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Dir(p.key), 0o700))
	if kind == "sqlite" {
		require.NoError(t, os.MkdirAll(filepath.Dir(p.url), 0o700))
	}
	_, err = raw(t, p.url).ExecContext(t.Context(), string(text))
	require.NoError(t, err)
	return p
}

func applied(t *testing.T, db *sql.DB) (versions []string) {
	t.Helper()
	for _, v := range rowsOf(t, db, `SELECT version FROM migrations ORDER BY version`) {
		versions = append(versions, string(v))
	}
	return versions
}

// What an older version wrote is read, found and gone on with; the second start finds
// nothing to be done.
func TestDatabasesOfOlderVersions(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(older, "*.sql"))
	require.NoError(t, err)
	require.Len(t, files, 4)
	migrations, err := filepath.Glob("migrations/*.sql")
	require.NoError(t, err)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			p := restoreOlder(t, file)
			db := raw(t, p.url)
			before := applied(t, db)
			require.Less(t, len(before), len(migrations))

			s := p.open(t)
			assert.Len(t, applied(t, db), len(migrations))
			after := p.contents(t)
			p.open(t)
			assert.Equal(t, after, p.contents(t), "the second start")

			calls, err := s.Calls(ctx, store.Filter{})
			require.NoError(t, err)
			require.Len(t, calls.Items, 2)
			for _, number := range []string{"13800138000", "13900139000"} {
				found, err := s.Calls(ctx, store.Filter{Number: number})
				require.NoError(t, err)
				require.Len(t, found.Items, 1, number)
				c := found.Items[0]
				assert.Equal(t, number, c.Caller)
				assert.NotEmpty(t, c.Outcome)
				assert.False(t, c.EndedAt.IsZero())
				turns, err := s.Turns(ctx, c.ID)
				require.NoError(t, err)
				require.NotEmpty(t, turns)
				assert.Contains(t, turns[0].Text, "云上商城")
				events, err := s.Events(ctx, c.ID)
				require.NoError(t, err)
				assert.NotEmpty(t, events)
			}
			state, err := s.CheckTrail(ctx)
			require.NoError(t, err)
			assert.Zero(t, state.BrokenAt, state.BrokenText)
			if len(before) > 1 { // of the first there were no others than calls
				tickets, err := s.Tickets(ctx, store.TicketFilter{})
				require.NoError(t, err)
				require.Len(t, tickets.Items, 1)
				assert.Equal(t, "屏幕碎了", tickets.Items[0].Summary)
				customers, err := s.Customers(ctx, store.CustomerFilter{})
				require.NoError(t, err)
				assert.Len(t, customers.Items, 2)
			}
			if len(before) > 15 {
				list, err := s.Contacts(ctx, store.ContactFilter{Campaign: "survey", Limit: 10})
				require.NoError(t, err)
				require.Len(t, list, 3)
				assert.Equal(t, "王先生", list[0].Name)
				refused, err := s.SuppressionsOf(ctx, "13700137000")
				require.NoError(t, err)
				assert.Len(t, refused, 1)
			}

			// All that is sealed in whichever table opens, and is sealed and hashed anew.
			require.NoError(t, s.End(ctx, call.Record{ID: "NEW", Line: "line", Caller: "13800138000", StartedAt: noon, EndedAt: noon.Add(time.Minute), Outcome: call.Resolved}))
			_, _, err = seal.AddKey(p.key, noon)
			require.NoError(t, err)
			_, err = seal.Promote(p.key)
			require.NoError(t, err)
			s.Sealer().Key()
			fields, err := s.Reseal(ctx)
			require.NoError(t, err)
			assert.Greater(t, fields, 20)
			_, err = s.Rehash(ctx)
			require.NoError(t, err)
			_, err = seal.DropOldKeys(p.key)
			require.NoError(t, err)
			found, err := p.open(t).Calls(ctx, store.Filter{Number: "13800138000"})
			require.NoError(t, err)
			require.Len(t, found.Items, 2)
			assert.Equal(t, "13800138000", found.Items[1].Caller)
		})
	}
}

// What a newer version wrote is refused, in words, and left as it is.
func TestDatabaseOfANewerVersionIsRefused(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		p.open(t)
		db := raw(t, p.url)
		_, err := db.ExecContext(t.Context(), `INSERT INTO migrations (version, applied_at) VALUES (9998, 1), (9999, 1)`)
		require.NoError(t, err)
		before := p.contents(t)
		sealer, err := seal.Load(p.key)
		require.NoError(t, err)
		_, err = store.Open(t.Context(), store.Config{URL: p.url, Sealer: sealer})
		require.ErrorContains(t, err, "written by a newer hotline (schema 9999, this one knows ")
		require.ErrorContains(t, err, "install that version again")
		assert.Equal(t, before, p.contents(t))
	})
}
