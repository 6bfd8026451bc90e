package call_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"hotline/internal/call"
	"hotline/media/mediatest"
)

// dialler is a telephone that calls us.
type dialler struct {
	*party

	leg  *ringingLeg
	conn *mediatest.Conn
	ask  func(call.TransferRequest)
}

// phoneLeg is a leg by value that cannot be compared, as those of the server are.
type phoneLeg struct {
	*ringingLeg

	_ func()
}

// ringingLeg is the leg of a telephone that calls us and hears ringing.
type ringingLeg struct {
	*leg

	owner *dialler
	told  []string
}

func (l *ringingLeg) OnTransfer(f func(call.TransferRequest)) { l.owner.ask = f }

func (l *ringingLeg) note(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told = append(l.told, fmt.Sprintf(format, args...))
}

func (l *ringingLeg) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.told
}

func (l *ringingLeg) Ring(context.Context) error { l.note("180"); return nil }
func (l *ringingLeg) Progress(_ context.Context, status int, _ []byte) error {
	l.note("%d", status)
	return nil
}

func (l *ringingLeg) Answer(ctx context.Context, sdp []byte) error {
	l.note("200")
	return l.leg.Answer(ctx, sdp)
}

func (l *ringingLeg) Reject(ctx context.Context, status int, _ string) error {
	l.note("%d", status)
	return l.Hangup(ctx)
}

// dials has somebody call us; his is the next socket, and those of whom he will talk
// to come after it. over is closed when he was served.
func (o *office) dials(name string, whom func(), serve func(call.Arrival)) (d *dialler, over chan struct{}) {
	d = &dialler{}
	var offer []byte
	d.party, d.conn, offer = newParty(o.ctx, o.wg)
	d.leg = &ringingLeg{leg: newLeg("leg-by-"+name, offer), owner: d}
	o.sockets <- d.conn
	whom()
	over = make(chan struct{})
	o.wg.Go(func() {
		defer close(over)
		serve(call.Arrival{Leg: phoneLeg{ringingLeg: d.leg}, Caller: name, Called: "8000"})
	})
	return d, over
}

// liCalls has an agent call somebody by his telephone.
func (o *office) liCalls(to string, whom func()) (*dialler, chan struct{}) {
	const agent = "li"
	return o.dials(agent, whom, func(a call.Arrival) {
		o.manager.Connect(o.ctx, a, call.Placement{To: to, From: agent, Line: o.line, AgentFirst: agent, By: "agent:" + agent})
	})
}

// keyed is an agent's telephone, which is rung, with a transfer key.
func (o *office) keyed(p *telephone, to string) *transferLeg {
	l := &transferLeg{leg: p.leg}
	o.dialer[to] = func(ctx context.Context, _ call.Target, _ func(int, []byte)) (call.Leg, error) {
		return answer(time.Second, l, nil)(ctx)
	}
	return l
}

// A tone is measured in steps of 40 ms, so that at either end some of it may not count.
const near = float64(60 * time.Millisecond)

// An agent calls another by his telephone, without the bot.
func TestAgentCalls(t *testing.T) {
	var li *dialler
	var wang *telephone
	o := inOffice(t, func(o *office) {
		o.staff.names = []string{"li", "wang"}
		var over chan struct{}
		li, over = o.liCalls("agent:wang", func() { wang = o.phone("agent:wang", 2*time.Second) })
		o.until(func() bool { return o.journal.count("bridge") == 1 })
		assert.ElementsMatch(t, []string{"li", "wang"}, o.staff.atWork(), "the bot rings neither")
		time.Sleep(500 * time.Millisecond)
		li.say(o.ctx, agentTalks, time.Second)
		wang.say(o.ctx, asksFare, time.Second)
		time.Sleep(time.Second)
		li.leg.end(bye{})
		<-over
	})
	assert.Equal(t, []string{"180", "200"}, li.leg.all())
	assert.InDelta(t, time.Second, heardTone(wang.since(0), agentTalks), near, "%v", melody(wang.since(0)))
	assert.InDelta(t, time.Second, heardTone(li.since(0), asksFare), near)
	r := o.journal.now()
	assert.Equal(t, "outbound", r.Direction)
	assert.Equal(t, "li", r.Agent)
	assert.Equal(t, "agent:wang", r.Called)
	assert.Equal(t, call.Transferred, r.Outcome)
	assert.Equal(t, "agent_hangup", r.EndCause)
	assert.NotEmpty(t, r.Recording)
	assert.True(t, wang.leg.gone() && wang.conn.Closed() && li.conn.Closed())
	assert.Zero(t, o.staff.reserved)
}

