package call_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/call"
	"hotline/media"
)

const leave = "好的，打扰您了，再见。"

// A call that is called off ends politely: what is being said is finished, who speaks is
// answered, then comes a goodbye, and the far end is told that nothing went wrong.
func TestCalledOff(t *testing.T) {
	for name, c := range map[string]struct {
		play     func(o *office, p *telephone)
		answered string // what is said between the calling off and the goodbye
	}{
		"in the middle of a sentence": {func(o *office, p *telephone) {
			p.say(o.ctx, asksHours, 700*time.Millisecond)
			from := p.now()
			o.until(func() bool { return heardFor(p.since(from), hours) > 200*time.Millisecond })
		}, hours},
		"while the other side speaks": {func(o *office, p *telephone) {
			go p.say(o.ctx, asksHours, 700*time.Millisecond)
			time.Sleep(300 * time.Millisecond)
		}, hours},
		"while nobody speaks": {func(*office, *telephone) { time.Sleep(time.Second) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var callee *telephone
			var mark int
			o := inOffice(t, func(o *office) {
				o.line.Goodbye = leave
				callee = o.phone("13900001111", time.Second)
				o.place(call.Placement{To: "13900001111"}, func(id string) {
					o.until(func() bool { return !o.journal.now().AnsweredAt.IsZero() })
					time.Sleep(length(disclosure+greeting) + 300*time.Millisecond)
					c.play(o, callee)
					mark = callee.now()
					assert.True(t, o.manager.CallOff(id))
					assert.True(t, o.manager.CallOff(id), "once more does nothing")
				})
				assert.False(t, o.manager.CallOff("nobody"))
			})
			rest := callee.since(mark)
			assert.InDelta(t, length(leave), heardFor(rest, leave), float64(150*time.Millisecond), "%v", melody(rest))
			if c.answered != "" {
				assert.Greater(t, heardFor(rest, c.answered), length(c.answered)-400*time.Millisecond, "%v", melody(rest))
			}
			r := o.journal.now()
			assert.Equal(t, "called_off", r.EndCause)
			assert.Contains(t, callee.leg.why(), "Q.850;cause=16")
			bot := o.journal.bot()
			require.NotEmpty(t, bot)
			assert.Equal(t, leave, bot[len(bot)-1].Text)
			assert.Empty(t, bot[len(bot)-1].Heard, "nothing of it was cut")
		})
	}
}

// Who talks for ever is told after a while; who holds the line is not waited for.
func TestCalledOffWhileSomebodyTalksOn(t *testing.T) {
	var callee *telephone
	var took time.Duration
	inOffice(t, func(o *office) {
		o.line.Goodbye = leave
		callee = o.phone("13900001111", time.Second)
		o.place(call.Placement{To: "13900001111"}, func(id string) {
			time.Sleep(2*time.Second + length(disclosure+greeting))
			go callee.say(o.ctx, asksHours, time.Minute)
			time.Sleep(time.Second)
			assert.True(t, o.manager.CallOff(id))
			began := time.Now()
			o.until(func() bool { live, _, _ := o.manager.Counts(); return live == 0 })
			took = time.Since(began)
		})
	})
	assert.InDelta(t, length(leave), heardFor(callee.since(0), leave), float64(150*time.Millisecond), "%v", melody(callee.since(0)))
	assert.Less(t, took, 30*time.Second)
}

// A telephone that rings stops; nobody has said anything.
func TestCalledOffWhileItRings(t *testing.T) {
	o := inOffice(t, func(o *office) {
		o.phone("13900001111", time.Hour)
		o.place(call.Placement{To: "13900001111"}, func(id string) {
			time.Sleep(3 * time.Second)
			assert.True(t, o.manager.CallOff(id))
		})
	})
	r := o.journal.now()
	assert.Equal(t, call.Cancelled, r.Outcome)
	assert.Equal(t, "called_off", r.EndCause)
	assert.Empty(t, o.journal.bot())
}

// People who talk with each other go on.
func TestCalledOffBetweenPeople(t *testing.T) {
	inOffice(t, func(o *office) {
		o.staff.names = []string{"li"}
		agent := o.phone("agent:li", time.Second)
		o.phone("13900001111", time.Second)
		o.place(call.Placement{To: "13900001111", AgentFirst: "li"}, func(id string) {
			o.until(func() bool { return o.journal.count("bridge") == 1 })
			assert.True(t, o.manager.CallOff(id))
			time.Sleep(30 * media.FrameTime * 50)
			live, _, _ := o.manager.Counts()
			assert.Equal(t, 1, live)
			agent.leg.end(bye{})
		})
	})
}

// own is an error of our own guard or trunks.
type own struct{ code string }

func (o own) Error() string { return "60 calls went out in this minute" }
func (o own) Code() string  { return o.code }
func (own) Status() int     { return 403 }

// A call that the guard or the trunks do not let out is told from one that somebody
// turned away, and from one that rang.
func TestCallOutThatDoesNotGoOut(t *testing.T) {
	for name, c := range map[string]struct {
		rings bool
		cause string
		text  string
	}{
		"the guard refuses":      {false, "not_placed", "calls_per_minute: 60 calls went out in this minute"},
		"it rang before it fell": {true, "failed", ""},
	} {
		t.Run(name, func(t *testing.T) {
			o := inOffice(t, func(o *office) {
				o.sockets <- pipe()
				o.dialer["10086"] = func(ctx context.Context, _ call.Target, progress func(int, []byte)) (call.Leg, error) {
					if c.rings {
						progress(180, nil)
					}
					return answer(time.Second, nil, own{"calls_per_minute"})(ctx)
				}
				o.place(call.Placement{To: "10086"}, func(string) {})
			})
			r := o.journal.now()
			assert.Equal(t, call.Failed, r.Outcome)
			assert.Equal(t, c.cause, r.EndCause)
			assert.Equal(t, c.text, r.Error)
			assert.Zero(t, r.SIPStatus, "nobody has answered with one")
		})
	}
}
