package call_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/asr"
	"hotline/internal/call"
	"hotline/internal/event"
	"hotline/media"
	"hotline/media/mediatest"
	"hotline/media/wav"
)

// office is a Manager on a test's clock, with people who can be rung.
type office struct {
	t       *testing.T
	ctx     context.Context //nolint:containedctx // of the server
	wg      *sync.WaitGroup
	manager *call.Manager
	line    *call.Line
	journal *journal
	staff   *staff
	dialer  phones
	sockets chan *mediatest.Conn // for the legs that calls open, in order
	dir     string
}

// phones are those who can be rung, by what is dialled, and what they do.
type phones map[string]func(ctx context.Context, t call.Target, progress func(int, []byte)) (call.Leg, error)

func (p phones) Dial(ctx context.Context, t call.Target, _ []byte, progress func(int, []byte)) (call.Leg, error) {
	return p[t.To](ctx, t, progress)
}

// Check implements call.Checker: some numbers are too dear.
func (phones) Check(_ context.Context, t call.Target) error {
	if strings.HasPrefix(t.To, "00") {
		return &call.RefusedError{Why: call.RefusedPolicy, Err: errors.New("dear")}
	}
	return nil
}

// Local implements call.Checker.
func (phones) Local(context.Context, call.Target) netip.Addr { return netip.Addr{} }

// telephone is somebody who can be rung.
type telephone struct {
	*party
	leg  *leg
	conn *mediatest.Conn
	sdp  []byte
}

// phone adds one that answers after a while, and takes the next socket.
func (o *office) phone(to string, after time.Duration) *telephone {
	p := &telephone{}
	p.party, p.conn, p.sdp = newParty(o.ctx, o.wg)
	p.leg = newLeg("leg-"+to, p.sdp)
	o.sockets <- p.conn
	o.dialer[to] = func(ctx context.Context, _ call.Target, progress func(int, []byte)) (call.Leg, error) {
		progress(180, nil)
		return answer(after, p.leg, nil)(ctx)
	}
	return p
}

// until waits for something, for at most a minute.
func (o *office) until(done func() bool) {
	o.t.Helper()
	for range 3000 {
		if done() {
			return
		}
		time.Sleep(media.FrameTime)
	}
	o.t.Error("it did not happen within a minute")
}

// place begins a call and waits until it is over when play has returned.
func (o *office) place(p call.Placement, play func(id string)) {
	o.t.Helper()
	p.Line = o.line
	id, err := o.manager.Place(o.ctx, p)
	require.NoError(o.t, err)
	play(id)
	o.until(func() bool { live, _, _ := o.manager.Counts(); return live == 0 })
}

// inOffice runs a server.
func inOffice(t *testing.T, work func(o *office)) *office {
	t.Helper()
	e := bot(t)
	dir := t.TempDir()
	var o *office
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		o = &office{
			t: t, ctx: ctx, wg: &wg, journal: &journal{}, staff: &staff{}, dialer: phones{}, sockets: make(chan *mediatest.Conn, 8), dir: dir,
		}
		clock := &media.Clock{}
		wg.Go(func() { _ = clock.Run(ctx) })
		o.line = &call.Line{
			Name: "line", Title: "云上商城", Language: "zh", Engine: e, Speak: tones{}, Silence: 5 * time.Second,
			Hear: func(h call.Hearing) asr.Recognizer {
				l, err := asr.NewListener(asr.ListenerConfig{
					Options: asr.Options{Call: h.Call, Language: h.Language}, Decoder: decoder{60 * time.Millisecond},
					Detector: func(int) (asr.Detector, error) { return loudness{}, nil },
				})
				if err != nil {
					panic(err)
				}
				return l
			},
		}
		o.manager = call.NewManager(call.Services{
			Audio: &call.Audio{Clock: clock, Silence: -1, Log: slog.New(slog.DiscardHandler), Listen: listenTo(o.sockets)},
			Desk:  o.staff, Dialer: o.dialer, Journal: o.journal, Wishes: o.journal, Bus: &event.Bus{}, Log: slog.New(slog.DiscardHandler),
			Recordings: &call.Recordings{Dir: dir},
		}, func(string) call.Route { return call.Route{Line: o.line} }, 2)
		wg.Go(func() { _ = o.manager.Run(ctx) })
		work(o)
		cancel()
		wg.Wait()
	})
	return o
}

