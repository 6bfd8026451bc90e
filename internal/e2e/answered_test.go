package e2e_test

import (
	"context"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/call/answer"
	"hotline/internal/stand"
	"hotline/media"
	"hotline/media/dsp"
	"hotline/media/sdp"
	"hotline/sip/siptest"
)

// rung is a telephone that the server calls, and its sound.
type rung struct {
	*caller

	sip *siptest.Call
	sdp string // its answer
}

// rings waits for the server's call at a telephone, and opens its sound.
func rings(t *testing.T, s *stand.Stand, p *siptest.Phone) *rung {
	t.Helper()
	socket, err := media.NewPorts(netip.MustParseAddr("127.0.0.1"), 40000, 49999).Listen()
	require.NoError(t, err)
	ringing := p.Await()
	description, m, err := sdp.Answer([]byte(ringing.Incoming.Body), sdp.Local{
		Addr: netip.MustParseAddr("127.0.0.1"), Port: int(socket.Addr().Port()), Codecs: []sdp.Codec{sdp.PCMU}, SessionID: 7,
	})
	require.NoError(t, err)
	session := media.NewSession(media.SessionConfig{Conn: socket, Media: m, SilenceTimeout: -1})
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	r := &rung{caller: &caller{t: t, stand: s, session: session, ctx: ctx}, sip: ringing, sdp: string(description)}
	var wg sync.WaitGroup
	wg.Go(func() { _ = session.Run(ctx) })
	wg.Go(func() {
		f := make(media.Frame, session.In().Rate()/50)
		for session.In().ReadFrame(f) == nil {
			r.mu.Lock()
			r.heard = append(r.heard, f...)
			r.mu.Unlock()
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
	return r
}

// Who answers is found out before the bot speaks: a carrier's announcement before the
// answer, a voicemail, which gets its message behind the beep only, a person, a menu.
func TestWhoAnswers(t *testing.T) {
	minutes(t)
	const message = "您的包裹明天上午送到，请留意查收。"
	s := own(t, "HOTLINE_CALL_HOSTS=127.0.0.1")
	voice := func(text string) []int16 { return utter(t, s, "zf_xiaoni", text) }
	placed := func(t *testing.T) (string, *rung) {
		t.Helper()
		p := siptest.New(t, s.SIP)
		id := place(t, s, map[string]any{"to": "sip:somebody@" + p.Addr(), "detect": true, "voicemail": message})
		return id, rings(t, s, p)
	}

	t.Run("announcement", func(t *testing.T) {
		notice := voice("您好，您拨打的号码是空号，请查证后再拨。")
		id, r := placed(t)
		r.sip.Respond(r.sip.Incoming, 183, "Session Progress", r.sdp)
		r.say(notice)
		r.pause(300 * time.Millisecond)
		r.sip.Reject(404, "Not Found", `Reason: Q.850;cause=1;text="Unallocated number"`)
		c := until(t, s, id, over)
		require.NotNil(t, c.AnsweredBy)
		assert.Equal(t, answer.Announcement, c.AnsweredBy.Who)
		assert.Equal(t, answer.InvalidNumber, c.AnsweredBy.Notice)
		assert.True(t, c.AnsweredBy.Early)
		assert.Equal(t, 404, c.SIPStatus)
		assert.Zero(t, loud(r.since(0)))
	})
	t.Run("voicemail", func(t *testing.T) {
		greeting := voice("您好，我现在不方便接听电话，请在嘀声后留言。")
		id, r := placed(t)
		r.sip.Answer(r.sdp)
		r.pause(500 * time.Millisecond)
		r.say(greeting)
		r.pause(700 * time.Millisecond)
		r.say(dsp.Sine(8000, -15, 500*time.Millisecond, 950))
		mark := r.now()
		r.sip.HungUp()
		c := until(t, s, id, over)
		require.NotNil(t, c.AnsweredBy)
		assert.Equal(t, answer.Voicemail, c.AnsweredBy.Who)
		assert.Positive(t, c.AnsweredBy.BeepMS)
		assert.Zero(t, loud(r.since(0)[:mark]), "not a word before the end of the beep; it was told by %+v", *c.AnsweredBy)
		heard := recognise(t, s, r.since(mark), "zh")
		assert.True(t, anyOf(heard, "包裹", "明天", "上午"), "the voicemail has %q, without the beginning", heard)
		assert.True(t, anyOf(heard, "留意", "查收", "留一", "流意", "茶收"), "the voicemail has %q, without the end", heard)
	})
	t.Run("person", func(t *testing.T) {
		hello := voice("喂，你好。")
		id, r := placed(t)
		r.sip.Answer(r.sdp)
		r.pause(500 * time.Millisecond)
		r.say(hello)
		mark := r.now()
		heard := recognise(t, s, r.listen(mark), "zh")
		r.sip.Bye()
		c := until(t, s, id, over)
		require.NotNil(t, c.AnsweredBy)
		assert.Equal(t, answer.Person, c.AnsweredBy.Who)
		assert.True(t, anyOf(heard, "云上", "商城", "助手", "录音"), "he heard %q", heard)
	})
	t.Run("menu", func(t *testing.T) {
		menu := voice("欢迎致电东方酒店，订房请按一，人工服务请按零。")
		id, r := placed(t)
		r.sip.Answer(r.sdp)
		r.say(menu)
		r.sip.HungUp()
		c := until(t, s, id, over)
		require.NotNil(t, c.AnsweredBy)
		assert.Equal(t, answer.Menu, c.AnsweredBy.Who)
		assert.Equal(t, "menu", c.EndCause)
	})
}
