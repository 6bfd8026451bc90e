package web

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"hotline/internal/call"
	"hotline/internal/store"
)

func (s *Server) ready() (ok bool, reasons []string) {
	ok, reasons = true, []string{}
	if s.cfg.Ready != nil {
		var why []string
		ok, why = s.cfg.Ready.Ready()
		reasons = append(reasons, why...)
	}
	return ok, reasons
}

// readyz is 200 while calls can be taken, else 503 with the reasons.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	ok, reasons := s.ready()
	if err := s.cfg.Store.Ping(r.Context()); err != nil {
		s.log.ErrorContext(r.Context(), "database_does_not_answer", "error", err)
		ok, reasons = false, append(reasons, "the database does not answer")
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	text := "ready"
	if !ok {
		w.WriteHeader(http.StatusServiceUnavailable)
		text = "not ready: " + strings.Join(reasons, "; ")
	}
	_, _ = w.Write([]byte(text + "\n"))
}

// Figures are a stretch of time in numbers.
type Figures struct {
	Calls       int                  `json:"calls"`
	Outcomes    map[call.Outcome]int `json:"outcomes"`
	Hours       []int                `json:"hours" doc:"calls that began in each hour"`
	Turns       int                  `json:"turns" doc:"answers of the bot whose response time was measured"`
	ResponseP50 int64                `json:"response_p50_ms"`
	ResponseP95 int64                `json:"response_p95_ms"`
}

func figures(f store.Figures) Figures {
	return Figures{f.Calls, f.Outcomes, f.Hours, f.Turns, f.ResponseP50, f.ResponseP95}
}

type figuresInput struct {
	Since time.Time `query:"since" format:"date-time" doc:"the start of today where the reader is; default UTC's"`
}

type figuresOutput struct {
	Body struct {
		Today     Figures `json:"today"`
		Yesterday Figures `json:"yesterday" doc:"up to the same time of day"`
		// HoursYesterday is the whole of it, to compare the rest of today with.
		HoursYesterday []int `json:"hours_yesterday"`
		Live           int   `json:"live" doc:"calls in progress"`
		OpenWishes     int   `json:"open_wishes"`
	}
}

type agentsOutput struct {
	Body struct {
		Items []Agent `json:"items"`
	}
}

type linesOutput struct {
	Body struct {
		Items []Line `json:"items"`
	}
}

type trunksOutput struct {
	Body struct {
		Items []Trunk `json:"items"`
	}
}

type systemOutput struct{ Body SystemState }

func (s *Server) systemRoutes() {
	route(s, operation(http.MethodGet, "/figures", "figures", "Today beside yesterday", "live"), s.figures)
	route(s, operation(http.MethodGet, "/agents", "list-agents", "Agents and their state", "live"),
		func(ctx context.Context, _ *struct{}) (*agentsOutput, error) {
			out := &agentsOutput{}
			out.Body.Items = []Agent{}
			if s.cfg.Agents == nil {
				return out, nil
			}
			agents, err := s.cfg.Agents.Agents(ctx)
			for _, a := range s.agentsOf(agents) {
				a.Skills, a.Languages, a.Calls = list(a.Skills), list(a.Languages), list(a.Calls)
				out.Body.Items = append(out.Body.Items, a)
			}
			return out, err
		})
	route(s, operation(http.MethodGet, "/lines", "list-lines", "Lines of the business", "system"),
		func(ctx context.Context, _ *struct{}) (*linesOutput, error) {
			out := &linesOutput{}
			out.Body.Items = []Line{}
			if s.cfg.Lines == nil {
				return out, nil
			}
			lines, err := s.cfg.Lines.Lines(ctx)
			for _, l := range lines {
				l.Numbers = list(l.Numbers)
				out.Body.Items = append(out.Body.Items, l)
			}
			return out, err
		})
	route(s, operation(http.MethodGet, "/trunks", "list-trunks", "Carriers and how they do", "system"),
		func(ctx context.Context, _ *struct{}) (*trunksOutput, error) {
			out := &trunksOutput{}
			out.Body.Items = []Trunk{}
			if s.cfg.Trunks == nil {
				return out, nil
			}
			trunks, err := s.cfg.Trunks.Trunks(ctx)
			out.Body.Items = append(out.Body.Items, trunks...)
			return out, err
		})
	route(s, operation(http.MethodGet, "/system", "system", "How the server does, and what to install", "system"), s.system)
}

func (s *Server) figures(ctx context.Context, in *figuresInput) (*figuresOutput, error) {
	now := time.Now()
	since := in.Since
	if since.IsZero() || since.After(now) || now.Sub(since) > 48*time.Hour {
		since = now.UTC().Truncate(24 * time.Hour)
	}
	const day = 24 * time.Hour
	out := &figuresOutput{}
	today, err := s.cfg.Store.Figures(ctx, since, now)
	if err != nil {
		return nil, err
	}
	before, err := s.cfg.Store.Figures(ctx, since.Add(-day), now.Add(-day))
	if err != nil {
		return nil, err
	}
	whole, err := s.cfg.Store.Figures(ctx, since.Add(-day), since)
	if err != nil {
		return nil, err
	}
	out.Body.Today, out.Body.Yesterday, out.Body.HoursYesterday = figures(today), figures(before), whole.Hours
	if out.Body.OpenWishes, err = s.cfg.Store.OpenWishes(ctx); err != nil {
		return nil, err
	}
	out.Body.Live, err = s.cfg.Store.LiveCalls(ctx)
	return out, err
}

func (s *Server) system(ctx context.Context, _ *struct{}) (*systemOutput, error) {
	var state SystemState
	if s.cfg.System != nil {
		var err error
		if state, err = s.cfg.System.System(ctx); err != nil {
			return nil, err
		}
	}
	state.Version = cmp.Or(state.Version, s.cfg.Version)
	if state.StartedAt.IsZero() {
		state.StartedAt = s.started.UTC()
	}
	state.Ready, state.Reasons = s.ready()
	state.Workers, state.Models = list(state.Workers), list(state.Models)
	state.Endpoints, state.Advice = list(state.Endpoints), list(state.Advice)
	for i := range state.Models {
		m := &state.Models[i]
		m.Languages, m.Used = list(m.Languages), list(m.Used)
	}
	return &systemOutput{state}, nil
}

// list is a copy that is never null in JSON.
func list[T any](l []T) []T { return append([]T{}, l...) }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