// Whom we call hears who calls, then what it is about, in the line's place; the
// call goes on as one that came in does, and its time begins with the answer.
func TestCallOut(t *testing.T) {
	const why = "您的订单今天送到，现在方便吗？"
	var callee *telephone
	o := inOffice(t, func(o *office) {
		callee = o.phone("13900001111", 3*time.Second)
		o.place(call.Placement{To: "139 0000-1111", From: "4008001234", Greeting: why, By: "test"}, func(string) {
			time.Sleep(time.Second)
			assert.Equal(t, call.InProgress, o.journal.now().Outcome)
			assert.True(t, o.journal.now().AnsweredAt.IsZero(), "it rings")
			time.Sleep(3*time.Second + length(disclosure+why))
			callee.say(o.ctx, asksHours, 700*time.Millisecond)
			time.Sleep(length(hours) + 2*time.Second)
			callee.leg.end(bye{})
		})
	})
	heard := callee.since(0)
	assert.InDelta(t, length(disclosure), heardFor(heard, disclosure), float64(100*time.Millisecond), "%v", melody(heard))
	assert.InDelta(t, length(why), heardFor(heard, why), float64(140*time.Millisecond), "%v", melody(heard))
	assert.Zero(t, heardFor(heard, greeting), "in place of the line's greeting")
	assert.InDelta(t, length(hours), heardFor(heard, hours), float64(100*time.Millisecond))
	r := o.journal.now()
	assert.Equal(t, "outbound", r.Direction)
	assert.Equal(t, "13900001111", r.Called)
	assert.Equal(t, "4008001234", r.Caller)
	assert.Equal(t, call.Resolved, r.Outcome)
	assert.Equal(t, "caller_hangup", r.EndCause)
	assert.InDelta(t, 3, r.AnsweredAt.Sub(r.StartedAt).Seconds(), 0.1)
	assert.True(t, callee.leg.gone())
	assert.True(t, callee.conn.Closed(), "the port is given back")
	a, err := wav.ReadFile(o.dir + "/" + r.Recording)
	require.NoError(t, err)
	assert.InDelta(t, r.EndedAt.Sub(r.AnsweredAt).Seconds(), float64(len(a.Channels[0]))/rate, 0.1, "what was before the answer is not recorded")
}

// Early media is nobody's speech: the bot neither hears it nor answers it, and the
// recording begins with the answer.
func TestEarlyMediaOfTheOtherSide(t *testing.T) {
	var callee *telephone
	o := inOffice(t, func(o *office) {
		callee = o.phone("13900001111", 0)
		o.dialer["13900001111"] = func(ctx context.Context, _ call.Target, progress func(int, []byte)) (call.Leg, error) {
			progress(183, callee.sdp)
			callee.say(o.ctx, asksHours, 4*time.Second) // "the number you have dialled …"
			progress(183, callee.sdp)
			return answer(time.Second, callee.leg, nil)(ctx)
		}
		o.place(call.Placement{To: "13900001111"}, func(string) {
			o.until(func() bool { return !o.journal.now().AnsweredAt.IsZero() })
			time.Sleep(length(disclosure+greeting) + time.Second)
			callee.leg.end(bye{})
		})
	})
	assert.Zero(t, o.journal.count("speech_start"), "%v", o.journal.kinds())
	assert.Zero(t, heardFor(callee.since(0), hours))
	assert.InDelta(t, length(greeting), heardFor(callee.since(0), greeting), float64(100*time.Millisecond))
	r := o.journal.now()
	a, err := wav.ReadFile(o.dir + "/" + r.Recording)
	require.NoError(t, err)
	assert.Empty(t, melody(a.Channels[0]), "it is not recorded")
	assert.InDelta(t, r.EndedAt.Sub(r.AnsweredAt).Seconds(), float64(len(a.Channels[0]))/rate, 0.1)
}

