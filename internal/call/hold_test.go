package call_test

import (
	"context"
	"errors"
	"net/netip"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/call"
	"hotline/internal/event"
	"hotline/media/mediatest"
	"hotline/media/sdp"
	"hotline/media/wav"
)

// redirect is the caller's re-INVITE with a direction of his stream.
func (s *stage) redirect(d sdp.Direction, old bool) {
	addr := s.caller.conn.Addr()
	l := sdp.Local{Addr: addr.Addr(), Port: int(addr.Port()), Direction: d, Codecs: []sdp.Codec{sdp.PCMA}}
	if old { // RFC 2543
		l.Addr = netip.IPv4Unspecified()
	}
	_, err := s.update(sdp.Offer(l))
	require.NoError(s.t, err)
}

// held puts the stage's update handler in place.
func held(s *stage) {
	a := s.call.Party.(call.Arrival)
	a.OnUpdate = func(f func([]byte) ([]byte, error)) { s.update = f }
	s.call.Party = a
}

// Hold stops the bot in mid-sentence and lets it go on from there; neither the
// music nor the silence meanwhile is taken for the caller's, however long it lasts.
func TestHold(t *testing.T) {
	for name, c := range map[string]struct {
		direction sdp.Direction
		old       bool
		music     bool
	}{
		"with music":        {direction: sdp.SendOnly, music: true},
		"without music":     {direction: sdp.SendOnly},
		"nothing both ways": {direction: sdp.Inactive},
		"to no address":     {direction: sdp.SendRecv, old: true},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after int
			s := perform(t, func(s *stage) {
				held(s)
				s.call.Audio.Silence = 3 * time.Second // no packets for so long
				s.call.Line.MaxDuration = time.Minute
			}, func(s *stage) {
				s.greeted()
				s.say(asksHours)
				s.pause(1500 * time.Millisecond)
				s.redirect(c.direction, c.old)
				s.pause(200 * time.Millisecond)
				before = s.caller.now()
				assert.True(s.t, s.journal.now().Held)
				if !c.music {
					s.conn.Impair(mediatest.Impairment{Loss: 1})
				}
				for range 30 {
					if c.music {
						s.caller.say(s.ctx, asksFare, 3*time.Second)
					} else {
						s.pause(3 * time.Second)
					}
				}
				s.conn.Impair(mediatest.Impairment{})
				after = s.caller.now()
				s.redirect(sdp.SendRecv, false)
				s.pause(length(hours) + 3*time.Second)
				assert.False(s.t, s.journal.now().Held)
			})
			heard := s.caller.since(0)
			assert.Zero(t, heardFor(heard[before:after], hours), "nothing is said into the hold")
			assert.InDelta(t, length(hours), heardFor(heard, hours), float64(250*time.Millisecond), "all of it is heard: %v", melody(heard))
			assert.Zero(t, heardFor(heard, fare), "music is no question")
			assert.Zero(t, s.journal.count("silence"))
			assert.Zero(t, s.journal.count("barge_in"))
			assert.Equal(t, 2, s.journal.count("hold"), "%v", s.journal.events)
			var states []any
			for _, e := range s.journal.events {
				if e.Kind == "hold" {
					states = append(states, e.Data["state"])
				}
			}
			assert.Equal(t, []any{"hold", "resume"}, states)
			assert.Equal(t, "caller_hangup", s.journal.record.EndCause)
			said := s.journal.bot()[1]
			assert.InDelta(t, length(hours).Milliseconds()+90_000, said.EndMS-said.StartMS, 500, "its end is where the recording has it")
			assert.Empty(t, said.Heard)
		})
	}
}

// After a hold the silence counts anew, and so does the caller's voice.
func TestAfterAHold(t *testing.T) {
	s := perform(t, held, func(s *stage) {
		s.greeted()
		s.redirect(sdp.Inactive, false)
		s.pause(5 * time.Minute)
		s.redirect(sdp.SendRecv, false)
		s.pause(time.Second)
		s.say(asksHours)
		s.pause(length(hours) + 2*time.Second)
		<-s.over // "is there anything else?", and goodbye
	})
	assert.InDelta(t, length(hours), heardFor(s.caller.since(0), hours), float64(100*time.Millisecond))
	assert.Equal(t, 2, s.journal.count("silence"))
	assert.Equal(t, "bot_hangup", s.journal.record.EndCause)
}

// A caller who never comes back is let go at last.
func TestHeldForEver(t *testing.T) {
	s := perform(t, func(s *stage) {
		held(s)
		s.call.Line.MaxHold = 10 * time.Minute
	}, func(s *stage) {
		s.greeted()
		s.redirect(sdp.Inactive, false)
		s.pause(9 * time.Minute)
		select {
		case <-s.over:
			s.t.Error("a hold hangs up")
		default:
		}
		<-s.over
	})
	assert.Equal(t, "held_too_long", s.journal.record.EndCause)
}