// What an agent's telephone is told when nobody comes on, and that an agent who gives
// up ends the ringing.
func TestAgentCallsInVain(t *testing.T) {
	for name, c := range map[string]struct {
		to      string
		err     error
		giveUp  bool
		told    []string
		outcome call.Outcome
	}{
		"busy number":      {to: "10086", err: refusal(486), told: []string{"180", "486"}, outcome: call.Busy},
		"busy agent":       {to: "agent:zhao", told: []string{"486"}},
		"no answer":        {to: "10086", told: []string{"180", "480"}, outcome: call.NoAnswer},
		"forbidden number": {to: "00900", told: []string{"403"}},
		"nothing to dial":  {to: "hello", told: []string{"404"}},
		"he gives up":      {to: "10086", giveUp: true, told: []string{"180"}, outcome: call.Cancelled},
	} {
		t.Run(name, func(t *testing.T) {
			var li *dialler
			o := inOffice(t, func(o *office) {
				o.staff.names = []string{"li"}
				o.dialer["10086"] = func(ctx context.Context, _ call.Target, _ func(int, []byte)) (call.Leg, error) {
					if c.err != nil {
						return answer(time.Second, nil, c.err)(ctx)
					}
					return answer(time.Hour, nil, nil)(ctx)
				}
				var over chan struct{}
				li, over = o.liCalls(c.to, func() { o.sockets <- pipe() })
				if c.giveUp {
					time.Sleep(3 * time.Second)
					li.leg.end(bye{})
				}
				<-over
			})
			assert.Equal(t, c.told, li.leg.all())
			assert.Equal(t, c.outcome, o.journal.now().Outcome)
			assert.Zero(t, o.staff.reserved)
			if c.outcome != "" {
				assert.True(t, li.conn.Closed())
			}
		})
	}
}

// What the network says before its answer reaches the agent who calls.
func TestAgentCallsAndHearsTheNetwork(t *testing.T) {
	var li *dialler
	o := inOffice(t, func(o *office) {
		o.staff.names = []string{"li"}
		var over chan struct{}
		li, over = o.liCalls("10086", func() {
			callee := o.phone("10086", 0)
			o.dialer["10086"] = func(ctx context.Context, _ call.Target, progress func(int, []byte)) (call.Leg, error) {
				progress(183, callee.sdp)
				time.Sleep(500 * time.Millisecond)
				callee.say(o.ctx, asksHours, 3*time.Second)
				time.Sleep(200 * time.Millisecond) // its sound is as long on the way
				return answer(0, nil, refusal(404))(ctx)
			}
		})
		<-over
	})
	assert.Equal(t, []string{"180", "183", "404"}, li.leg.all())
	assert.InDelta(t, 3*time.Second, heardTone(li.since(0), asksHours), near)
	assert.True(t, li.conn.Closed())
	assert.Equal(t, call.Failed, o.journal.now().Outcome)
}

