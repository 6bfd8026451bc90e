package e2e_test

import (
	"context"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/call"
	"hotline/internal/softphone"
	"hotline/internal/testdata"
	"hotline/media"
	"hotline/media/wav"
)

// The speech worker is killed in the middle of a call: the call goes on, what was
// said just then is covered by words, and soon after the caller is understood again.
func TestSpeechWorkerIsKilled(t *testing.T) {
	long(t)
	question := recording(t, testdata.Shared(t, "speech/zh/sherpa_sense-voice_zh.wav"))
	s := own(t)
	var meanwhile, answer []int16
	var back time.Duration
	rec, _ := ring(t, s, "8000", func(c *caller) {
		c.listen(0)
		c.ask(question)
		mark := c.now()
		killed := time.Now()
		if err := s.KillWorkers(); err != nil {
			t.Error(err)
		}
		c.say(question)
		if err := decoding(s); err != nil {
			t.Error(err)
		}
		back = time.Since(killed)
		if err := speaking(s); err != nil {
			t.Error(err)
		}
		meanwhile = c.listen(mark)
		answer = c.ask(question)
	})
	t.Logf("speech was back after %v", back)
	assert.NotZero(t, loud(meanwhile), "the caller is not left in silence")
	heard := recognise(t, s, answer, "zh")
	// Which of the shop's hours he is told depends on how the recording is read that
	// time; that he is told hours shows that hearing and speaking are back.
	assert.True(t, anyOf(heard, "点", "點"), "heard: %q", heard)
	assert.Equal(t, "caller_hangup", rec.EndCause)
}

// The server is killed in the middle of a call: the recording up to then can be
// played, and the record says after the restart what happened.
func TestServerIsKilled(t *testing.T) {
	long(t)
	question := recording(t, testdata.Shared(t, "speech/zh/sherpa_sense-voice_zh.wav"))
	s := own(t)
	p := phone(t)
	number := callerNumber()
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	defer func() { cancel(); wg.Wait() }()
	asked := make(chan struct{})
	wg.Go(func() {
		var c *caller
		_, _ = p.Call(ctx, softphone.Request{
			URI: s.URI("8000"), From: number,
			Talk: func(ctx context.Context, session *media.Session) error {
				c = &caller{t: t, stand: s, session: session, ctx: ctx}
				defer func() { _ = recover() }()
				c.pause(8 * time.Second)
				c.say(question)
				close(asked)
				c.untilHungUp()
				return nil
			},
		})
	})
	<-asked
	time.Sleep(time.Second)
	live, err := s.Live(t.Context(), number)
	require.NoError(t, err)
	workers := s.WorkerPIDs()
	require.NotEmpty(t, workers)
	require.NoError(t, s.Kill())
	cancel()
	for _, w := range workers {
		assert.Eventually(t, func() bool { return !alive(w) }, 5*time.Second, 20*time.Millisecond, "the speech worker outlives its server")
	}

	a, err := wav.ReadFile(s.Recording(t.Context(), live))
	require.NoError(t, err, "the recording can be read")
	require.Len(t, a.Channels, 2)
	assert.Greater(t, len(a.Channels[0]), 8000*(8+len(question)/8000-1), "up to the crash")
	assert.GreaterOrEqual(t, likeness(question, a.Channels[0]), alike)

	require.NoError(t, s.Restart(t.Context()))
	rec, err := s.Call(t.Context(), live.ID)
	require.NoError(t, err)
	assert.Equal(t, call.Interrupted, rec.Outcome)
	assert.Equal(t, "interrupted", rec.EndCause)
	assert.False(t, rec.EndedAt.IsZero())
	_, err = s.Raw(t.Context(), "/api/v1/calls/"+rec.ID+"/recording")
	require.NoError(t, err)
}

func alive(pid int) bool {
	b, err := os.ReadFile("/proc/" + itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	// A zombie that nobody has waited for yet is no longer running.
	for i := len(b) - 1; i > 0; i-- {
		if b[i] == ')' {
			return b[i+2] != 'Z'
		}
	}
	return false
}

// SIGTERM: no new calls, those in progress may end, the rest is hung up, and every
// port is given back.
func TestServerIsStopped(t *testing.T) {
	long(t)
	s := own(t, "HOTLINE_CALL_DRAIN=3s")
	p := phone(t)
	var refused int
	_, rep := ringWith(t, p, s, "9196", func(c *caller) {
		c.pause(time.Second)
		if err := s.Terminate(); err != nil {
			t.Error(err)
		}
		c.pause(700 * time.Millisecond)
		second, err := p.Call(c.ctx, softphone.Request{URI: s.URI("8000")})
		if err != nil {
			t.Error(err)
		}
		refused = second.Status
		c.untilHungUp()
	})
	assert.Equal(t, 503, refused, "no new calls")
	assert.Equal(t, "far_end", rep.Ended, "the call in progress is hung up")
	assert.Greater(t, rep.Seconds, 3.0, "not before its time")
	select {
	case <-s.Exited():
	case <-time.After(20 * time.Second):
		t.Fatal("the server does not end")
	}
	require.NoError(t, s.Stop())
	for _, network := range []string{"tcp", "udp"} {
		require.NoError(t, bindable(network, s.SIP))
	}
	n, err := s.OpenRTP()
	require.NoError(t, err)
	assert.Zero(t, n)
}

func bindable(network, address string) error {
	if network == "udp" {
		c, err := net.ListenPacket(network, address)
		if err == nil {
			err = c.Close()
		}
		return err
	}
	l, err := net.Listen(network, address)
	if err == nil {
		err = l.Close()
	}
	return err
}

// SIGTERM with a call of the bot in progress: it is hung up in the end and recorded.
func TestCallIsEndedByTheStop(t *testing.T) {
	long(t)
	s := own(t, "HOTLINE_CALL_DRAIN=2s")
	p := phone(t)
	number := callerNumber()
	rep, err := p.Call(t.Context(), softphone.Request{
		URI: s.URI("8000"), From: number,
		Talk: func(ctx context.Context, _ *media.Session) error {
			time.Sleep(2 * time.Second)
			if err := s.Terminate(); err != nil {
				return err
			}
			<-ctx.Done()
			return nil
		},
	})
	require.NoError(t, err)
	assert.Equal(t, "far_end", rep.Ended)
	<-s.Exited()
	require.NoError(t, s.Restart(t.Context()))
	rec, err := s.RecordOf(t.Context(), number)
	require.NoError(t, err)
	assert.Equal(t, "shutdown", rec.EndCause)
	a, err := wav.ReadFile(s.Recording(t.Context(), rec))
	require.NoError(t, err)
	assert.InDelta(t, rec.EndedAt.Sub(rec.AnsweredAt).Seconds(), float64(len(a.Channels[0]))/8000, 1)
	assert.NoError(t, syscall.Kill(s.PID(), 0))
}
