package call

import (
	"cmp"
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"
)

// Route is what answers a number: a Line or an App.
type Route struct {
	Line *Line
	App  App
}

// Refuser is a Leg that can be refused with a status and a time to come back.
type Refuser interface {
	Reject(ctx context.Context, status int, reason string) error
}

// Manager admits calls, runs them, and ends them when the server stops.
type Manager struct {
	services Services
	route    func(called string) Route
	max      int
	placed   chan func(serving context.Context) // to Run
	closing  context.Context                    //nolint:containedctx // ends when the calls in progress must
	endAll   context.CancelFunc
	offers   seldom // session descriptions that could not be taken

	mu       sync.Mutex // guards the rest
	calls    map[string]*running
	draining bool
	refused  int64
	total    int64
}

type running struct {
	cancel  context.CancelCauseFunc
	line    string
	started time.Time
	room    *room           // nil on a test line
	over    context.Context //nolint:containedctx // ends with the call
	hidden  bool            // it has become a part of another call
}

// Live is a call in progress.
type Live struct {
	ID      string
	Line    string
	Started time.Time
}

// DefaultMaxCalls is how many calls a node takes when its settings do not say.
const DefaultMaxCalls = 500

// NewManager returns a Manager which finds what answers a number by route. maxCalls
// 0 means DefaultMaxCalls.
func NewManager(s Services, route func(called string) Route, maxCalls int) *Manager {
	if maxCalls == 0 {
		maxCalls = DefaultMaxCalls
	}
	m := &Manager{services: s, route: route, max: maxCalls, placed: make(chan func(context.Context)), calls: map[string]*running{}}
	m.closing, m.endAll = context.WithCancel(context.Background())
	m.services.losses = &losses{log: s.Log, closing: m.closing.Done()}
	return m
}

// Serve runs one inbound call and returns when it is over. A panic in it ends this
// call alone.
func (m *Manager) Serve(ctx context.Context, a Arrival) {
	id := ulid.Make().String()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	log := m.services.Log
	defer func() {
		if p := recover(); p != nil {
			log.Error("a call panicked", "call", id, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			m.refuse(ctx, a.Leg, 500, "Server Internal Error")
		}
	}()
	if a.Replaces != "" {
		m.replace(ctx, a)
		return
	}
	route := m.route(cmp.Or(a.Route, a.Called))
	if route.Line == nil && route.App == nil {
		m.refuse(ctx, a.Leg, 404, "Not Found")
		return
	}
	name, in := "test", (*room)(nil)
	if route.Line != nil {
		name, in = route.Line.Name, newRoom()
	}
	if !m.admit(id, &running{cancel: cancel, line: name, room: in, over: ctx}) {
		m.refuse(ctx, a.Leg, 503, "Service Unavailable")
		return
	}
	defer m.leave(id)
	if route.App != nil {
		m.report(id, m.app(ctx, cancel, id, a, route.App))
		return
	}
	m.report(id, m.run(ctx, id, a, route.Line, in))
}

func (m *Manager) run(ctx context.Context, id string, a Arrival, l *Line, in *room) error {
	c := &Call{ID: id, Party: a, Line: *l, Services: m.services, room: in, seats: m.seat, closing: m.closing}
	return c.Run(ctx)
}

func (m *Manager) refuse(ctx context.Context, l Leg, status int, reason string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWriteWait)
	defer cancel()
	var err error
	if r, ok := l.(Refuser); ok {
		err = r.Reject(ctx, status, reason)
	} else {
		err = l.Hangup(ctx)
	}
	if err != nil {
		m.services.Log.Warn("refusing a call", "status", status, "error", err)
	}
}

func (m *Manager) admit(id string, r *running) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.draining || len(m.calls) >= m.max {
		m.refused++
		return false
	}
	m.total++
	r.started = time.Now()
	m.calls[id] = r
	return true
}

func (m *Manager) leave(id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.calls, id)
}

// Hangup ends a call; false if there is none of that id.
func (m *Manager) Hangup(id string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.calls[id]
	if ok {
		c.cancel(ErrHungUp)
	}
	return ok
}

// Held tells whether one side of a call in progress keeps the other on hold.
func (m *Manager) Held(id string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.calls[id]
	return ok && c.room != nil && c.room.held.Load()
}

// Live lists the calls in progress.
func (m *Manager) Live() []Live {
	m.mu.Lock()
	defer m.mu.Unlock()
	live := make([]Live, 0, len(m.calls))
	for id, c := range m.calls {
		if c.hidden {
			continue
		}
		live = append(live, Live{ID: id, Line: c.line, Started: c.started})
	}
	return live
}

// Counts are the calls in progress, taken and refused since the start.
func (m *Manager) Counts() (live int, total, refused int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.calls), m.total, m.refused
}

// EntriesLost is how many entries of call records could not be written since the start.
func (m *Manager) EntriesLost() int64 { return m.services.losses.sum() }
