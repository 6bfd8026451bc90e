package asr_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/asr"
	"hotline/asr/asrtest"
)

// runPool runs a pool in a bubble for as long as f takes.
func runPool(t *testing.T, d asr.Decoder, cfg asr.PoolConfig, f func(ctx context.Context, p *asr.Pool)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		p := asr.NewPool(d, cfg)
		var wg sync.WaitGroup
		wg.Go(func() { _ = p.Run(ctx) })
		defer wg.Wait()
		defer cancel()
		f(ctx, p)
	})
}

func TestPoolIsFairBetweenCalls(t *testing.T) {
	var mu sync.Mutex
	var order []string
	d := &asrtest.Decoder{Delay: 100 * time.Millisecond, Answer: func(s asr.Segment) (asr.Transcript, error) {
		mu.Lock()
		defer mu.Unlock()
		order = append(order, s.Prompt)
		return asr.Transcript{Text: s.Prompt}, nil
	}}
	runPool(t, d, asr.PoolConfig{Workers: 1, MaxWait: time.Hour}, func(ctx context.Context, p *asr.Pool) {
		var wg sync.WaitGroup
		ask := func(call, name string, urgent bool) {
			wg.Go(func() {
				_, err := p.Decode(ctx, asr.Segment{Call: call, Prompt: name, Urgent: urgent})
				require.NoError(t, err)
			})
			synctest.Wait()
		}
		ask("x", "x", true) // keeps the worker
		ask("c", "c partial", false)
		for i := range 4 {
			ask("a", fmt.Sprint("a", i), true)
		}
		ask("b", "b0", true)
		ask("b", "b1", true)
		wg.Wait()
	})
	require.Equal(t, []string{"x", "a0", "b0", "a1", "b1", "a2", "a3", "c partial"}, order, "in turn, urgent ones first")
}

func TestPoolNewerReplacesWaitingPartial(t *testing.T) {
	d := &asrtest.Decoder{Delay: 100 * time.Millisecond, Answer: asrtest.Say("好", 1)}
	runPool(t, d, asr.PoolConfig{Workers: 1}, func(ctx context.Context, p *asr.Pool) {
		var wg sync.WaitGroup
		ask := func(call string, urgent bool) *error {
			e := new(error)
			wg.Go(func() { _, *e = p.Decode(ctx, asr.Segment{Call: call, Urgent: urgent}) })
			synctest.Wait()
			return e
		}
		running := ask("a", false)
		first := ask("a", false)
		other := ask("b", false)
		second := ask("a", true)
		wg.Wait()
		require.NoError(t, *running)
		require.ErrorIs(t, *first, asr.ErrSuperseded)
		require.NoError(t, *other, "another call's stays")
		require.NoError(t, *second)
		require.EqualValues(t, 1, p.Stats().Superseded)
		require.EqualValues(t, 3, p.Stats().Decoded)
	})
}

func TestPoolTurnsAwayAtOnce(t *testing.T) {
	d := &asrtest.Decoder{Delay: time.Second, Answer: asrtest.Say("好", 1)}
	runPool(t, d, asr.PoolConfig{Workers: 2, MaxWait: 2 * time.Second}, func(ctx context.Context, p *asr.Pool) {
		require.True(t, p.Idle())
		var wg sync.WaitGroup
		// teach it what a decode costs
		for i := range 40 {
			_, err := p.Decode(ctx, asr.Segment{Call: fmt.Sprint(i), Urgent: true})
			require.NoError(t, err)
		}
		start := time.Now()
		var mu sync.Mutex
		overloaded, longest := 0, time.Duration(0)
		for i := range 30 {
			wg.Go(func() {
				_, err := p.Decode(ctx, asr.Segment{Call: fmt.Sprint(i), Urgent: true})
				mu.Lock()
				defer mu.Unlock()
				if errors.Is(err, asr.ErrOverloaded) {
					overloaded++
					require.Zero(t, time.Since(start), "at once")
					return
				}
				require.NoError(t, err)
				longest = max(longest, time.Since(start))
			})
			synctest.Wait()
		}
		require.False(t, p.Idle())
		wg.Wait()
		require.Greater(t, overloaded, 20)
		require.LessOrEqual(t, longest, 4*time.Second, "those that were taken are not delayed by the others")
		require.Zero(t, p.Stats().Waiting)
		require.Zero(t, p.Stats().Running)
	})
}

func TestPoolGivesUpWithItsCaller(t *testing.T) {
	d := &asrtest.Decoder{Delay: time.Second, Answer: asrtest.Say("好", 1)}
	runPool(t, d, asr.PoolConfig{Workers: 1}, func(ctx context.Context, p *asr.Pool) {
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := p.Decode(ctx, asr.Segment{Call: "a", Urgent: true})
			require.NoError(t, err)
		})
		synctest.Wait()
		hungUp := errors.New("hung up")
		leaving, cancel := context.WithCancelCause(ctx)
		wg.Go(func() {
			_, err := p.Decode(leaving, asr.Segment{Call: "b", Urgent: true})
			require.ErrorIs(t, err, hungUp)
		})
		synctest.Wait()
		require.Equal(t, 1, p.Stats().Waiting)
		cancel(hungUp)
		wg.Wait()
		require.Zero(t, p.Stats().Waiting)
		require.Len(t, d.Segments(), 1, "what nobody waits for is not decoded")
	})
}

func TestPoolSurvivesPanic(t *testing.T) {
	n := 0
	d := decoderFunc(func(context.Context, asr.Segment) (asr.Transcript, error) {
		if n++; n == 1 {
			panic("bad model")
		}
		return asr.Transcript{Text: "好"}, nil
	})
	runPool(t, d, asr.PoolConfig{Workers: 1}, func(ctx context.Context, p *asr.Pool) {
		_, err := p.Decode(ctx, asr.Segment{})
		require.ErrorContains(t, err, "bad model")
		tr, err := p.Decode(ctx, asr.Segment{})
		require.NoError(t, err)
		require.Equal(t, "好", tr.Text)
	})
}

func TestPoolStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		d := &asrtest.Decoder{Delay: time.Hour, Answer: asrtest.Say("好", 1)}
		p := asr.NewPool(d, asr.PoolConfig{Workers: 1})
		var wg sync.WaitGroup
		wg.Go(func() { require.ErrorIs(t, p.Run(ctx), context.Canceled) })
		for i := range 3 {
			wg.Go(func() {
				_, err := p.Decode(t.Context(), asr.Segment{Call: fmt.Sprint(i), Urgent: true})
				require.ErrorIs(t, err, asr.ErrStopped)
			})
		}
		synctest.Wait()
		cancel()
		wg.Wait()
		_, err := p.Decode(t.Context(), asr.Segment{})
		require.ErrorIs(t, err, asr.ErrStopped)
	})
}

func TestPoolContract(t *testing.T) {
	d := &asrtest.Decoder{Answer: func(s asr.Segment) (asr.Transcript, error) {
		if s.Rate == 0 {
			return asr.Transcript{}, errors.New("no rate")
		}
		if len(s.Samples) == 0 {
			return asr.Transcript{}, nil
		}
		return asr.Transcript{Text: "好", Confidence: 1, Engine: "fake"}, nil
	}}
	p := asr.NewPool(d, asr.PoolConfig{})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = p.Run(ctx) })
	t.Cleanup(func() { cancel(); wg.Wait() })
	asrtest.TestDecoder(t, p, asrtest.Spoken{Rate: 8000, Samples: make([]int16, 800), Text: "好"})
}
