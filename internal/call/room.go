package call

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"hotline/media"
)

// role is who somebody in a call is.
type role uint8

const (
	roleCaller role = iota
	roleAgent
	roleGuest // whom the agent asks for advice, or who is in conference
	roleSupervisor
)

// Mode is how a supervisor takes part in a call.
type Mode string

// The modes.
const (
	Listen  Mode = "listen"  // hears all, is heard by nobody
	Whisper Mode = "whisper" // is heard by the agent only
	Barge   Mode = "barge"   // is heard by all
)

// ParseMode reads a Mode.
func ParseMode(text string) (Mode, bool) {
	m := Mode(text)
	return m, slices.Contains([]Mode{Listen, Whisper, Barge}, m)
}

// A room is who is in a call and who hears whom: rows of a bridge. It makes the
// bridge when a second one enters.
type room struct {
	held  atomic.Bool // a far end keeps the other on hold
	notes chan Event  // for the call's timeline

	mu      sync.Mutex // guards the rest
	bridge  *media.Bridge
	members []*member
	seats   []*seat
	apart   bool         // the caller and the others do not hear each other
	orders  chan<- order // to the agent's side; nil while nobody talks to the caller
}

// separate keeps the caller and the others from hearing each other, or ends that.
func (r *room) separate(apart bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.apart != apart {
		r.apart = apart
		r.connect()
	}
}

// takeOrders makes known who does what is wanted with the call, until stop.
func (r *room) takeOrders(orders chan<- order) (stop func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.orders = orders
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.orders == orders {
			r.orders = nil
		}
	}
}

// place makes a seat known, for a leg that takes it. remove may be repeated.
func (r *room) place(s *seat) (remove func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s.in = r
	r.seats = append(r.seats, s)
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.seats = slices.DeleteFunc(r.seats, func(o *seat) bool { return o == s })
	}
}

// find is the seat that a leg holds; nil if none does.
func (r *room) find(leg string) *seat {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.seats {
		if s.current().ID() == leg {
			return s
		}
	}
	return nil
}

// member is one session in a room.
type member struct {
	role    role
	mode    Mode // of a supervisor
	session *media.Session
	port    *media.Port
}

func newRoom() *room { return &room{notes: make(chan Event, 16)} }

// note has the call write something into its timeline. It does not block.
func (r *room) note(data map[string]any) {
	select {
	case r.notes <- Event{Kind: KindBridge, Data: data}:
	default: // more than sixteen supervisors at once
	}
}

// enter brings a session in; who is in already in that role with another session
// leaves. leave may be repeated.
func (r *room) enter(as role, s *media.Session) (leave func()) { return r.join(as, Barge, s) }

func (r *room) join(as role, mode Mode, s *media.Session) (leave func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.members {
		if m.session == s {
			return func() { r.leave(m) }
		}
	}
	if as != roleSupervisor {
		for _, m := range slices.Clone(r.members) {
			if m.role == as {
				r.remove(m)
			}
		}
	}
	n := &member{role: as, mode: mode, session: s}
	r.members = append(r.members, n)
	r.connect()
	return func() { r.leave(n) }
}

func (r *room) leave(m *member) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.remove(m)
}

// remove needs r.mu.
func (r *room) remove(m *member) {
	if m.port != nil {
		m.port.Leave()
	}
	r.members = slices.DeleteFunc(r.members, func(o *member) bool { return o == m })
}

// connect opens and shuts who hears whom. It needs r.mu.
func (r *room) connect() {
	if len(r.members) < 2 {
		return
	}
	if r.bridge == nil {
		r.bridge = media.NewBridge(telephoneRate)
	}
	for _, m := range r.members {
		if m.port == nil {
			m.port = r.bridge.JoinSilent(m.session)
		}
	}
	for _, from := range r.members {
		for _, to := range r.members {
			if from == to {
				continue
			}
			r.bridge.SetGain(from.port, to.port, gain(from.hearsTo(to) && !r.parts(from, to)))
			// What the bot says to the caller is heard by who listens in.
			r.bridge.SetOwnGain(from.port, to.port, gain(from.role == roleCaller && to.role == roleSupervisor))
		}
	}
}

// parts tells whether two are kept apart. It needs r.mu.
func (r *room) parts(a, b *member) bool {
	return r.apart && a.role != roleSupervisor && b.role != roleSupervisor && (a.role == roleCaller) != (b.role == roleCaller)
}

// hearsTo tells whether to hears m.
func (m *member) hearsTo(to *member) bool {
	switch {
	case m.role != roleSupervisor:
		return true
	case m.mode == Barge:
		return true
	case m.mode == Whisper:
		return to.role == roleAgent || to.role == roleGuest
	default:
		return false
	}
}

func gain(open bool) float64 {
	if open {
		return 1
	}
	return 0
}

// Errors of Join.
var (
	ErrNoCall = errors.New("no call of this id is in progress")
	ErrMode   = errors.New("a supervisor takes part as listen, whisper or barge")
)

// Join rings a supervisor and lets him take part in a call. It returns once he has
// answered; he stays until he or the call leaves, in Run.
func (m *Manager) Join(ctx context.Context, id string, t Target, mode Mode) error {
	if _, ok := ParseMode(string(mode)); !ok {
		return ErrMode
	}
	m.mu.Lock()
	c, ok := m.calls[id]
	m.mu.Unlock()
	if !ok || c.room == nil {
		return ErrNoCall
	}
	result := make(chan error, 1)
	job := func(serving context.Context) {
		ctx, cancel := context.WithCancelCause(serving)
		defer cancel(nil)
		defer context.AfterFunc(c.over, func() { cancel(errHandoverOver) })() //nolint:contextcheck // that of the call
		defer m.caught(id)
		err := m.listenIn(ctx, cancel, c.room, t, mode, result)
		if err != nil && ctx.Err() == nil {
			m.services.Log.Warn("a supervisor's leg", "call", id, "error", err)
		}
	}
	select {
	case m.placed <- job:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case err := <-result:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// listenIn is the supervisor's leg, top to bottom.
func (m *Manager) listenIn(ctx context.Context, cancel context.CancelCauseFunc, r *room, t Target, mode Mode, answered chan<- error) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel(nil)
	d := dialing{
		audio: m.services.Audio, dialer: m.services.Dialer, target: t, ring: ringAgent,
		start: func(s *media.Session) {
			wg.Go(func() {
				if err := guard(func() error { return s.Run(ctx) }); err != nil {
					cancel(err)
				}
			})
		},
	}
	meet, l, err := d.run(ctx)
	if l != nil {
		defer func() {
			last, stop := context.WithTimeout(context.WithoutCancel(ctx), lastWriteWait)
			defer stop()
			if err := l.Hangup(last); err != nil {
				m.services.Log.Warn("hanging up a supervisor's leg", "error", err)
			}
		}()
		defer follow(l, cancel)()
	}
	if err != nil {
		answered <- fmt.Errorf("ringing the supervisor: %w", err)
		return nil
	}
	if meet.onUpdate != nil {
		meet.onUpdate(func(offer []byte) ([]byte, error) {
			answer, _, err := meet.sound.refresh(meet.session, offer)
			return answer, err
		})
	}
	defer r.join(roleSupervisor, mode, meet.session)()
	note := func(state string) {
		r.note(map[string]any{
			"supervisor": strings.TrimPrefix(t.To, "agent:"), "mode": string(mode), "state": state, "codec": meet.session.Media().Codec.Name,
		})
	}
	note("joined")
	defer note("left")
	answered <- nil
	<-ctx.Done()
	return nil
}