// A call that is not answered says why.
func TestCallOutIsNotAnswered(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		after  time.Duration
		hangUp bool
		want   call.Outcome
		cause  string
		status int
	}{
		"busy":            {err: refusal(486), want: call.Busy, cause: "busy", status: 486},
		"no answer":       {after: time.Hour, want: call.NoAnswer, cause: "no_answer"},
		"nobody there":    {err: refusal(480), want: call.NoAnswer, cause: "no_answer", status: 480},
		"refused":         {err: refusal(603), want: call.Refused, cause: "refused", status: 603},
		"no such number":  {err: refusal(404), want: call.Failed, cause: "failed", status: 404},
		"the trunk fails": {err: errors.New("no route"), want: call.Failed, cause: "failed"},
		"we give up":      {after: time.Hour, hangUp: true, want: call.Cancelled, cause: "console_hangup"},
	} {
		t.Run(name, func(t *testing.T) {
			var cancelled bool
			var conn *mediatest.Conn
			o := inOffice(t, func(o *office) {
				_, conn = mediatest.Pipe()
				o.sockets <- conn
				o.dialer["10086"] = func(ctx context.Context, _ call.Target, progress func(int, []byte)) (call.Leg, error) {
					progress(180, nil)
					l, err := answer(c.after+time.Second, nil, c.err)(ctx)
					cancelled = ctx.Err() != nil
					return l, err
				}
				o.place(call.Placement{To: "10086", Timeout: 20 * time.Second}, func(id string) {
					if c.hangUp {
						time.Sleep(3 * time.Second)
						assert.True(t, o.manager.Hangup(id))
					}
				})
			})
			r := o.journal.now()
			assert.True(t, o.journal.ended)
			assert.Equal(t, c.want, r.Outcome)
			assert.Equal(t, c.cause, r.EndCause)
			assert.Equal(t, c.status, r.SIPStatus)
			assert.Equal(t, c.after > 0, cancelled, "ringing is cancelled")
			assert.True(t, conn.Closed(), "the port is given back")
			assert.Empty(t, o.journal.bot(), "the bot has said nothing")
			assert.Empty(t, r.Recording, "there is nothing to be heard")
			files, err := filepath.Glob(o.dir + "/recordings/*/*/*/*")
			require.NoError(t, err)
			assert.Empty(t, files)
			if !c.hangUp {
				assert.NotEmpty(t, r.EndReason)
			}
		})
	}
}

// What cannot be placed is refused at once, and counts as no call.
func TestCallOutIsRefused(t *testing.T) {
	inOffice(t, func(o *office) {
		refused := func(p call.Placement, why call.Refusal) {
			t.Helper()
			p.Line = o.line
			_, err := o.manager.Place(o.ctx, p)
			var r *call.RefusedError
			if assert.ErrorAs(t, err, &r, "%+v", p) {
				assert.Equal(t, why, r.Why, "%+v", p)
			}
		}
		for _, to := range []string{"", "1", "hello", "sip:", "sip:a b@c", "agent:", "+86 139x", "12345678901234567890123456789012345", "tel:", "sip:x@y\r\nTo: z"} {
			refused(call.Placement{To: to}, call.RefusedNumber)
		}
		refused(call.Placement{To: "10086", AgentFirst: "nobody"}, call.RefusedAgent)
		o.staff.shut = true
		refused(call.Placement{To: "10086", AgentFirst: "service"}, call.RefusedAgent)
		o.dialer["10086"] = func(ctx context.Context, _ call.Target, _ func(int, []byte)) (call.Leg, error) {
			return answer(time.Hour, nil, nil)(ctx)
		}
		for range 2 { // as many as it takes
			o.sockets <- pipe()
			_, err := o.manager.Place(o.ctx, call.Placement{To: "10086", Line: o.line})
			require.NoError(t, err)
		}
		refused(call.Placement{To: "10086"}, call.RefusedFull)
		o.manager.Drain()
		refused(call.Placement{To: "10086"}, call.RefusedDraining)
		for _, c := range o.manager.Live() {
			o.manager.Hangup(c.ID)
		}
		o.until(func() bool { live, _, _ := o.manager.Counts(); return live == 0 })
	})
}

