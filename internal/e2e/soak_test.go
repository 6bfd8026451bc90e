package e2e_test

import (
	"context"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/softphone"
	"hotline/internal/stand"
	"hotline/internal/testdata"
	"hotline/media/dsp"
)

func itoa(n int) string { return strconv.Itoa(n) }

// held is what a server holds on to.
type held struct {
	goroutines, files, ports int
	memory                   int64
	kinds                    map[string]int
}

// measure waits until the server is idle and looks.
func measure(t *testing.T, s *stand.Stand) held {
	t.Helper()
	idle(t, s)
	var h held
	// Transactions of SIP live on for 32 s after the last call (RFC 3261, timer J),
	// connections of the API and of the worker for as long.
	require.Eventually(t, func() bool {
		was := h
		g, err := s.Metric(t.Context(), "go_goroutines")
		require.NoError(t, err)
		h.goroutines = int(g)
		h.files, h.kinds = s.Files()
		h.ports, err = s.OpenRTP()
		require.NoError(t, err)
		h.memory = s.Memory()
		return h.goroutines == was.goroutines && h.files == was.files
	}, 90*time.Second, 5*time.Second, "the server does not come to rest")
	t.Logf("goroutines %d, files %d %v, ports %d, memory %d MB", h.goroutines, h.files, h.kinds, h.ports, h.memory>>20)
	return h
}

// Fifty calls at once for a minute, some with speech, some with keys, some on the
// test lines: all are answered, and afterwards the server holds no more than before.
func TestSoak(t *testing.T) {
	long(t)
	const calls = 50
	long := time.Minute
	question := recording(t, testdata.Shared(t, "speech/zh/sherpa_sense-voice_zh.wav"))
	english := recording(t, testdata.Shared(t, "speech/en/lk_weather_question.wav"))
	s := own(t)
	logs(t, s)
	round := func(n int, d time.Duration) {
		p, err := softphone.New(softphone.Config{Bind: netip.MustParseAddr("127.0.0.1")})
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		var serving, wg sync.WaitGroup
		serving.Go(func() { _ = p.Run(ctx) })
		defer func() { cancel(); serving.Wait() }()
		<-p.Ready()
		var answered, audibly atomic.Int64
		for i := range n {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * 40 * time.Millisecond)
				r := softphone.Request{From: callerNumber(), Duration: d}
				var tape softphone.Tape
				r.Heard = tape.Take
				switch i % 5 {
				case 0:
					r.URI, r.Play, r.PlayRate, r.PlayAfter = s.URI("8000"), question, 8000, 8*time.Second
				case 1:
					r.URI, r.Play, r.PlayRate, r.PlayAfter = s.URI("8001"), english, 8000, 8*time.Second
				case 2:
					r.URI, r.Keys = s.URI("8000"), []softphone.Press{{At: 9 * time.Second, Keys: "1"}, {At: 25 * time.Second, Keys: "3"}}
				case 3:
					r.URI, r.Play, r.PlayRate = s.URI("9196"), question, 8000
				case 4:
					r.URI = s.URI("9197")
				}
				rep, err := p.Call(ctx, r)
				if err != nil {
					t.Errorf("call %d: %v", i, err)
					return
				}
				if rep.Answered {
					answered.Add(1)
				}
				if heard(i%5, tape.Samples) {
					audibly.Add(1)
				} else {
					t.Errorf("call %d to %s heard %.1f s of sound in %.1f s (%s)", i, r.URI, rep.Audible, rep.Seconds, rep.Ended)
				}
			})
		}
		wg.Wait()
		assert.EqualValues(t, n, answered.Load(), "all are answered")
		assert.EqualValues(t, n, audibly.Load(), "all hear what they rang for")
	}
	round(5, 15*time.Second) // what is made once and kept
	before := measure(t, s)
	round(calls, long)
	first := measure(t, s)
	round(calls, long)
	second := measure(t, s)

	// Idle connections to the worker and of the API come and go by themselves; a leak
	// would be 50 a round.
	for _, after := range []held{first, second} {
		assert.Zero(t, after.ports)
		assert.LessOrEqual(t, after.goroutines, before.goroutines+10)
		assert.LessOrEqual(t, after.files, before.files+6)
	}
	assert.LessOrEqual(t, second.goroutines, first.goroutines+10)
	assert.LessOrEqual(t, second.files, first.files+6)
	assert.Less(t, second.memory, first.memory+32<<20, "memory grows from round to round")

	allEnded(t, s)
	list, err := s.Calls(t.Context())
	require.NoError(t, err)
	for _, c := range list {
		assert.Empty(t, c.Error)
	}
}

// heard tells whether a call of a kind heard what it rang for. How smooth it was is
// the benchmark's to say.
func heard(kind int, x []int16) bool {
	switch kind {
	case 3: // the echo of three seconds of speech
		return spoken(x) > 1500*time.Millisecond
	case 4:
		pure, all := 0, 0
		for ; len(x) >= 800; x = x[800:] {
			level := dsp.LevelDB(x[:800])
			if level < audible {
				continue
			}
			all++
			if dsp.Goertzel(x[:800], 8000, 1004) > level-1 {
				pure++
			}
		}
		return all > 50 && pure > all*7/10
	default: // the greeting at least
		return spoken(x) > 3*time.Second
	}
}
