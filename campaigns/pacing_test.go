package campaigns

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// taught has seen some calls.
func taught(rate float64, calls int) Pacer {
	var p Pacer
	r := rand.New(rand.NewPCG(1, 9))
	for range calls {
		if r.Float64() < rate {
			p.Rang(time.Duration(5+r.IntN(8))*time.Second, true)
			p.Freed(time.Duration(60+r.IntN(120)) * time.Second)
		} else {
			p.Rang(30*time.Second, false)
		}
	}
	return p
}

func TestPacer(t *testing.T) {
	var fresh Pacer
	require.Equal(t, 5, fresh.Next(Moment{Free: 5}), "who knows nothing dials one call for each agent")
	require.Equal(t, 2, fresh.Next(Moment{Free: 5, Ringing: make([]time.Duration, 2), Waiting: 1}))
	require.Zero(t, fresh.Next(Moment{}))
	require.Zero(t, fresh.Next(Moment{Free: 1, Waiting: 3}))

	p := taught(0.25, 4000)
	idle := p.Next(Moment{Free: 10})
	require.Greater(t, idle, 20, "one call of four is answered")
	require.LessOrEqual(t, idle, 40)
	more := taught(0.5, 4000)
	require.Less(t, more.Next(Moment{Free: 10}), idle, "the more answer, the fewer calls")
	spent := p
	spent.Abandoned = p.Answered * 3 / 100
	require.Equal(t, 10, spent.Next(Moment{Free: 10}), "at the limit: one call for each agent")

	engaged := func(age time.Duration) []time.Duration {
		out := make([]time.Duration, 10)
		for i := range out {
			out[i] = age
		}
		return out
	}
	require.Greater(t, p.Next(Moment{Engaged: engaged(170 * time.Second)}), p.Next(Moment{Engaged: engaged(10 * time.Second)}),
		"who has talked for long is free soon")
	old := []time.Duration{25 * time.Second, 26 * time.Second, 27 * time.Second, 28 * time.Second}
	require.Greater(t, p.Next(Moment{Free: 4, Ringing: old}), p.Next(Moment{Free: 4, Ringing: make([]time.Duration, 4)}),
		"who has not answered for long will not")

	// Agents who go before they are joined: fewer calls, and agents kept for all of them
	// where it is more than may be; by and by it is tried again.
	careful := p
	lose := func(calls, each int) {
		for i := range calls {
			if careful.Offer(i%each == 0); i%each == 0 {
				careful.Abandon()
			}
		}
	}
	lose(300, 150)
	require.Less(t, careful.Next(Moment{Free: 10}), idle)
	require.False(t, careful.Reserves(Moment{Free: 10}))
	lose(100, 4)
	require.True(t, careful.Reserves(Moment{Free: 10}))
	require.Equal(t, 10, careful.Next(Moment{Free: 10}), "never less than one call for each agent")
	for range 1000 {
		careful.Rang(8*time.Second, true)
	}
	require.False(t, careful.Reserves(Moment{Free: 10}))

	text, err := json.Marshal(p)
	require.NoError(t, err)
	var kept Pacer
	require.NoError(t, json.Unmarshal(text, &kept))
	require.Equal(t, p, kept)
}

// Whatever a pacer is told, it dials at least as much as one call for each agent, at most
// a bounded number, and nothing strange.
func TestPacerIsBounded(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 9))
	for range 2000 {
		p := taught(r.Float64(), r.IntN(300))
		p.Abandoned = r.IntN(10)
		p.Limit = []float64{0, 0.01, 0.5}[r.IntN(3)]
		m := Moment{Free: r.IntN(10), Waiting: r.IntN(3)}
		for range r.IntN(20) {
			m.Ringing = append(m.Ringing, time.Duration(r.Int64N(int64(100*time.Second)))-time.Second)
		}
		for range r.IntN(20) {
			m.Engaged = append(m.Engaged, time.Duration(r.Int64N(int64(time.Hour))))
		}
		n := p.Next(m)
		require.GreaterOrEqual(t, n, OnePerAgent(m))
		require.LessOrEqual(t, n, max(4*(m.Free+len(m.Engaged)), OnePerAgent(m)))
		require.LessOrEqual(t, p.limit(), MaxAbandoned, "no setting allows more")
	}
}

func BenchmarkPacerTick(b *testing.B) {
	p := taught(0.2, 5000)
	m := Moment{Free: 5, Engaged: make([]time.Duration, 45), Ringing: make([]time.Duration, 40)}
	b.ReportAllocs()
	for b.Loop() {
		p.Next(m)
	}
}