func pipe() *mediatest.Conn {
	_, c := mediatest.Pipe()
	return c
}

// The agent's telephone rings first; he alone is told whom he calls, hears it ring,
// and then both hear each other. It is recorded and written down.
func TestAgentFirst(t *testing.T) {
	const whom = "正在呼叫王先生。"
	var agent, callee *telephone
	o := inOffice(t, func(o *office) {
		o.staff.names = []string{"li"}
		agent = o.phone("agent:li", 2*time.Second)
		callee = o.phone("13900001111", 7*time.Second)
		o.place(call.Placement{To: "13900001111", AgentFirst: "li", Fields: map[string]string{"name": "王先生"}}, func(string) {
			o.until(func() bool { return o.journal.count("bridge") == 1 })
			time.Sleep(500 * time.Millisecond)
			agent.say(o.ctx, agentTalks, time.Second)
			time.Sleep(time.Second)
			callee.say(o.ctx, asksFare, time.Second)
			time.Sleep(2 * time.Second)
			require.NoError(t, agent.session.SendKeys(o.ctx, "5"))
			time.Sleep(2 * time.Second)
			agent.leg.end(bye{})
		})
	})
	toAgent, toCallee := agent.since(0), callee.since(0)
	assert.InDelta(t, length(whom), heardFor(toAgent, whom), float64(140*time.Millisecond), "%v", melody(toAgent))
	assert.Greater(t, heardTone(toAgent, ringBack), 900*time.Millisecond, "he hears it ring: %v", melody(toAgent))
	assert.InDelta(t, time.Second, heardTone(toAgent, asksFare), float64(150*time.Millisecond))
	assert.InDelta(t, time.Second, heardTone(toCallee, agentTalks), float64(150*time.Millisecond), "%v", melody(toCallee))
	assert.Zero(t, heardFor(toCallee, whom))
	assert.Zero(t, heardTone(toCallee, ringBack))
	r := o.journal.now()
	assert.Equal(t, call.Transferred, r.Outcome)
	assert.Equal(t, "agent_hangup", r.EndCause)
	assert.Equal(t, "li", r.Agent)
	assert.Equal(t, map[string]call.OfferResult{"li": call.OfferTaken}, o.staff.results)
	assert.Zero(t, o.staff.reserved)
	assert.True(t, agent.leg.gone() && callee.leg.gone())
	assert.True(t, agent.conn.Closed() && callee.conn.Closed())
	said := map[string]string{}
	for _, turn := range o.journal.turns {
		said[turn.Speaker] = turn.Text
	}
	assert.Equal(t, map[string]string{"agent": "您好我是客服", "caller": words[asksFare]}, said)
	assert.Equal(t, 1, o.journal.count("dtmf"), "a key is passed on")
	a, err := wav.ReadFile(o.dir + "/" + r.Recording)
	require.NoError(t, err)
	assert.InDelta(t, time.Second, heardTone(a.Channels[0], asksFare), float64(150*time.Millisecond), "the other side is on the left")
	assert.InDelta(t, time.Second, heardTone(a.Channels[1], agentTalks), float64(150*time.Millisecond), "the agent is on the right")
}

// Only a call that the agent has not asked for himself asks his telephone to answer at
// once.
func TestAgentFirstAtOnce(t *testing.T) {
	for _, atOnce := range []bool{true, false} {
		asked := false
		inOffice(t, func(o *office) {
			o.staff.names = []string{"li"}
			o.dialer["agent:li"] = func(ctx context.Context, to call.Target, _ func(int, []byte)) (call.Leg, error) {
				asked = to.Headers["Answer-Mode"] == "Auto"
				return answer(time.Second, nil, refusal(486))(ctx)
			}
			o.sockets <- pipe()
			o.place(call.Placement{To: "10086", AgentFirst: "li", AgentAtOnce: atOnce}, func(string) {})
		})
		assert.Equal(t, atOnce, asked)
	}
}

