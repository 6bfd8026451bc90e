package asr_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/asr"
	"hotline/asr/asrtest"
)

func balance(t *testing.T, backends ...asr.Backend) *asr.Balance {
	t.Helper()
	b, err := asr.NewBalance(asr.BalanceConfig{Backends: backends})
	require.NoError(t, err)
	return b
}

// worker is a backend that can be killed.
type worker struct {
	mu   sync.Mutex
	dead bool
	asrtest.Decoder
}

func (w *worker) kill(dead bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dead = dead
}

func (w *worker) Decode(ctx context.Context, s asr.Segment) (asr.Transcript, error) {
	w.mu.Lock()
	dead := w.dead
	w.mu.Unlock()
	if dead {
		return asr.Transcript{}, errors.New("connection refused")
	}
	return w.Decoder.Decode(ctx, s)
}

func newWorker(name string) *worker {
	return &worker{Decoder: asrtest.Decoder{Delay: 100 * time.Millisecond, Answer: asrtest.Say(name, 1)}}
}

func TestBalanceSpreadsLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newWorker("a"), newWorker("b")
		l := balance(t, asr.Backend{Name: "a", Decoder: a}, asr.Backend{Name: "b", Decoder: b})
		require.True(t, l.Idle())
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				_, err := l.Decode(t.Context(), asr.Segment{})
				require.NoError(t, err)
			})
		}
		synctest.Wait()
		require.False(t, l.Idle())
		wg.Wait()
		require.Len(t, a.Segments(), 5)
		require.Len(t, b.Segments(), 5)
	})
}

func TestBalanceGoesOnWithoutDeadBackend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newWorker("a"), newWorker("b")
		l := balance(t, asr.Backend{Name: "a", Decoder: a}, asr.Backend{Name: "b", Decoder: b})
		a.kill(true)
		for range 6 {
			tr, err := l.Decode(t.Context(), asr.Segment{})
			require.NoError(t, err)
			require.Equal(t, "b", tr.Text)
		}
		s := l.Stats()
		require.False(t, s[0].Healthy)
		require.Contains(t, s[0].Error, "refused")
		require.Less(t, s[0].Failed, int64(6), "it is not asked each time")
		a.kill(false)
		time.Sleep(3 * time.Second)
		for range 2 {
			_, err := l.Decode(t.Context(), asr.Segment{})
			require.NoError(t, err)
		}
		require.True(t, l.Stats()[0].Healthy)
		require.Len(t, a.Segments(), 1)
	})
}

func TestBalanceWaitsForWorkerToComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newWorker("a")
		l := balance(t, asr.Backend{Name: "a", Decoder: a})
		a.kill(true)
		time.AfterFunc(1500*time.Millisecond, func() { a.kill(false) })
		start := time.Now()
		tr, err := l.Decode(t.Context(), asr.Segment{Urgent: true})
		require.NoError(t, err)
		require.Equal(t, "a", tr.Text)
		require.Less(t, time.Since(start), 4*time.Second)

		a.kill(true)
		start = time.Now()
		_, err = l.Decode(t.Context(), asr.Segment{})
		require.ErrorIs(t, err, asr.ErrNoBackend)
		require.ErrorContains(t, err, "refused")
		require.Zero(t, time.Since(start), "a partial one does not wait")
		_, err = l.Decode(t.Context(), asr.Segment{Urgent: true})
		require.ErrorIs(t, err, asr.ErrNoBackend)
		require.Less(t, time.Since(start), 5*time.Second)

		ctx, cancel := context.WithCancelCause(t.Context())
		hungUp := errors.New("hung up")
		time.AfterFunc(300*time.Millisecond, func() { cancel(hungUp) })
		_, err = l.Decode(ctx, asr.Segment{Urgent: true})
		require.ErrorIs(t, err, hungUp)
	})
}

type refusal struct{}

func (refusal) Error() string   { return "the language is not known" }
func (refusal) Temporary() bool { return false }

func TestBalanceTellsFaultsApart(t *testing.T) {
	calls := 0
	fails := func(err error) asr.Decoder {
		return decoderFunc(func(context.Context, asr.Segment) (asr.Transcript, error) {
			calls++
			return asr.Transcript{}, err
		})
	}
	l := balance(t, asr.Backend{Name: "a", Decoder: fails(refusal{})}, asr.Backend{Name: "b", Decoder: fails(refusal{})})
	_, err := l.Decode(t.Context(), asr.Segment{})
	require.ErrorIs(t, err, refusal{})
	require.Equal(t, 1, calls, "what one refuses for its contents all refuse")
	require.True(t, l.Stats()[0].Healthy)

	ok := decoderFunc(func(context.Context, asr.Segment) (asr.Transcript, error) { return asr.Transcript{Text: "好"}, nil })
	l = balance(t, asr.Backend{Name: "a", Decoder: fails(asr.ErrOverloaded)}, asr.Backend{Name: "b", Decoder: ok})
	tr, err := l.Decode(t.Context(), asr.Segment{})
	require.NoError(t, err)
	require.Equal(t, "好", tr.Text)

	l = balance(t, asr.Backend{Name: "a", Decoder: fails(asr.ErrOverloaded)})
	_, err = l.Decode(t.Context(), asr.Segment{Urgent: true})
	require.ErrorIs(t, err, asr.ErrOverloaded)
	require.True(t, l.Stats()[0].Healthy, "busy is not broken")

	_, err = asr.NewBalance(asr.BalanceConfig{})
	require.Error(t, err)
}

func TestBalanceSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := balance(t, asr.Backend{Name: "a", Decoder: newWorker("a"), Slots: 1})
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := l.Decode(t.Context(), asr.Segment{})
			require.NoError(t, err)
		})
		synctest.Wait()
		_, err := l.Decode(t.Context(), asr.Segment{Urgent: true})
		require.ErrorIs(t, err, asr.ErrOverloaded)
		wg.Wait()
	})
}
