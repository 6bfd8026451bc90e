package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"hotline/internal/assist"
	"hotline/internal/audit"
	"hotline/internal/call"
	"hotline/internal/event"
	"hotline/internal/store"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/prometheus/client_golang/prometheus"
)

const (
	maxStreams = 256
	heartbeat  = 15 * time.Second
	sendTime   = 10 * time.Second // a client that takes longer to read is dropped
)

// streams are the event streams in progress.
type streams struct {
	slots chan struct{}
	once  sync.Once
	over  chan struct{} // closed when the server stops
}

func (s *streams) end() { s.once.Do(func() { close(s.over) }) }

func (s *streams) gauge() prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "hotline_event_streams", Help: "Open event streams."},
		func() float64 { return float64(len(s.slots)) })
}

type eventsInput struct {
	Kinds []string `query:"kinds" maxItems:"32" doc:"only these, with commas; default all"`
}

func (s *Server) eventRoutes() {
	op := operation(http.MethodGet, "/events", "events", "What happens, live (server-sent events)", "live")
	op.Description = "Begins with a `hello` event. A line of comment every 15 s keeps proxies from closing it. A reader that falls " +
		"behind gets a `dropped` event, then the stream ends: read the state anew and connect again."
	op.Responses = streamed("text/event-stream", "events: call.started, call.updated, call.turn, call.event, call.ended, wish.added, wish.changed, agent.state, audit …")
	route(s, op, s.events)
}

func (s *Server) events(ctx context.Context, in *eventsInput) (*huma.StreamResponse, error) {
	select {
	case s.streams.slots <- struct{}{}:
	default:
		return nil, problem(http.StatusServiceUnavailable, "too_many_streams", "too many event streams are open")
	}
	i := who(ctx)
	return &huma.StreamResponse{Body: func(hctx huma.Context) {
		defer func() { <-s.streams.slots }()
		_, w := humago.Unwrap(hctx)
		kinds := make([]event.Kind, len(in.Kinds))
		for n, k := range in.Kinds {
			kinds[n] = event.Kind(k)
		}
		sub := s.cfg.Bus.Subscribe(kinds...)
		defer sub.Close()
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Accel-Buffering", "no") // nginx
		s.stream(ctx, i, sub, &sender{w: w, control: http.NewResponseController(w)})
	}}, nil
}

func (s *Server) stream(ctx context.Context, i *identity, sub *event.Subscription, out *sender) {
	out.send("hello", map[string]any{"version": s.cfg.Version, "at": time.Now().UTC()})
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	agents := map[string]string{} // by call, of those seen here
	for out.err == nil {
		select {
		case e, ok := <-sub.C():
			if !ok {
				out.send("dropped", map[string]string{"reason": "behind"})
				return
			}
			if !s.concerns(ctx, i, e, agents) {
				continue
			}
			if err := s.showed(ctx, e); err != nil {
				s.log.ErrorContext(ctx, "request_failed", "error", err)
				out.send("dropped", map[string]string{"reason": "error"})
				return
			}
			out.send(string(e.Kind), i.visible(e))
		case <-beat.C:
			// Who was signed out, or lost the right, must not go on listening.
			if err := i.renew(ctx); err != nil {
				out.send("dropped", map[string]string{"reason": "login"})
				return
			}
			out.comment()
		case <-s.streams.over:
			out.send("dropped", map[string]string{"reason": "stopping"})
			return
		case <-ctx.Done():
			return
		}
	}
}

// maxFollowed bounds the calls that a stream remembers the agents of.
const maxFollowed = 4096

// concerns tells whether an identity may learn of an event: of calls, those that it
// sees. Whom other events are for is the business of who publishes them.
func (s *Server) concerns(ctx context.Context, i *identity, e event.Event, agents map[string]string) bool {
	if d, ok := e.Data.(assist.ForAgent); ok {
		return i.agent != "" && i.agent == d.Recipient()
	}
	if t, ok := e.Data.(store.Ticket); ok {
		return s.ticketSight(i).Sees(t)
	}
	if _, ok := e.Data.(store.Review); ok && i.role == store.AgentRole {
		return s.mayReview(i)
	}
	if strings.HasPrefix(string(e.Kind), "alert.") && !manage.has(i.role) {
		return false
	}
	if !strings.HasPrefix(string(e.Kind), "call.") && !strings.HasPrefix(string(e.Kind), "alert.") || e.Call == "" {
		return true
	}
	if _, all := s.mayListen(i); all {
		return true
	}
	agent, known := agents[e.Call]
	switch d := e.Data.(type) {
	case call.Record:
		agent, known = d.Agent, true
	case *call.Record:
		agent, known = d.Agent, true
	}
	if !known {
		r, err := s.cfg.Store.Call(ctx, e.Call)
		if err != nil {
			return false
		}
		agent = r.Agent
	}
	if len(agents) > maxFollowed {
		clear(agents)
	}
	agents[e.Call] = agent
	if e.Kind == "call.ended" {
		delete(agents, e.Call)
	}
	return s.sees(i, e.Call, agent)
}

// showed has the audit trail say whose number an event shows.
func (s *Server) showed(ctx context.Context, e event.Event) error {
	switch d := e.Data.(type) {
	case call.Record:
		return s.saw(ctx, []string{d.ID})
	case *call.Record:
		return s.saw(ctx, []string{d.ID})
	case call.Wish:
		return s.saw(ctx, []string{d.ID})
	case store.Wish:
		return s.saw(ctx, []string{d.ID})
	case store.Ticket:
		return s.saw(ctx, []string{d.ID})
	case store.Review:
		return s.saw(ctx, []string{d.ID})
	default:
		return nil
	}
}

// visible is an event as this identity may see it.
func (i *identity) visible(e event.Event) event.Event {
	switch d := e.Data.(type) {
	case call.Record:
		e.Data = i.view(d, e.At)
	case *call.Record:
		e.Data = i.view(*d, e.At)
	case call.Wish:
		e.Data = i.viewWish(store.Wish{Wish: d})
	case store.Wish:
		e.Data = i.viewWish(d)
	case store.Ticket:
		e.Data = i.viewTicket(d)
	case store.Review:
		e.Data = i.viewReview(d)
	case call.Event:
		e.Data = i.viewMark(d)
	case audit.Entry:
		if i.role != store.Admin {
			e.Data = nil // that something happened is no secret, who did it is
		}
	}
	return e
}

// sender writes events in the format of the HTML standard, section 9.2.
type sender struct {
	w       http.ResponseWriter
	control *http.ResponseController
	n       int
	err     error
}

func (s *sender) send(kind string, data any) {
	b, err := json.Marshal(data)
	if err != nil {
		b = []byte("null") // something that cannot be shown must not end the stream
	}
	s.n++
	s.write(fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n\n", s.n, strings.ReplaceAll(kind, "\n", " "), b))
}

func (s *sender) comment() { s.write(":\n\n") }

func (s *sender) write(text string) {
	if s.err == nil {
		s.err = s.control.SetWriteDeadline(time.Now().Add(sendTime))
	}
	if s.err == nil {
		_, s.err = s.w.Write([]byte(text))
	}
	if s.err == nil {
		s.err = s.control.Flush()
	}
}
