package call

import (
	"slices"
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

// A room is who is in a call and who hears whom: rows of a bridge. It makes the
// bridge when a second one enters.
type room struct {
	held  atomic.Bool // a far end keeps the other on hold
	notes chan Event  // for the call's timeline

	answered  atomic.Bool   // by whom it is about
	calledOff chan struct{} // closed by off
	off       sync.Once

	mu      sync.Mutex // guards the rest
	bridge  *media.Bridge
	members []*member
	seats   []*seat
	apart   bool         // the caller and the others do not hear each other
	orders  chan<- order // to the agent's side; nil while nobody talks to the caller

	supervisors []*supervisor
	takes       chan take // to converse, while the caller is the bot's
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

func newRoom() *room {
	return &room{notes: make(chan Event, 16), takes: make(chan take), calledOff: make(chan struct{})}
}

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
		if m.session != s {
			continue
		}
		if m.role != as { // a supervisor who has taken the call over
			m.role, m.mode = as, mode
			r.alone(m)
			r.connect()
		}
		return func() { r.leave(m) }
	}
	n := &member{role: as, mode: mode, session: s}
	r.alone(n)
	r.members = append(r.members, n)
	r.connect()
	return func() { r.leave(n) }
}

// alone has whoever else has m's role leave, unless several can. It needs r.mu.
func (r *room) alone(n *member) {
	if n.role != roleSupervisor {
		for _, m := range slices.Clone(r.members) {
			if m != n && m.role == n.role {
				r.remove(m)
			}
		}
	}
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
		return to.role == roleAgent
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
