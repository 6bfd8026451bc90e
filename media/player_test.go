package media_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/media"
)

const rate = 8000

// numbered is a frame that tells itself from others.
func numbered(n int) media.Frame {
	f := make(media.Frame, rate/50)
	for i := range f {
		f[i] = int16(n)
	}
	return f
}

// next is the number of the next frame, 0 if there is none.
func next(p *media.Player) int {
	f := make(media.Frame, rate/50)
	if !p.Next(f) {
		return 0
	}
	return int(f[len(f)/2])
}

// fill writes numbered frames until it may not.
func fill(u *media.Utterance) {
	n := 1
	for u.WriteFrame(numbered(n)) == nil {
		n++
	}
}

// After cancel, Flush and the writer's return nothing of the utterance is left.
func TestFlushLeavesNothing(t *testing.T) {
	stale := 0
	for range 20000 {
		p := media.NewPlayer(rate)
		ctx, cancel := context.WithCancel(t.Context())
		done, started := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			u := p.Utterance(ctx)
			close(started)
			fill(u)
		}()
		<-started
		next(p)
		cancel()
		p.Flush()
		<-done
		for next(p) != 0 {
			stale++
		}
	}
	assert.Zero(t, stale)
}

func TestPlayerIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := media.NewPlayer(rate)
		u := p.Utterance(t.Context())
		written := 0
		go func() {
			for n := range 100 {
				if u.WriteFrame(numbered(n+1)) != nil {
					return
				}
				written++
			}
			u.Finish()
		}()
		synctest.Wait()
		assert.Equal(t, 25, written, "half a second")
		for n := range 100 {
			require.Equal(t, n+1, next(p))
			synctest.Wait()
		}
		assert.Zero(t, next(p))
		<-u.Done()
		assert.Equal(t, 2*time.Second, u.Played())
		assert.False(t, u.Flushed())
		require.NoError(t, p.Drain(t.Context()))
	})
}

func TestUtterancesFollowOneAnother(t *testing.T) {
	p := media.NewPlayer(rate)
	a, b := p.Utterance(t.Context()), p.Utterance(t.Context())
	require.NoError(t, a.WriteFrame(numbered(1)))
	var wg sync.WaitGroup
	wg.Go(func() { assert.NoError(t, b.WriteFrame(numbered(3))) })
	require.NoError(t, a.WriteFrame(numbered(2)))
	a.Finish()
	wg.Wait()
	b.Finish()
	for n := range 3 {
		assert.Equal(t, n+1, next(p))
	}
	assert.Equal(t, 40*time.Millisecond, a.Played())
	assert.Equal(t, 20*time.Millisecond, b.Played())
}

func TestWhatWasHeard(t *testing.T) {
	p := media.NewPlayer(rate)
	u := p.Utterance(t.Context())
	for n := range 10 {
		require.NoError(t, u.WriteFrame(numbered(n+1)))
	}
	select {
	case <-u.Started():
		t.Fatal("nothing has been sent yet")
	default:
	}
	next(p)
	<-u.Started()
	next(p)
	next(p)
	assert.Equal(t, 140*time.Millisecond, p.Flush())
	<-u.Done()
	assert.True(t, u.Flushed())
	assert.Equal(t, 60*time.Millisecond, u.Played())
	require.ErrorIs(t, u.WriteFrame(numbered(1)), media.ErrFlushed)
	v := p.Utterance(t.Context()) // what comes after is heard
	require.NoError(t, v.WriteFrame(numbered(7)))
	assert.Equal(t, 7, next(p))
}

func TestPauseAndResume(t *testing.T) {
	p := media.NewPlayer(rate)
	u := p.Utterance(t.Context())
	f := make(media.Frame, rate/50)
	for range 20 {
		require.NoError(t, u.WriteFrame(numbered(10000)))
	}
	for range 8 {
		next(p)
	}
	p.Pause()
	require.True(t, p.Next(f))
	assert.Greater(t, f[0], int16(9000))
	assert.Less(t, f[159], int16(200), "it fades out within a frame")
	for range 50 {
		assert.Zero(t, next(p))
	}
	assert.Equal(t, 180*time.Millisecond, u.Played())
	p.Resume()
	assert.Equal(t, 60*time.Millisecond, u.Played(), "it goes on a little before where it stopped")
	require.True(t, p.Next(f))
	assert.Less(t, f[0], int16(200))
	assert.Greater(t, f[159], int16(9000))
	rest := 1
	for next(p) == 10000 {
		rest++
	}
	assert.Equal(t, 11+6, rest)
	u.Finish()
	<-u.Done()
	assert.Equal(t, 400*time.Millisecond, u.Played())
}

// What Resume plays again is what was played, whatever the writer queued meanwhile.
func TestResumeAfterRefill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := media.NewPlayer(rate)
		ctx, cancel := context.WithCancel(t.Context())
		u := p.Utterance(ctx)
		go fill(u)
		last := 0
		for range 90 {
			synctest.Wait()
			last = next(p)
		}
		p.Pause()
		next(p) // faded
		synctest.Wait()
		p.Resume()
		want := last + 1 - 5
		next(p) // faded
		for i := range 40 {
			synctest.Wait()
			require.Equal(t, want+1+i, next(p))
		}
		cancel()
	})
}

func TestDuck(t *testing.T) {
	p := media.NewPlayer(rate)
	u := p.Utterance(t.Context())
	for range 10 {
		require.NoError(t, u.WriteFrame(numbered(10000)))
	}
	next(p)
	p.Duck(-20)
	next(p)
	assert.InDelta(t, 1000, next(p), 2)
	p.Duck(0)
	next(p)
	assert.Equal(t, 10000, next(p))
}

func TestUtteranceEndsWithItsContext(t *testing.T) {
	p := media.NewPlayer(rate)
	cause := errors.New("the caller has hung up")
	ctx, cancel := context.WithCancelCause(t.Context())
	u := p.Utterance(ctx)
	require.NoError(t, u.WriteFrame(numbered(1)))
	cancel(cause)
	require.ErrorIs(t, u.WriteFrame(numbered(2)), cause)
	assert.Equal(t, 1, next(p), "what was queued is heard")
	<-u.Done()
	unused := p.Utterance(ctx)
	<-unused.Done()
	assert.NoError(t, p.Drain(t.Context()))
}

func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := media.NewPlayer(rate)
		u := p.Utterance(t.Context())
		require.NoError(t, u.WriteFrame(numbered(1)))
		u.Finish()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, p.Drain(ctx), context.DeadlineExceeded)
		done := make(chan error)
		go func() { done <- p.Drain(t.Context()) }()
		synctest.Wait()
		next(p)
		require.NoError(t, <-done)

		v := p.Utterance(t.Context())
		go func() { done <- p.Drain(t.Context()) }()
		synctest.Wait()
		p.End()
		require.ErrorIs(t, <-done, media.ErrClosed)
		require.ErrorIs(t, v.WriteFrame(numbered(1)), media.ErrClosed)
		<-v.Done()
		<-p.Utterance(t.Context()).Done()
	})
}