// An agent who has a caller asks another one beside, and joins the two: they hear
// each other, he is free, and the call goes on in the caller's record. Telephones ask
// for it in either of their two calls.
func TestConsultation(t *testing.T) {
	for _, by := range []string{"the caller's call", "the other call"} {
		for _, maker := range []string{"the bot", "the agent"} {
			t.Run(by+", made by "+maker, func(t *testing.T) {
				var ref referral
				var customer *party
				var li, wang *telephone
				var beside *dialler
				o := inOffice(t, func(o *office) {
					o.staff.names = []string{"li"}
					var customerLeg *leg
					var first *transferLeg
					var over chan struct{}
					if maker == "the bot" {
						var d *dialler
						d, over = o.dials("13900001111", func() { li = o.phone("agent:li", time.Second); first = o.keyed(li, "agent:li") }, func(a call.Arrival) {
							a.OnKey = func(f func(byte)) {
								o.wg.Go(func() { time.Sleep(length(disclosure+greeting) + 300*time.Millisecond); f('0') })
							}
							o.manager.Serve(o.ctx, a)
						})
						customer, customerLeg = d.party, d.leg.leg
					} else {
						li = o.phone("agent:li", time.Second)
						c := o.phone("13900001111", time.Second)
						customer, customerLeg = c.party, c.leg
						first = o.keyed(li, "agent:li")
						id, err := o.manager.Place(o.ctx, call.Placement{To: "13900001111", From: "13900001111", AgentFirst: "li", Line: o.line})
						if err != nil {
							t.Error(err)
						}
						over = make(chan struct{})
						o.wg.Go(func() {
							defer close(over)
							o.until(func() bool {
								for _, l := range o.manager.Live() {
									if l.ID == id {
										return false
									}
								}
								return true
							})
						})
					}
					o.until(func() bool { return o.journal.count("bridge") == 1 })
					o.staff.mu.Lock()
					o.staff.names = []string{"wang"}
					o.staff.mu.Unlock()
					var consulted chan struct{}
					beside, consulted = o.liCalls("agent:wang", func() { wang = o.phone("agent:wang", time.Second) })
					o.until(func() bool { return o.journal.count("bridge") == 2 })
					time.Sleep(500 * time.Millisecond)
					beside.say(o.ctx, coughs, time.Second) // he asks
					assert.Len(t, o.manager.Live(), 2)
					mark := customer.now()
					if by == "the caller's call" {
						first.ask(call.TransferRequest{Referral: &ref, Target: call.Target{To: "agent:wang"}, Leg: beside.leg.ID()})
					} else {
						beside.ask(call.TransferRequest{Referral: &ref, Target: call.Target{To: "13900001111"}, Leg: li.leg.ID()})
					}
					o.until(func() bool { return o.journal.count("bridge") == 3 })
					time.Sleep(500 * time.Millisecond)
					assert.True(t, li.leg.gone() && beside.leg.gone(), "the agent's two legs are hung up")
					assert.Len(t, o.manager.Live(), 1, "it is one call now")
					o.staff.mu.Lock()
					assert.Equal(t, call.OfferTaken, o.staff.results["li"], "he is free")
					o.staff.mu.Unlock()
					wang.say(o.ctx, agentTalks, time.Second)
					customer.say(o.ctx, asksFare, time.Second)
					time.Sleep(time.Second)
					assert.InDelta(t, time.Second, heardTone(customer.since(mark), agentTalks), near, "%v", melody(customer.since(mark)))
					wang.leg.end(bye{})
					time.Sleep(time.Second)
					customerLeg.end(bye{})
					<-over
					<-consulted
				})
				assert.Equal(t, []string{"accept", "done 200"}, ref.all())
				assert.InDelta(t, time.Second, heardTone(wang.since(0), asksFare), near, "%v", melody(wang.since(0)))
				assert.InDelta(t, time.Second, heardTone(wang.since(0), coughs), near, "%v", melody(wang.since(0)))
				assert.Zero(t, heardTone(customer.since(0), coughs), "the caller does not hear what the agents say")
				assert.Zero(t, heardTone(beside.since(0), agentTalks))
				consultation, caller := o.journal.all["li"], o.journal.all["13900001111"]
				assert.Equal(t, "joined", consultation.EndCause)
				assert.Equal(t, call.Transferred, consultation.Outcome)
				assert.Equal(t, "li", consultation.Agent)
				assert.Equal(t, "wang", caller.Agent)
				assert.Greater(t, caller.EndedAt.Sub(consultation.EndedAt), 3*time.Second)
				said := map[string]string{}
				for _, turn := range o.journal.turns {
					if turn.Call == caller.ID {
						said[turn.Speaker] = turn.Text
					}
				}
				assert.Equal(t, "您好我是客服", said["agent"])
				assert.Equal(t, words[asksFare], said["caller"])
				assert.True(t, li.conn.Closed() && wang.conn.Closed() && beside.conn.Closed())
				assert.Zero(t, o.staff.reserved)
				assert.True(t, wang.leg.gone())
			})
		}
	}
}

// An agent who has called somebody by the console sends him on without asking first.
func TestAgentFirstTransfers(t *testing.T) {
	var li, wang, callee *telephone
	var ref referral
	o := inOffice(t, func(o *office) {
		o.staff.names = []string{"li", "wang"}
		li, callee, wang = o.phone("agent:li", time.Second), o.phone("13900001111", time.Second), o.phone("agent:wang", 3*time.Second)
		key := o.keyed(li, "agent:li")
		o.place(call.Placement{To: "13900001111", AgentFirst: "li"}, func(string) {
			o.until(func() bool { return o.journal.count("bridge") == 1 })
			mark := callee.now()
			key.ask(call.TransferRequest{Referral: &ref, Target: call.Target{To: "agent:wang"}})
			time.Sleep(500 * time.Millisecond)
			li.leg.end(bye{}) // as telephones do
			o.until(func() bool { return o.journal.count("bridge") == 2 })
			assert.Greater(t, heardTone(callee.since(mark), ringBack), 900*time.Millisecond)
			time.Sleep(500 * time.Millisecond)
			wang.say(o.ctx, agentTalks, time.Second)
			callee.say(o.ctx, asksFare, time.Second)
			time.Sleep(time.Second)
			wang.leg.end(bye{})
		})
	})
	assert.Equal(t, []string{"accept", "notify 180", "done 200"}, ref.all())
	assert.InDelta(t, time.Second, heardTone(callee.since(0), agentTalks), near)
	assert.InDelta(t, time.Second, heardTone(wang.since(0), asksFare), near)
	assert.Equal(t, "wang", o.journal.now().Agent)
	assert.Equal(t, "agent_hangup", o.journal.now().EndCause)
	assert.True(t, callee.leg.gone())
	assert.Zero(t, o.staff.reserved)
}
