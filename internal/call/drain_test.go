package call_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/call"
)

const closing = "系统马上要维护，请过几分钟再打来，再见。"

// managed has the stage's call run by a Manager.
func managed(s *stage) *call.Manager {
	s.call.Line.Closing = closing
	m := call.NewManager(s.call.Services, func(string) call.Route { return call.Route{Line: &s.call.Line} }, 1)
	s.run = func(ctx context.Context) error {
		m.Serve(ctx, s.call.Party.(call.Arrival))
		return nil
	}
	return m
}

// Calls go on while the server drains; then each caller is told that his call ends,
// whatever the bot was saying, and is hung up with a reason.
func TestDrain(t *testing.T) {
	for name, play := range map[string]func(s *stage){
		"the bot waits":  func(s *stage) { s.pause(length(hours) + time.Second) },
		"the bot speaks": func(s *stage) { s.pause(time.Second) },
		"a key is pressed": func(s *stage) {
			s.pause(length(hours) + time.Second)
			s.keys('1')
		},
	} {
		t.Run(name, func(t *testing.T) {
			var m *call.Manager
			var mark int
			s := perform(t, func(s *stage) { m = managed(s) }, func(s *stage) {
				s.greeted()
				m.Drain()
				s.say(asksHours)
				play(s)
				mark = s.caller.now()
				m.EndAll()
				s.say(asksFare) // nobody listens any more
				<-s.over
			})
			all := s.caller.since(0)
			assert.Greater(t, heardFor(all[:mark], hours), 300*time.Millisecond, "calls go on while the server drains: %v", melody(all))
			rest := melody(all[mark:])
			assert.InDelta(t, length(closing), heardFor(all[mark:], closing), float64(150*time.Millisecond), "%v", rest)
			assert.Zero(t, heardFor(all[mark:], fare))
			r := s.journal.record
			assert.Equal(t, "shutdown", r.EndCause)
			assert.Contains(t, s.leg.why(), "SIP;cause=503")
			assert.Equal(t, closing, s.journal.bot()[len(s.journal.bot())-1].Text)
		})
	}
}

func TestDrainTakesNoCalls(t *testing.T) {
	refused := make(chan int, 1)
	s := perform(t, func(s *stage) {
		m := managed(s)
		m.Drain()
		require.True(t, m.Draining())
		a := s.call.Party.(call.Arrival)
		s.run = func(ctx context.Context) error {
			// The stage looks at what a call leaves; here there is none.
			m.Serve(ctx, call.Arrival{Leg: &refuser{leg: newLeg("leg-2", nil), status: refused}, Called: "8000"})
			_, err := m.Place(ctx, call.Placement{To: "sip:13800001111@192.0.2.9", Line: &s.call.Line})
			var no *call.RefusedError
			if assert.ErrorAs(t, err, &no) {
				assert.Equal(t, call.RefusedDraining, no.Why)
			}
			s.call.Party = a
			return s.call.Run(ctx)
		}
	}, func(s *stage) { s.pause(time.Second) })
	assert.Equal(t, 503, <-refused)
	require.Equal(t, "caller_hangup", s.journal.record.EndCause)
}

// refuser is a leg that can be refused.
type refuser struct {
	*leg
	status chan int
}

func (r *refuser) Reject(_ context.Context, status int, _ string) error {
	r.status <- status
	return nil
}

// A caller who talks to an agent is told too; the agent's leg ends.
func TestDrainDuringAHandover(t *testing.T) {
	var m *call.Manager
	var a *agent
	var mark int
	s := perform(t, func(s *stage) {
		m = managed(s)
		a = s.newAgent("li", time.Second)
	}, func(s *stage) {
		s.greeted()
		s.say(asksPerson)
		s.until(func() bool { return s.journal.count("bridge") == 1 })
		mark = s.caller.now()
		m.EndAll()
		<-s.over
	})
	assert.InDelta(t, length(closing), heardFor(s.caller.since(mark), closing), float64(150*time.Millisecond), "%v", melody(s.caller.since(mark)))
	assert.True(t, a.leg.gone())
	assert.True(t, a.conn.Closed())
	assert.Equal(t, "shutdown", s.journal.record.EndCause)
}

// A voice that fails does not keep the server from stopping, and neither does a
// caller who holds the line.
func TestDrainWithoutAVoice(t *testing.T) {
	s := perform(t, func(s *stage) {
		m := managed(s)
		s.call.Line.Speak = tones{broken: func(text string) error {
			if text == closing {
				m.EndAll() // once more does nothing
				return errHungUp
			}
			return nil
		}}
		time.AfterFunc(8*time.Second, m.EndAll)
	}, func(s *stage) { <-s.over })
	assert.Equal(t, "shutdown", s.journal.record.EndCause)
}

// The numbers for tests end at once.
func TestDrainEndsTestLines(t *testing.T) {
	var m *call.Manager
	var ours *leg
	s := perform(t, func(st *stage) {
		ours = st.leg
		m = call.NewManager(st.call.Services, func(string) call.Route { return call.Route{App: call.Echo} }, 1)
		a := st.call.Party.(call.Arrival)
		st.run = func(ctx context.Context) error {
			m.Serve(ctx, a)
			return nil
		}
	}, func(st *stage) {
		st.pause(time.Second)
		m.EndAll()
		<-st.over
	})
	assert.Contains(t, ours.why(), "SIP;cause=503")
	r := s.journal.record
	assert.Equal(t, call.TestLine, r.Line)
	assert.Equal(t, "shutdown", r.EndCause)
	assert.Equal(t, call.Resolved, r.Outcome)
	assert.Positive(t, r.Media.Sent)
}
