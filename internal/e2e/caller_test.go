package e2e_test

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/internal/softphone"
	"hotline/internal/stand"
	"hotline/media"
	"hotline/media/dsp"
)

// audible is the level from which a frame counts as the bot's voice; its comfort
// noise is far below.
const audible = -45.0

// caller is a call in progress, as its test conducts it. Times are since the answer.
type caller struct {
	t       *testing.T
	stand   *stand.Stand
	session *media.Session
	ctx     context.Context //nolint:containedctx // of the call that the test talks in
	number  string
	line    *wire // what lies between, in the soak

	mu    sync.Mutex
	heard []int16 // at 8 kHz, all since the answer
}

var lastCaller atomic.Int64

// phone is a softphone that serves until the test ends.
func phone(t *testing.T) *softphone.Phone {
	t.Helper()
	p, err := softphone.New(softphone.Config{})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := p.Run(ctx); err != nil {
			t.Errorf("the softphone: %v", err)
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
	<-p.Ready()
	return p
}

// ring places a call, has talk conduct it, and returns what the server wrote down.
func ring(t *testing.T, s *stand.Stand, number string, talk func(c *caller), options ...func(*softphone.Request)) (stand.Call, softphone.Report) {
	t.Helper()
	return ringWith(t, phone(t), s, number, talk, options...)
}

func ringWith(t *testing.T, p *softphone.Phone, s *stand.Stand, number string, talk func(c *caller), options ...func(*softphone.Request)) (stand.Call, softphone.Report) {
	t.Helper()
	logs(t, s)
	c := &caller{t: t, stand: s, number: callerNumber()}
	r := softphone.Request{
		URI: s.URI(number), From: c.number, Duration: 3 * time.Minute,
		Heard: func(f media.Frame) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.heard = append(c.heard, f...)
		},
		Talk: func(ctx context.Context, session *media.Session) (err error) {
			c.ctx, c.session = ctx, session
			defer func() {
				if e, ok := recover().(error); ok { // hung up while the test still talked
					err = e
				}
			}()
			talk(c)
			return nil
		},
	}
	for _, o := range options {
		o(&r)
	}
	rep, err := p.Call(t.Context(), r)
	require.NoError(t, err)
	require.True(t, rep.Answered, "refused with %d", rep.Status)
	if number[0] == '9' { // a test line keeps no record
		return stand.Call{}, rep
	}
	rec, err := s.Record(t.Context(), rep.SIPCallID)
	require.NoError(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(rec.Text())
		}
	})
	return rec, rep
}

func callerNumber() string {
	n := lastCaller.Add(1)
	return "1390000" + string([]byte{'0' + byte(n/1000%10), '0' + byte(n/100%10), '0' + byte(n/10%10), '0' + byte(n%10)})
}

var errOver = errors.New("the call was over before the caller was")

// pause waits; the talk ends here when the call does.
func (c *caller) pause(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.ctx.Done():
		panic(errOver)
	}
}

// now is a place in what was heard.
func (c *caller) now() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.heard)
}

// since is what was heard from a place on.
func (c *caller) since(mark int) []int16 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.heard[min(mark, len(c.heard)):])
}

// quiet is for how long nothing has been heard, from a place on; spoke tells whether
// something was.
func (c *caller) quiet(mark int) (d time.Duration, spoke bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for i := len(c.heard); i-160 >= mark; i -= 160 {
		if dsp.LevelDB(c.heard[i-160:i]) > audible {
			return time.Duration(n) * media.FrameTime, true
		}
		n++
	}
	return time.Duration(n) * media.FrameTime, false
}

// awaitVoice waits until something is heard after mark.
func (c *caller) awaitVoice(mark int) bool {
	return c.await(20*time.Second, func() bool { _, spoke := c.quiet(mark); return spoke })
}

// listen waits until the bot has spoken and stopped, and returns what it said.
func (c *caller) listen(mark int) []int16 {
	if c.awaitVoice(mark) {
		c.await(40*time.Second, func() bool { d, _ := c.quiet(mark); return d > 1300*time.Millisecond })
	}
	return c.since(mark)
}

func (c *caller) await(limit time.Duration, done func() bool) bool {
	for end := time.Now().Add(limit); !done(); c.pause(20 * time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

// say speaks and returns when the last frame was sent.
func (c *caller) say(x []int16) {
	u := c.session.Out().Utterance(c.ctx)
	defer u.Finish()
	f := make(media.Frame, u.Rate()/50)
	for len(x) > 0 {
		n := copy(f, x)
		clear(f[n:])
		x = x[n:]
		if u.WriteFrame(f) != nil {
			panic(errOver)
		}
	}
	u.Finish()
	select {
	case <-u.Done():
	case <-c.ctx.Done():
		panic(errOver)
	}
}

// ask speaks when the bot is silent, and returns its answer.
func (c *caller) ask(x []int16) []int16 {
	mark := c.now()
	c.say(x)
	return c.listen(mark)
}

// keys presses keys.
func (c *caller) keys(k string) {
	if c.session.SendKeys(c.ctx, k) != nil {
		panic(errOver)
	}
}

// untilHungUp waits for the far end to end the call.
func (c *caller) untilHungUp() { c.pause(time.Minute) }

// muted is a socket that stops sending, as a phone whose network is gone does.
type muted struct {
	media.PacketConn
	off atomic.Bool
}

func (m *muted) Send(p []byte, to netip.AddrPort) error {
	if m.off.Load() {
		return nil
	}
	return m.PacketConn.Send(p, to)
}

func (m *muted) SendControl(p []byte, to netip.AddrPort) error {
	if m.off.Load() {
		return nil
	}
	return m.PacketConn.SendControl(p, to)
}
