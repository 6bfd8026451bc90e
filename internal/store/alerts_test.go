package store_test

import (
	"testing"
	"time"

	"hotline/internal/alert"
	"hotline/internal/store"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAlertsAreKept(t *testing.T) {
	onEach(t, func(p place) {
		t := p.t
		s := p.open(t)
		ctx := t.Context()
		angry := alert.Alert{
			ID: "1", Kind: alert.Anger, Call: "C1", Line: "main", Agent: "li", AtMS: 1500, Grave: true,
			Why: alert.Why{Said: "你们太过分了", Words: []string{"过分"}, Score: 0.8}, RaisedAt: noon,
		}
		nobody := alert.Alert{ID: "2", Kind: alert.NobodyReady, Line: "main", RaisedAt: noon.Add(time.Minute), Why: alert.Why{Waiting: 3}}
		require.NoError(t, s.KeepAlerts(ctx, []alert.Alert{angry, nobody}))
		angry.SeenAt, angry.SeenBy = noon.Add(time.Minute), "chen"
		angry.DoneAt, angry.DoneBy = noon.Add(2*time.Minute), "wang"
		require.NoError(t, s.KeepAlerts(ctx, []alert.Alert{angry}))
		assert.NotContains(t, p.contents(t), "过分", "what was said is sealed")

		s = p.open(t) // after a restart
		list, err := s.Alerts(ctx, noon, 10)
		require.NoError(t, err)
		assert.Equal(t, []alert.Alert{angry, nobody}, list)
		angry.OverAt = noon.Add(3 * time.Minute)
		require.NoError(t, s.KeepAlerts(ctx, []alert.Alert{angry}))
		list, err = s.Alerts(ctx, noon.Add(time.Hour), 10)
		require.NoError(t, err)
		assert.Equal(t, []alert.Alert{nobody}, list, "what is not over is of today, however old")
		list, err = s.Alerts(ctx, noon, 1)
		require.NoError(t, err)
		assert.Equal(t, []alert.Alert{nobody}, list, "the latest")
		other, err := store.Open(ctx, store.Config{URL: p.url, Sealer: s.Sealer(), Node: "other"})
		require.NoError(t, err)
		list, err = other.Alerts(ctx, noon, 10)
		require.NoError(t, err)
		assert.Empty(t, list, "its calls are others")
		require.NoError(t, other.Close())

		_, left, err := s.Expire(ctx, store.KeepTranscripts, noon.Add(30*time.Second))
		require.NoError(t, err)
		assert.Zero(t, left)
		list, err = s.Alerts(ctx, noon, 10)
		require.NoError(t, err)
		require.Len(t, list, 2)
		assert.Empty(t, list[0].Why.Said, "it goes with the transcripts")
		assert.Equal(t, "wang", list[0].DoneBy)
		_, left, err = s.Expire(ctx, store.KeepCalls, noon.Add(time.Hour))
		require.NoError(t, err)
		assert.Zero(t, left)
		list, err = s.Alerts(ctx, noon, 10)
		require.NoError(t, err)
		assert.Empty(t, list)
	})
}
