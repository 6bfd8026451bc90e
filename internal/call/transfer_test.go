package call_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"hotline/internal/call"
)

// referral is what a telephone is told about its transfer.
type referral struct {
	mu   sync.Mutex
	told []string
}

func (r *referral) note(format string, args ...any) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told = append(r.told, fmt.Sprintf(format, args...))
	return nil
}

func (r *referral) Accept() error                              { return r.note("accept") }
func (r *referral) Refuse(status int, _ string) error          { return r.note("refuse %d", status) }
func (r *referral) Notify(status int, _ string) error          { return r.note("notify %d", status) }
func (r *referral) Done(status int) error                      { return r.note("done %d", status) }
func (r *referral) all() []string                              { r.mu.Lock(); defer r.mu.Unlock(); return r.told }
func (l *transferLeg) OnTransfer(f func(call.TransferRequest)) { l.ask = f }

// transferLeg is the leg of a telephone with a transfer key.
type transferLeg struct {
	*leg

	ask func(call.TransferRequest)
}

// withKey gives an agent's telephone one.
func (s *stage) withKey(name string, a *agent) *transferLeg {
	l := &transferLeg{leg: a.leg}
	s.dialer[name] = answer(time.Second, l, nil)
	return l
}

// An agent sends the caller on to another: the caller hears it ring, then the other;
// the first is free at once, and the call comes back to the bot when the last leaves.
func TestAgentTransfers(t *testing.T) {
	var first, second *agent
	var ref referral
	var mark int
	s := perform(t, func(s *stage) {
		first = s.newAgent("li", time.Second)
		second = s.newAgent("wang", 3*time.Second)
		s.staff.names = []string{"li"} // the bot does not ring wang
	}, func(s *stage) {
		key := s.withKey("li", first)
		s.greeted()
		s.keys('0')
		s.until(func() bool { return s.journal.count("bridge") == 1 })
		s.staff.mu.Lock()
		s.staff.names = []string{"li", "wang"}
		s.staff.mu.Unlock()
		mark = s.caller.now()
		key.ask(call.TransferRequest{Referral: &ref, Target: call.Target{To: "agent:wang"}})
		s.until(func() bool { return s.journal.count("bridge") == 2 })
		s.until(first.leg.gone)
		s.staff.mu.Lock()
		assert.Equal(s.t, call.OfferTaken, s.staff.results["li"], "he is free while the caller still talks")
		s.staff.mu.Unlock()
		s.pause(500 * time.Millisecond)
		second.say(s.ctx, agentTalks, time.Second)
		s.caller.say(s.ctx, asksFare, time.Second)
		s.pause(time.Second)
		second.leg.end(bye{})
		<-s.over
	})
	heard := s.caller.since(mark)
	assert.Equal(t, []string{"accept", "done 200"}, ref.all())
	assert.Greater(t, heardTone(heard, ringBack), 900*time.Millisecond, "%v", melody(heard))
	assert.InDelta(t, time.Second, heardTone(heard, agentTalks), float64(150*time.Millisecond), "%v", melody(heard))
	assert.InDelta(t, time.Second, heardTone(second.since(0), asksFare), float64(150*time.Millisecond))
	assert.Zero(t, heardTone(first.since(0), agentTalks))
	assert.Equal(t, "wang", s.journal.record.Agent)
	assert.Equal(t, "bot_hangup", s.journal.record.EndCause, "the bot says goodbye")
	assert.True(t, first.conn.Closed() && second.conn.Closed())
}

// The one who transfers has hung up long before the other answers; the caller stays.
func TestAgentTransfersAndLeaves(t *testing.T) {
	var first, second *agent
	var ref referral
	s := perform(t, func(s *stage) {
		first = s.newAgent("li", time.Second)
		second = s.newAgent("10086", 5*time.Second)
		s.staff.names = []string{"li"}
	}, func(s *stage) {
		key := s.withKey("li", first)
		s.greeted()
		s.keys('0')
		s.until(func() bool { return s.journal.count("bridge") == 1 })
		key.ask(call.TransferRequest{Referral: &ref, Target: call.Target{To: "10086"}})
		s.pause(500 * time.Millisecond)
		first.leg.end(bye{})
		s.until(func() bool { return s.journal.count("bridge") == 2 })
		s.pause(500 * time.Millisecond)
		second.say(s.ctx, agentTalks, time.Second)
		s.pause(time.Second)
		second.leg.end(bye{})
		<-s.over
	})
	assert.InDelta(t, time.Second, heardTone(s.caller.since(0), agentTalks), float64(150*time.Millisecond))
	assert.Equal(t, "li", s.journal.record.Agent, "a number is no agent")
}