// An agent who does not answer, and one who gives up while it rings.
func TestAgentFirstFails(t *testing.T) {
	t.Run("he does not answer", func(t *testing.T) {
		o := inOffice(t, func(o *office) {
			o.staff.names = []string{"li"}
			o.phone("agent:li", time.Hour)
			o.place(call.Placement{To: "10086", AgentFirst: "service"}, func(string) {})
		})
		assert.Equal(t, call.Failed, o.journal.now().Outcome)
		assert.Equal(t, "agent_unreachable", o.journal.now().EndCause)
		assert.Equal(t, map[string]call.OfferResult{"li": call.OfferNoAnswer}, o.staff.results)
	})
	t.Run("he gives up", func(t *testing.T) {
		var agent *telephone
		o := inOffice(t, func(o *office) {
			o.staff.names = []string{"li"}
			agent = o.phone("agent:li", time.Second)
			o.phone("10086", time.Hour)
			o.place(call.Placement{To: "10086", AgentFirst: "li"}, func(string) {
				time.Sleep(8 * time.Second)
				agent.leg.end(bye{})
			})
		})
		assert.Equal(t, call.Cancelled, o.journal.now().Outcome)
		assert.Equal(t, "agent_hangup", o.journal.now().EndCause)
		assert.Greater(t, heardTone(agent.since(0), ringBack), 900*time.Millisecond)
	})
	t.Run("the other side is busy", func(t *testing.T) {
		var agent *telephone
		o := inOffice(t, func(o *office) {
			o.staff.names = []string{"li"}
			agent = o.phone("agent:li", time.Second)
			o.sockets <- pipe()
			o.dialer["10086"] = func(ctx context.Context, _ call.Target, _ func(int, []byte)) (call.Leg, error) {
				return answer(time.Second, nil, refusal(486))(ctx)
			}
			o.place(call.Placement{To: "10086", AgentFirst: "li"}, func(string) {})
		})
		assert.Equal(t, call.Busy, o.journal.now().Outcome)
		assert.True(t, agent.leg.gone())
	})
}

// A supervisor hears both sides, the bot too, and is heard by whom his mode says.
func TestListeningIn(t *testing.T) {
	for mode, heard := range map[call.Mode]bool{call.Listen: false, call.Whisper: false, call.Barge: true} {
		t.Run(string(mode), func(t *testing.T) {
			var callee, boss *telephone
			var mark int
			o := inOffice(t, func(o *office) {
				callee, boss = o.phone("13900001111", time.Second), o.phone("agent:boss", time.Second)
				o.place(call.Placement{To: "13900001111"}, func(id string) {
					time.Sleep(time.Second + length(disclosure+greeting) + 500*time.Millisecond)
					require.ErrorIs(t, o.manager.Join(o.ctx, "none", call.Supervisor{Name: "boss", Target: call.Target{To: "agent:boss"}}, mode), call.ErrNoCall)
					require.ErrorIs(t, o.manager.Join(o.ctx, id, call.Supervisor{Name: "boss", Target: call.Target{To: "agent:boss"}}, "shout"), call.ErrMode)
					require.NoError(t, o.manager.Join(o.ctx, id, call.Supervisor{Name: "boss", Target: call.Target{To: "agent:boss"}}, mode))
					callee.say(o.ctx, asksHours, 700*time.Millisecond)
					time.Sleep(length(hours) + 1500*time.Millisecond)
					mark = callee.now()
					boss.say(o.ctx, agentTalks, time.Second)
					time.Sleep(time.Second)
					callee.leg.end(bye{})
				})
			})
			toBoss := boss.since(0)
			assert.InDelta(t, 700*time.Millisecond, heardTone(toBoss, asksHours), float64(150*time.Millisecond), "he hears the caller: %v", melody(toBoss))
			assert.InDelta(t, length(hours), heardFor(toBoss, hours), float64(150*time.Millisecond), "he hears the bot: %v", melody(toBoss))
			want := 0.0
			if heard {
				want = float64(time.Second)
			}
			assert.InDelta(t, want, float64(heardTone(callee.since(mark), agentTalks)), float64(150*time.Millisecond), "%v", melody(callee.since(mark)))
			assert.Equal(t, "boss "+string(mode)+" joined", o.journal.supervised()[0])
			assert.True(t, boss.leg.gone(), "he is hung up when the call is over")
			assert.True(t, boss.conn.Closed())
		})
	}
}