// An agent's phone holds and resumes: the caller is not hung up, and it is marked.
func TestAgentHolds(t *testing.T) {
	var a *agent
	s := perform(t, func(s *stage) {
		a = s.newAgent("li", time.Second)
		l := &updatingLeg{leg: a.leg}
		s.dialer["li"] = answer(time.Second, l, nil)
		a.update = func(offer []byte) ([]byte, error) { return l.update(offer) }
	}, func(s *stage) {
		s.greeted()
		s.keys('0')
		s.until(func() bool { return s.journal.count("bridge") == 1 })
		addr := a.party.conn.Addr()
		l := sdp.Local{Addr: addr.Addr(), Port: int(addr.Port()), Direction: sdp.SendOnly, Codecs: []sdp.Codec{sdp.PCMA}}
		_, err := a.update(sdp.Offer(l))
		require.NoError(s.t, err)
		s.pause(2 * time.Minute)
		l.Direction = sdp.SendRecv
		_, err = a.update(sdp.Offer(l))
		require.NoError(s.t, err)
		s.pause(time.Second)
		a.say(s.ctx, agentTalks, time.Second)
		s.caller.say(s.ctx, asksFare, time.Second)
		s.pause(time.Second)
		a.leg.end(bye{})
		<-s.over
	})
	assert.InDelta(t, time.Second, heardTone(s.caller.since(0), agentTalks), float64(150*time.Millisecond))
	assert.InDelta(t, time.Second, heardTone(a.since(0), asksFare), float64(150*time.Millisecond))
	assert.Equal(t, 2, s.journal.count("hold"))
}

// updatingLeg is a leg that was dialled and whose far end sends re-INVITEs.
type updatingLeg struct {
	*leg

	update func([]byte) ([]byte, error)
}

func (l *updatingLeg) OnUpdate(f func([]byte) ([]byte, error)) { l.update = f }

// earlyLeg is an inbound leg that can ring and take early media.
type earlyLeg struct {
	*leg

	mu     sync.Mutex
	said   []string
	refuse bool
	at     []time.Time
	take   func(offer []byte) []byte // of a caller who has offered nothing: his answer, in the PRACK
	taken  []byte
	caller sdp.Local
}

func (l *earlyLeg) Offer() []byte {
	if l.take != nil {
		return l.taken
	}
	return l.leg.Offer()
}

func (l *earlyLeg) note(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.said, l.at = append(l.said, what), append(l.at, time.Now())
}

func (l *earlyLeg) Ring(context.Context) error { l.note("180"); return nil }

func (l *earlyLeg) Progress(_ context.Context, status int, description []byte) error {
	if l.refuse {
		return errors.New("no 100rel")
	}
	assert.ObjectsAreEqual(183, status)
	if len(description) > 0 {
		l.note("183")
		if l.take != nil {
			l.taken = l.take(description)
		}
	}
	return nil
}

func (l *earlyLeg) Answer(ctx context.Context, s []byte) error {
	l.note("200")
	if l.take != nil && l.taken == nil {
		answer, _, err := sdp.Answer(s, l.caller)
		if err != nil {
			return err
		}
		l.taken = answer // in the ACK
	}
	return l.leg.Answer(ctx, s)
}

// early makes the stage's leg one.
func early(s *stage, a call.Answering, refuse bool) *earlyLeg {
	l := &earlyLeg{leg: s.leg, refuse: refuse}
	p := s.call.Party.(call.Arrival)
	p.Leg = l
	s.call.Party, s.call.Line.Answer = p, a
	return l
}

// A line that lets it ring answers after that.
func TestRingsFirst(t *testing.T) {
	var l *earlyLeg
	perform(t, func(s *stage) { l = early(s, call.Answering{Ring: 3 * time.Second}, false) }, func(s *stage) {
		s.pause(4 * time.Second)
	})
	assert.Equal(t, []string{"180", "200"}, l.said)
	assert.InDelta(t, 3, l.at[1].Sub(l.at[0]).Seconds(), 0.05)
}

