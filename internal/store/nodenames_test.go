package store_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hotline/internal/alert"
	"hotline/internal/node"
	"hotline/internal/store"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A name is one server's: who lives keeps it, who is gone does not, and servers see each
// other while they live.
func TestNodeNamesAreOneServersEach(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		s := p.open(t)
		ctx := t.Context()
		var news atomic.Int64
		config := func(name, dir, state string) node.Config {
			return node.Config{
				Store: s, Name: name, Dir: dir, URL: "https://" + name + ".example", Every: 10 * time.Millisecond, Patience: 2 * time.Second,
				State: func() []byte { return []byte(state) }, Keys: s.Sealer().State, Changed: func() { news.Add(1) },
			}
		}
		run := func(l *node.Lease) (stop func() error) {
			ctx, cancel := context.WithCancel(ctx)
			var wg sync.WaitGroup
			var err error
			wg.Go(func() { err = l.Run(ctx) })
			return func() error { cancel(); wg.Wait(); return err }
		}
		home, other := t.TempDir(), t.TempDir()
		a, err := node.Take(ctx, config("a", home, "one"))
		require.NoError(t, err)
		stop := run(a)
		var used *node.InUseError
		_, err = node.Take(ctx, config("a", home, "two"))
		require.ErrorAs(t, err, &used, "at once, from the same data folder")
		assert.Contains(t, err.Error(), "HOTLINE_DATABASE_NODE")
		_, err = node.Take(ctx, config("a", other, "two"))
		require.ErrorAs(t, err, &used, "on another machine, who is seen to live")
		assert.Contains(t, used.Host, "process")

		b, err := node.Take(ctx, config("b", other, "two"))
		require.NoError(t, err)
		stopB := run(b)
		require.Eventually(t, func() bool {
			there := a.Elsewhere()
			return len(there) == 1 && string(there[0].State) == "two" && there[0].URL == "https://b.example"
		}, time.Minute, 10*time.Millisecond)
		require.Eventually(t, func() bool { return len(b.Elsewhere()) == 1 }, time.Minute, 10*time.Millisecond)
		assert.Positive(t, news.Load())
		assert.NotContains(t, p.contents(t), "b.example/two")

		// b is there no more, and nobody has said so: a sees it, and another may be b.
		require.NoError(t, stopB())
		require.Eventually(t, func() bool { return len(a.Elsewhere()) == 0 }, time.Minute, 10*time.Millisecond)
		again, err := node.Take(ctx, config("b", t.TempDir(), "three"))
		require.NoError(t, err)
		require.ErrorIs(t, b.Run(ctx), node.ErrLost, "the one that was taken for dead stops")
		require.NoError(t, again.Close(ctx))
		require.NoError(t, b.Close(ctx))

		// One that ends says so; one that was killed is known by its folder's lock.
		require.NoError(t, stop())
		require.NoError(t, a.Close(ctx))
		for range 3 {
			a, err = node.Take(ctx, config("a", other, "four"))
			require.NoError(t, err)
			require.NoError(t, a.Close(ctx))
		}
		rows, err := s.Nodes(ctx)
		require.NoError(t, err)
		assert.Empty(t, rows)
	})
}

// What one node's calls and alerts are, the others know, and an alert that is taken on
// there is taken on.
func TestNodesKnowOfEachOthersCallsAndAlerts(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		a := p.open(t)
		ctx := t.Context()
		b, err := store.Open(ctx, store.Config{URL: p.url, Sealer: a.Sealer(), Node: "b", Now: p.now})
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, b.Close()) })
		require.NoError(t, a.Begin(ctx, record("A", noon)))
		require.NoError(t, b.Begin(ctx, record("B", noon)))
		over := record("C", noon)
		over.EndedAt = noon.Add(time.Minute)
		require.NoError(t, b.End(ctx, over))
		on, err := a.CallsElsewhere(ctx, []string{"A", "B", "C", "D"})
		require.NoError(t, err)
		assert.Equal(t, map[string]string{"B": "b"}, on)

		risk := alert.Alert{ID: "X", Kind: alert.Anger, Call: "B", RaisedAt: time.Now(), Why: alert.Why{Said: "太慢了"}}
		require.NoError(t, b.KeepAlerts(ctx, []alert.Alert{risk}))
		there, err := a.AlertsElsewhere(ctx, []string{"b"}, time.Now().Add(-time.Hour), 10)
		require.NoError(t, err)
		require.Len(t, there, 1)
		assert.Equal(t, "b", there[0].Node)
		assert.Equal(t, "太慢了", there[0].Why.Said)
		there, err = a.AlertsElsewhere(ctx, nil, time.Time{}, 10)
		require.NoError(t, err)
		assert.Empty(t, there)

		marked, err := a.MarkAlert(ctx, "X", "ann", true)
		require.NoError(t, err)
		assert.Equal(t, "ann", marked.DoneBy)
		_, err = a.MarkAlert(ctx, "X", "bob", true)
		require.NoError(t, err)
		_, err = a.MarkAlert(ctx, "Y", "bob", true)
		require.ErrorIs(t, err, store.ErrNotFound)
		// Its node writes it again before it knows.
		risk.OverAt = time.Now()
		require.NoError(t, b.KeepAlerts(ctx, []alert.Alert{risk}))
		marks, err := b.AlertMarks(ctx, time.Now().Add(-time.Minute))
		require.NoError(t, err)
		require.Len(t, marks, 1)
		assert.Equal(t, "ann", marks[0].DoneBy, "who was first")
		assert.Empty(t, marks[0].Node)
		assert.False(t, marks[0].OverAt.IsZero())
	})
}