// A transfer that comes to nothing leaves caller and agent together.
func TestTransferFails(t *testing.T) {
	for name, c := range map[string]struct {
		to   string
		err  error
		told []string
	}{
		"busy":         {to: "10086", err: refusal(486), told: []string{"accept", "done 486"}},
		"lost":         {to: "10086", err: errors.New("no route"), told: []string{"accept", "done 500"}},
		"not allowed":  {to: "00900", told: []string{"refuse 403"}},
		"busy by desk": {to: "agent:wang", told: []string{"refuse 486"}},
	} {
		t.Run(name, func(t *testing.T) {
			var first *agent
			var ref referral
			s := perform(t, func(s *stage) {
				first = s.newAgent("li", time.Second)
				s.sockets <- pipe()
				s.dialer["10086"] = answer(2*time.Second, nil, c.err)
				s.call.Dialer = guarded{s.dialer}
			}, func(s *stage) {
				key := s.withKey("li", first)
				s.greeted()
				s.keys('0')
				s.until(func() bool { return s.journal.count("bridge") == 1 })
				key.ask(call.TransferRequest{Referral: &ref, Target: call.Target{To: c.to}})
				s.pause(4 * time.Second)
				first.say(s.ctx, agentTalks, time.Second)
				s.caller.say(s.ctx, asksFare, time.Second)
				s.pause(time.Second)
				first.leg.end(bye{})
				<-s.over
			})
			assert.Equal(t, c.told, ref.all())
			assert.InDelta(t, time.Second, heardTone(s.caller.since(0), agentTalks), float64(150*time.Millisecond))
			assert.InDelta(t, time.Second, heardTone(first.since(0), asksFare), float64(150*time.Millisecond))
		})
	}
}

// guarded is an exchange with a rule.
type guarded struct{ exchange }

func (guarded) Check(_ context.Context, t call.Target) error {
	if t.To == "00900" && t.Who == "agent:li" {
		return &call.RefusedError{Why: call.RefusedPolicy, Err: errors.New("dear")}
	}
	return nil
}

func (guarded) Local(context.Context, call.Target) netip.Addr { return netip.Addr{} }

// heir is an inbound leg that takes another one's place.
type heir struct {
	*leg

	old *leg
}

func (h *heir) TakeOver(ctx context.Context, sdp []byte) error {
	err := h.Answer(ctx, sdp)
	h.old.end(errReplaced)
	return err
}

var errReplaced = errors.New("replaced")

// Another telephone takes the place of one that talks, on either side: what is
// spoken reaches it, and the call ends with it, not with the one that it replaced.
func TestReplaces(t *testing.T) {
	for _, side := range []string{"caller", "agent"} {
		t.Run(side, func(t *testing.T) {
			var agent, callee, other *telephone
			o := inOffice(t, func(o *office) {
				o.staff.names = []string{"li"}
				agent, callee = o.phone("agent:li", time.Second), o.phone("13900001111", time.Second)
				o.place(call.Placement{To: "13900001111", AgentFirst: "li"}, func(string) {
					o.until(func() bool { return o.journal.count("bridge") == 1 })
					old, peer := callee, agent
					if side == "agent" {
						old, peer = agent, callee
					}
					other = o.successor(old)
					l := &heir{leg: other.leg, old: old.leg}
					served := make(chan struct{})
					o.wg.Go(func() {
						defer close(served)
						o.manager.Serve(o.ctx, call.Arrival{Leg: l, Called: "8000", Replaces: old.leg.ID()})
					})
					time.Sleep(time.Second)
					assert.Len(t, o.manager.Live(), 1, "the call goes on")
					assert.Equal(t, 2, o.journal.count("bridge"), "the timeline says so")
					peer.say(o.ctx, agentTalks, time.Second)
					other.say(o.ctx, asksFare, time.Second)
					time.Sleep(time.Second)
					assert.InDelta(t, time.Second, heardTone(other.since(0), agentTalks), float64(150*time.Millisecond), "%v", melody(other.since(0)))
					assert.InDelta(t, time.Second, heardTone(peer.since(0), asksFare), float64(150*time.Millisecond), "%v", melody(peer.since(0)))
					other.leg.end(bye{})
					<-served
				})
			})
			assert.Equal(t, map[string]string{"caller": "caller_hangup", "agent": "agent_hangup"}[side], o.journal.now().EndCause)
		})
	}
}

// successor is another telephone on the wire of one that is being replaced.
func (o *office) successor(old *telephone) *telephone {
	p := &telephone{conn: old.conn}
	p.party, p.sdp = old.party, old.sdp
	p.leg = newLeg("leg-heir", old.sdp)
	return p
}

// Who names a leg that is not there is told so.
func TestReplacesNobody(t *testing.T) {
	inOffice(t, func(o *office) {
		l := newLeg("x", nil)
		o.manager.Serve(o.ctx, call.Arrival{Leg: l, Called: "8000", Replaces: "gone"})
		assert.True(t, l.gone())
	})
}
