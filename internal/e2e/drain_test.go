package e2e_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/softphone"
	"hotline/internal/stand"
	"hotline/media"
	"hotline/sip/siptest"
)

// Two nodes, of which the first is told to stop: it takes no more calls, and who calls
// then is answered by the second. The call in progress goes on, then its caller is told
// why it ends. An agent's telephone stays registered to the end.
func TestDrainOverTwoNodes(t *testing.T) {
	minutes(t)
	a, b := own(t, "HOTLINE_CALL_DRAIN=6s"), own(t)
	p, agent := phone(t), siptest.New(t, a.SIP)
	require.Equal(t, 200, agent.Register("agent1", stand.Password, "", 300).Status())
	var announced []int16
	var second softphone.Report
	c := &caller{t: t, stand: a, number: callerNumber()}
	talk := func() {
		c.listen(0)
		if err := a.Terminate(); err != nil {
			t.Error(err)
		}
		c.await(5*time.Second, func() bool { return !a.Ready(c.ctx) })
		assert.Equal(t, http.StatusServiceUnavailable, ready(t, a))

		for _, method := range []string{"OPTIONS", "INVITE"} {
			call := agent.NewCall("sip:8000@"+a.SIP, "sip:x@127.0.0.1")
			call.Request(method, "")
			m := agent.Expect("503 " + method)
			assert.Equal(t, "10", m.Get("Retry-After"))
			if method == "INVITE" {
				call.AckRefusal()
			}
		}
		assert.Equal(t, 200, agent.Register("agent1", stand.Password, "", 300).Status(), "telephones stay registered")
		// What a dispatcher does: the next node when one says 503.
		for _, node := range []*stand.Stand{a, b} {
			var err error
			var tape softphone.Tape
			second, err = p.Call(c.ctx, softphone.Request{URI: node.URI("8000"), Duration: 3 * time.Second, Heard: tape.Take})
			if err != nil {
				t.Error(err)
			}
			if second.Status != http.StatusServiceUnavailable {
				break
			}
		}
		mark := c.now()
		defer func() { announced = c.since(mark) }()
		c.untilHungUp()
	}
	rep, err := p.Call(t.Context(), softphone.Request{
		URI: a.URI("8000"), From: c.number, Duration: 3 * time.Minute,
		Heard: func(f media.Frame) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.heard = append(c.heard, f...)
		},
		Talk: func(ctx context.Context, session *media.Session) (err error) {
			c.ctx, c.session = ctx, session
			defer func() {
				if e, ok := recover().(error); ok {
					err = e
				}
			}()
			talk()
			return nil
		},
	})
	require.NoError(t, err)
	assert.True(t, second.Answered, "the second node takes the call")
	assert.Greater(t, second.Audible, 1.0, "and is heard")
	assert.Equal(t, "far_end", rep.Ended)
	heard := recognise(t, b, announced, "zh")
	assert.True(t, anyOf(heard, "维护", "維護", "再打来"), "heard: %q", heard)
	select {
	case <-a.Exited():
	case <-time.After(30 * time.Second):
		t.Fatal("the first node does not end")
	}
	require.NoError(t, a.Restart(t.Context()))
	rec, err := a.RecordOf(t.Context(), c.number)
	require.NoError(t, err)
	assert.Equal(t, "shutdown", rec.EndCause)
}

func ready(t *testing.T, s *stand.Stand) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.Web+"/readyz", http.NoBody)
	require.NoError(t, err)
	res, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return res.StatusCode
}

// Who asks twice does not want to wait.
func TestSecondStopEndsAtOnce(t *testing.T) {
	minutes(t)
	s := own(t, "HOTLINE_CALL_DRAIN=10m")
	_, rep := ringWith(t, phone(t), s, "9196", func(c *caller) {
		c.pause(time.Second)
		if err := s.Terminate(); err != nil {
			t.Error(err)
		}
		c.pause(2 * time.Second)
		if err := s.Terminate(); err != nil {
			t.Error(err)
		}
		c.untilHungUp()
	})
	assert.Equal(t, "far_end", rep.Ended)
	select {
	case <-s.Exited():
	case <-time.After(30 * time.Second):
		t.Fatal("the server does not end")
	}
	require.NoError(t, s.Restart(context.WithoutCancel(t.Context())))
}
