package e2e_test

import (
	"bytes"
	"context"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/call"
	"hotline/internal/stand"
	"hotline/internal/testdata"
	"hotline/media"
	"hotline/media/dsp"
	"hotline/media/sdp"
	"hotline/sip/siptest"
)

// idle waits until no call is left and no port is open.
func idle(t *testing.T, s *stand.Stand) {
	t.Helper()
	var n int
	var kinds map[string]int
	require.Eventually(t, func() bool {
		var err error
		n, err = s.OpenRTP()
		_, kinds = s.Files()
		return err == nil && n == 0
	}, 10*time.Second, 50*time.Millisecond, "%d ports for sound are still open, files: %v", n, kinds)
}

// allEnded waits until the records of all calls say how they ended.
func allEnded(t *testing.T, s *stand.Stand) {
	t.Helper()
	require.Eventually(t, func() bool {
		list, err := s.Calls(t.Context())
		return err == nil && !slices.ContainsFunc(list, func(c stand.Call) bool { return c.EndedAt.IsZero() })
	}, 10*time.Second, 100*time.Millisecond, "a call is still in progress")
}

// scripted is a call whose signalling is written out by the test, with real sound.
type scripted struct {
	*caller
	sip   *siptest.Call
	local sdp.Local
}

// dial makes the session and the offer of a scripted call.
func dial(t *testing.T, s *stand.Stand, p *siptest.Phone, number string) *scripted {
	t.Helper()
	logs(t, s)
	ports := media.NewPorts(netip.MustParseAddr("127.0.0.1"), 40000, 49999)
	socket, err := ports.Listen()
	require.NoError(t, err)
	sc := &scripted{local: sdp.Local{Addr: netip.MustParseAddr("127.0.0.1"), Port: int(socket.Addr().Port()), Codecs: []sdp.Codec{sdp.PCMU, sdp.PCMA}, SessionID: 7}}
	sc.sip = p.Invite(number, string(sdp.Offer(sc.local)))
	answer := sc.sip.Answered()
	m, err := sdp.Accept(sc.local, []byte(answer.Body))
	require.NoError(t, err)
	session := media.NewSession(media.SessionConfig{Conn: socket, Media: m})
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	sc.caller = &caller{t: t, stand: s, session: session, ctx: ctx, number: "caller"}
	var wg sync.WaitGroup
	wg.Go(func() { _ = session.Run(ctx) })
	wg.Go(func() {
		f := make(media.Frame, session.In().Rate()/50)
		for session.In().ReadFrame(f) == nil {
			sc.mu.Lock()
			sc.heard = append(sc.heard, f...)
			sc.mu.Unlock()
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
	return sc
}

// update sends a re-INVITE and follows the answer.
func (sc *scripted) update(direction string) {
	sc.t.Helper()
	sc.local.Version++
	offer := bytes.Replace(sdp.Offer(sc.local), []byte("a=sendrecv"), []byte("a="+direction), 1)
	sc.sip.Request("INVITE", string(offer))
	sc.sip.Answered()
}

// Hold and resume by re-INVITE: silence in between, and the bot goes on being heard
// and hearing.
func TestHoldAndResume(t *testing.T) {
	minutes(t)
	question := recording(t, testdata.Shared(t, "speech/zh/sherpa_sense-voice_zh.wav"))
	s := shared(t)
	for _, direction := range []string{"sendonly", "inactive"} {
		t.Run(direction, func(t *testing.T) {
			sc := dial(t, s, siptest.New(t, s.SIP), "8000")
			sc.pause(2 * time.Second)
			sc.update(direction)
			sc.pause(500 * time.Millisecond)
			mark := sc.now()
			sc.pause(2 * time.Second)
			assert.Zero(t, loud(sc.since(mark)), "nothing is heard on hold")
			sc.update("sendrecv")
			sc.listen(sc.now())
			heard := recognise(t, s, sc.ask(question), "zh")
			assert.True(t, anyOf(heard, "十点", "10点", "十點"), "heard: %q", heard)
			sc.sip.Bye()
			rec, err := s.Record(t.Context(), sc.sip.CallID)
			require.NoError(t, err)
			holds := rec.Events(call.KindHold)
			require.Len(t, holds, 2, rec.Text())
			assert.Equal(t, "caller_hangup", rec.EndCause)
		})
	}
	idle(t, s)
}

// Keys come in the sound (RFC 4733) or by SIP INFO.
func TestKeys(t *testing.T) {
	minutes(t)
	s := shared(t)
	for _, by := range []string{"rfc4733", "info"} {
		t.Run(by, func(t *testing.T) {
			sc := dial(t, s, siptest.New(t, s.SIP), "8000")
			sc.listen(0)
			mark := sc.now()
			if by == "info" {
				sc.sip.Request("INFO", "Signal=3\r\nDuration=160\r\n", "Content-Type: application/dtmf-relay")
				sc.sip.Expect("200 INFO")
			} else {
				sc.keys("3")
			}
			heard := recognise(t, s, sc.listen(mark), "zh")
			assert.True(t, anyOf(heard, "十点", "10点", "十點"), "heard: %q", heard)
			sc.sip.Bye()
			rec, err := s.Record(t.Context(), sc.sip.CallID)
			require.NoError(t, err)
			require.Len(t, rec.Events(call.KindDTMF), 1)
			assert.Equal(t, "3", rec.Events(call.KindDTMF)[0].Data["digit"])
			assert.Len(t, rec.By("store-hours"), 1)
		})
	}
	idle(t, s)
}

// Over TCP, and the far end hangs up in the middle of a sentence.
func TestTCPAndBye(t *testing.T) {
	s := shared(t)
	sc := dial(t, s, siptest.NewTCP(t, s.SIP), "8001")
	require.True(t, sc.awaitVoice(0))
	sc.pause(time.Second)
	sc.sip.Bye()
	rec, err := s.Record(t.Context(), sc.sip.CallID)
	require.NoError(t, err)
	assert.Equal(t, "caller_hangup", rec.EndCause)
	assert.Equal(t, call.Abandoned, rec.Outcome)
	assert.NotEmpty(t, rec.By("greeting")[0].Heard, "the part of the greeting that was heard")
	idle(t, s)
}

// A CANCEL that crosses the answer leaves nothing behind, whichever comes first.
func TestCancelWhileItIsSetUp(t *testing.T) {
	s := shared(t)
	logs(t, s)
	for range 8 {
		p := siptest.New(t, s.SIP)
		c := p.Invite("8000", siptest.SDP)
		c.Cancel()
		require.Eventually(t, func() bool { return p.Count("487 INVITE")+p.Count("200 INVITE") > 0 }, 10*time.Second, 5*time.Millisecond)
		if p.Count("487 INVITE") > 0 {
			c.Expect("487 INVITE")
			c.AckRefusal()
		} else {
			c.Answered()
			c.Bye()
		}
	}
	idle(t, s)
	allEnded(t, s)
}

// The test lines: what is said comes back; a tone of 1,004 Hz.
func TestTestLines(t *testing.T) {
	question := recording(t, testdata.Shared(t, "speech/zh/sherpa_sense-voice_zh.wav"))
	s := shared(t)
	var heard []int16
	ring(t, s, "9196", func(c *caller) {
		c.pause(300 * time.Millisecond)
		c.say(question)
		c.pause(500 * time.Millisecond)
		heard = c.since(0)
	})
	assert.Greater(t, likeness(question, heard), 0.9, "the echo")
	ring(t, s, "9197", func(c *caller) {
		c.pause(1500 * time.Millisecond)
		heard = c.since(4000)
	})
	assert.InDelta(t, dsp.LevelDB(heard), dsp.Goertzel(heard, 8000, 1004), 1, "a pure tone")
	idle(t, s)
}
