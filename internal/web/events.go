package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

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
	route(s, look, op, s.events)
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
	for out.err == nil {
		select {
		case e, ok := <-sub.C():
			if !ok {
				out.send("dropped", map[string]string{"reason": "behind"})
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