// supervised is what the timeline says of supervisors.
func (j *journal) supervised() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []string
	for _, e := range j.events {
		if e.Data["supervisor"] != nil {
			out = append(out, fmt.Sprint(e.Data["supervisor"], " ", e.Data["mode"], " ", e.Data["state"]))
		}
	}
	return out
}

// now is the record as it was last written.
func (j *journal) now() call.Record {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.record
}

// A whisper reaches the agent and not the other side.
func TestWhisperToAnAgent(t *testing.T) {
	var agent, callee, boss *telephone
	o := inOffice(t, func(o *office) {
		o.staff.names = []string{"li"}
		agent = o.phone("agent:li", time.Second)
		callee = o.phone("13900001111", time.Second)
		boss = o.phone("agent:boss", time.Second)
		o.place(call.Placement{To: "13900001111", AgentFirst: "li"}, func(id string) {
			o.until(func() bool { return o.journal.count("bridge") == 1 })
			require.NoError(t, o.manager.Join(o.ctx, id, call.Supervisor{Name: "boss", Target: call.Target{To: "agent:boss"}}, call.Whisper))
			boss.say(o.ctx, coughs, time.Second)
			time.Sleep(500 * time.Millisecond)
			callee.say(o.ctx, asksFare, time.Second)
			agent.say(o.ctx, agentTalks, time.Second)
			time.Sleep(time.Second)
			boss.leg.end(bye{}) // the call goes on
			time.Sleep(time.Second)
			assert.Len(t, o.manager.Live(), 1)
			callee.leg.end(bye{})
		})
	})
	assert.Equal(t, []string{"boss whisper joined", "boss whisper left"}, o.journal.supervised())
	second, near := float64(time.Second), float64(150*time.Millisecond)
	assert.InDelta(t, second, float64(heardTone(agent.since(0), coughs)), near, "%v", melody(agent.since(0)))
	assert.Zero(t, heardTone(callee.since(0), coughs), "%v", melody(callee.since(0)))
	assert.InDelta(t, second, float64(heardTone(boss.since(0), asksFare)), near, "%v", melody(boss.since(0)))
	assert.InDelta(t, second, float64(heardTone(boss.since(0), agentTalks)), near, "%v", melody(boss.since(0)))
}

// infoLeg is a leg of a carrier that wants keys by INFO.
type infoLeg struct {
	*leg

	keys chan byte
}

func (l infoLeg) KeySender() func(context.Context, byte) error {
	return func(_ context.Context, digit byte) error {
		l.keys <- digit
		return nil
	}
}

// A carrier that wants keys in the signalling gets them there, and not in the sound.
func TestKeysGoInTheSignalling(t *testing.T) {
	keys := make(chan byte, 8)
	var inSound []byte
	inOffice(t, func(o *office) {
		o.staff.names = []string{"li"}
		agent := o.phone("agent:li", time.Second)
		callee := o.phone("13900001111", time.Second)
		ring := o.dialer["13900001111"]
		o.dialer["13900001111"] = func(ctx context.Context, to call.Target, progress func(int, []byte)) (call.Leg, error) {
			_, err := ring(ctx, to, progress)
			return infoLeg{callee.leg, keys}, err
		}
		o.place(call.Placement{To: "13900001111", AgentFirst: "li"}, func(string) {
			o.until(func() bool { return o.journal.count("bridge") == 1 })
			require.NoError(t, agent.session.SendKeys(o.ctx, "5#"))
			o.until(func() bool { return len(keys) == 2 })
			time.Sleep(time.Second)
			select {
			case k := <-callee.session.Keys():
				inSound = append(inSound, k.Digit)
			default:
			}
			agent.leg.end(bye{})
		})
	})
	assert.Equal(t, byte('5'), <-keys)
	assert.Equal(t, byte('#'), <-keys)
	assert.Empty(t, inSound)
}
