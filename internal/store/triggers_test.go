package store_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/campaigns"
	"hotline/internal/seal"
	"hotline/internal/store"
)

// Whatever happens in whatever order: the same event counts once; events of one number make
// one contact; more of them never put its call off, nor bring it before its time when it
// was called already; who must not be called is not; the latest facts are what is said.
func TestEventsInAnyOrder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	sealer, _, err := seal.LoadOrCreate(filepath.Join(dir, "master.key"))
	require.NoError(t, err)
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	s, err := store.Open(t.Context(), store.Config{URL: filepath.Join(dir, "hotline.db"), Sealer: sealer, Now: func() time.Time { return now }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	runningCampaign(t, s, campaigns.Campaign{Concurrency: 100, PerSecond: 100, Open: true})
	const gap = 15 * time.Minute
	// known is what the contact of a number should be.
	type known struct {
		id    int64
		state campaigns.ContactState
		due   time.Time
		made  int
		fact  string
	}
	model, keys := map[int]*known{}, map[string]int64{}
	r := rand.New(rand.NewPCG(12, 7))
	for step := range 160 {
		now = now.Add(time.Duration(r.IntN(400)) * time.Second)
		n := r.IntN(3)
		k := model[n]
		if r.IntN(3) > 0 || k == nil { // something happened
			key, wait := fmt.Sprintf("key-%d-%d", n, r.IntN(60)), time.Duration(r.IntN(600))*time.Second
			c := somebody(n)
			c.Campaign, c.Due, c.Fields = "notice", now.Add(wait), map[string]string{"fact": fmt.Sprint(step)}
			id, again, err := s.Triggered(t.Context(), "notice", key, c, 365*24*time.Hour)
			require.NoError(t, err)
			if old, was := keys[key]; was {
				require.True(t, again)
				require.Equal(t, old, id)
			} else {
				require.False(t, again)
				keys[key] = id
				switch {
				case k == nil:
					model[n] = &known{id: id, state: campaigns.Waiting, due: c.Due, fact: fmt.Sprint(step)}
				case k.state == campaigns.Suppressed:
				case k.state == campaigns.Waiting:
					k.fact = fmt.Sprint(step)
					if k.made == 0 && c.Due.Before(k.due) {
						k.due = c.Due
					}
				default:
					*k = known{id: k.id, state: campaigns.Waiting, due: c.Due, fact: fmt.Sprint(step)}
				}
			}
			_, _, err = s.Triggered(t.Context(), "notice", key, somebody(n+10), 365*24*time.Hour)
			require.ErrorIs(t, err, store.ErrKeyReused, "of somebody else")
		} else { // he is called, if it is time
			got, err := s.Claim(t.Context(), campaigns.Claim{Campaign: "notice", Contact: k.id, Number: k.made + 1, Call: fmt.Sprint(step), Node: "main", Now: now}, allow)
			if k.state != campaigns.Waiting || now.Before(k.due) {
				require.ErrorIs(t, err, campaigns.ErrNotDue, "%+v at %s", k, now)
				continue
			}
			require.NoError(t, err)
			require.Equal(t, k.fact, got.Contact.Fields["fact"])
			k.made++
			end := campaigns.Next{State: []campaigns.ContactState{campaigns.Waiting, campaigns.Reached, campaigns.Suppressed}[min(r.IntN(12)/5, 2)], Reason: "busy"}
			if end.State == campaigns.Waiting {
				end.Due = now.Add(gap)
			}
			_, err = s.Settle(t.Context(), got.Attempt.ID, campaigns.Result{Outcome: campaigns.Busy}, now, func(campaigns.Campaign, campaigns.Contact, map[campaigns.Outcome]int, campaigns.Result) campaigns.Next {
				return end
			})
			require.NoError(t, err)
			k.state, k.due = end.State, end.Due
		}
		for n, k := range model {
			is, err := s.Contact(t.Context(), k.id)
			require.NoError(t, err)
			require.Equal(t, k.state, is.State, "step %d, number %d", step, n)
			require.Equal(t, k.fact, is.Fields["fact"])
			if k.state == campaigns.Waiting {
				require.True(t, k.due.Equal(is.Due), "step %d, number %d: %s, is %s", step, n, k.due, is.Due)
				require.Equal(t, k.made, is.Made)
			}
		}
	}
	list, err := s.Contacts(t.Context(), store.ContactFilter{Campaign: "notice"})
	require.NoError(t, err)
	require.Len(t, list, len(model))
}