// The disclosure is heard before the answer, once, and is not in the recording,
// which begins with the answer. A network that takes no early media hears it after.
func TestDisclosureAsEarlyMedia(t *testing.T) {
	for name, c := range map[string]struct{ refuse, delayed, unanswered, after bool }{
		"taken":                        {},
		"not taken":                    {refuse: true, after: true},
		"our offer is taken":           {delayed: true},
		"our offer cannot go early":    {delayed: true, refuse: true, after: true},
		"our offer is answered at 200": {delayed: true, unanswered: true, after: true},
	} {
		t.Run(name, func(t *testing.T) {
			var l *earlyLeg
			dir := t.TempDir()
			refuse := c.refuse
			s := perform(t, func(s *stage) {
				l = early(s, call.Answering{Early: disclosure}, refuse)
				if addr := s.caller.conn.Addr(); c.delayed {
					l.caller = sdp.Local{Addr: addr.Addr(), Port: int(addr.Port()), Codecs: []sdp.Codec{sdp.PCMA}}
					l.take = func(offer []byte) []byte {
						if c.unanswered {
							return nil
						}
						answer, _, err := sdp.Answer(offer, l.caller)
						assert.NoError(t, err)
						return answer
					}
				}
				s.call.Recordings = &call.Recordings{Dir: dir}
			}, func(s *stage) {
				s.pause(length(disclosure+greeting) + 500*time.Millisecond)
				s.say(asksHours)
				s.pause(length(hours) + 2*time.Second)
			})
			heard := s.caller.since(0)
			assert.InDelta(t, length(disclosure), heardFor(heard, disclosure), float64(100*time.Millisecond), "%v", melody(heard))
			assert.InDelta(t, length(greeting), heardFor(heard, greeting), float64(100*time.Millisecond))
			assert.InDelta(t, length(hours), heardFor(heard, hours), float64(100*time.Millisecond))
			r := s.journal.record
			a, err := wav.ReadFile(filepath.Join(dir, r.Recording))
			require.NoError(t, err)
			assert.InDelta(t, r.EndedAt.Sub(r.AnsweredAt).Seconds(), float64(len(a.Channels[0]))/rate, 0.1)
			if c.after {
				assert.Equal(t, "200", l.said[len(l.said)-1])
				assert.Equal(t, c.unanswered, l.said[0] == "183")
				assert.InDelta(t, length(disclosure), heardFor(a.Channels[1], disclosure), float64(100*time.Millisecond))
				return
			}
			assert.Equal(t, []string{"183", "200"}, l.said)
			assert.InDelta(t, length(disclosure).Seconds(), l.at[1].Sub(l.at[0]).Seconds(), 0.2)
			assert.Zero(t, heardFor(a.Channels[1], disclosure))
		})
	}
}

// A caller who gives up during the early media is on record as that, and nothing
// is left behind.
func TestGivesUpDuringEarlyMedia(t *testing.T) {
	var l *earlyLeg
	s := perform(t, func(s *stage) { l = early(s, call.Answering{Ring: time.Second, Early: disclosure}, false) }, func(s *stage) {
		s.pause(1500 * time.Millisecond)
	})
	assert.Equal(t, []string{"180", "183"}, l.said)
	assert.Equal(t, call.Abandoned, s.journal.record.Outcome)
	assert.True(t, s.journal.record.AnsweredAt.IsZero())
}

// A disk that is full ends the recording, tells the operator, and keeps the call;
// what was recorded before plays.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	limitFiles(t, 64<<10) // 2 s of sound
	bus := &event.Bus{}
	sub := bus.Subscribe("recording.failed")
	var r *call.Recordings
	s := perform(t, func(s *stage) {
		r = &call.Recordings{Dir: dir}
		s.call.Recordings, s.call.Bus = r, bus
	}, func(s *stage) {
		s.greeted()
		s.say(asksHours)
		s.pause(length(hours) + 2*time.Second)
		assert.NotZero(s.t, r.Trouble().Since, "the operator is told while the call goes on")
	})
	assert.InDelta(t, length(hours), heardFor(s.caller.since(0), hours), float64(100*time.Millisecond), "the call goes on")
	assert.Equal(t, call.Resolved, s.journal.record.Outcome)
	assert.Equal(t, 1, s.journal.count("error"))
	assert.Len(t, sub.C(), 1)
	assert.True(t, r.Trouble().Full)
	assert.Equal(t, 1, r.Trouble().Calls)
	a, err := wav.ReadFile(filepath.Join(dir, s.journal.record.Recording))
	require.NoError(t, err)
	assert.Greater(t, len(a.Channels[0]), rate, "what was recorded plays")
}

// A disk without room is not written to; the call goes on without a recording, and
// the trouble is over with the next one that is whole.
func TestNoRoomForARecording(t *testing.T) {
	r := &call.Recordings{Dir: t.TempDir(), MinFree: 1 << 62}
	s := perform(t, func(s *stage) { s.call.Recordings = r }, func(s *stage) { s.greeted() })
	assert.Empty(t, s.journal.record.Recording)
	assert.Equal(t, 1, s.journal.count("error"))
	assert.True(t, r.Trouble().Full)
	r.MinFree = 1
	s = perform(t, func(s *stage) { s.call.Recordings = r }, func(s *stage) { s.greeted() })
	assert.NotEmpty(t, s.journal.record.Recording)
	assert.Zero(t, r.Trouble().Since)
}

// limitFiles lets no file of this process grow larger, as a full disk would.
func limitFiles(t *testing.T, size uint64) {
	t.Helper()
	var was syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was))
	signal.Ignore(syscall.SIGXFSZ)
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: size, Max: was.Max}))
	t.Cleanup(func() {
		require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was))
		signal.Reset(syscall.SIGXFSZ)
	})
}
