package web

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"hotline/internal/call"
	"hotline/internal/event"
	"hotline/internal/store"
)

// Disposition is what an agent says became of a call.
type Disposition struct {
	Code  string `json:"code"`
	Title string `json:"title,omitempty" doc:"the business's own wording; without it the console has one"`
}

// Workplace is what an agent's desk needs to know.
type Workplace struct {
	Agent        Agent         `json:"agent"`
	Dispositions []Disposition `json:"dispositions"`
	Skills       []string      `json:"skills" doc:"that callers can be sent on to"`
}

type workplaceOutput struct{ Body Workplace }

type wrapUpInput struct {
	IDInput

	Body struct {
		Code    string `json:"code" maxLength:"64" doc:"one of the desk's dispositions, or none"`
		Note    string `json:"note,omitempty" maxLength:"4000"`
		Seconds int    `json:"seconds,omitempty" minimum:"0" doc:"how long it took to write: the time that the page for it was open"`
	}
}

// mostWriting is the longest that writing a wrap-up counts for: a page that was left open
// is no work.
const mostWriting = time.Hour

// kindWrapUp is in a call's timeline what the agent wrote down of it; the last one
// counts.
const kindWrapUp = "wrap_up"

func (s *Server) workplaceRoutes() {
	phone := operation(http.MethodPost, "/desk/phone", "desk-phone", "A password by which this session's page registers as the agent's telephone", "desk")
	phone.Errors = []int{http.StatusForbidden, http.StatusConflict, http.StatusNotImplemented}
	route(s, phone, s.phone)
	place := operation(http.MethodGet, "/desk", "desk", "Who one is among the agents, and what can be said of a call", "desk")
	place.Errors = []int{http.StatusConflict, http.StatusNotImplemented}
	route(s, place, s.workplace)
	wrap := operation(http.MethodPut, "/calls/{id}/wrap-up", "wrap-up-call", "Say what became of a call: its agent, or a supervisor", "desk")
	wrap.Errors = []int{http.StatusNotFound, http.StatusUnprocessableEntity}
	route(s, wrap, s.wrapUp)
}

func (s *Server) workplace(ctx context.Context, _ *struct{}) (*workplaceOutput, error) {
	a, err := s.agentOf(ctx, who(ctx))
	if err != nil {
		return nil, err
	}
	out := &workplaceOutput{Workplace{Agent: a, Dispositions: list(s.dispositions()), Skills: []string{}}}
	all, err := s.cfg.Agents.Agents(ctx)
	if err != nil {
		return nil, err
	}
	for _, other := range all {
		out.Body.Skills = append(out.Body.Skills, other.Skills...)
	}
	slices.Sort(out.Body.Skills)
	out.Body.Skills = slices.Compact(out.Body.Skills)
	return out, nil
}

// spoke tells whether an agent has had the caller of a call.
func (s *Server) spoke(ctx context.Context, id, agent string) (bool, error) {
	events, err := s.cfg.Store.Events(ctx, id)
	return agent != "" && slices.ContainsFunc(events, func(e call.Event) bool {
		return e.Kind == call.KindBridge && e.Data["agent"] == agent
	}), err
}

// served is a call that the identity behind ctx sees, or whose caller it has had: who
// has handed him on has something to write down too.
func (s *Server) served(ctx context.Context, id string) (call.Record, error) {
	i := who(ctx)
	r, err := s.cfg.Store.Call(ctx, id)
	if err != nil || s.sees(i, r.ID, r.Agent) {
		return r, err
	}
	had, err := s.spoke(ctx, r.ID, i.agent)
	if err == nil && (i.role != store.AgentRole || !had) {
		err = store.ErrNotFound
	}
	return r, err
}

func (s *Server) dispositions() []Disposition {
	if s.cfg.Dispositions == nil {
		return nil
	}
	return s.cfg.Dispositions()
}

func (s *Server) wrapUp(ctx context.Context, in *wrapUpInput) (*struct{}, error) {
	i := who(ctx)
	r, err := s.served(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if in.Body.Code != "" && !slices.ContainsFunc(s.dispositions(), func(d Disposition) bool { return d.Code == in.Body.Code }) {
		return nil, problem(http.StatusUnprocessableEntity, "no_such_disposition", "there is no disposition "+in.Body.Code)
	}
	text := store.WrapUpText{Code: in.Body.Code, Note: strings.TrimSpace(in.Body.Note)}
	took := min(time.Duration(in.Body.Seconds)*time.Second, time.Since(r.StartedAt), mostWriting)
	if _, err := s.cfg.Store.SaveWrapUp(ctx, in.ID, i.agent, text, took); err != nil {
		return nil, err
	}
	e := call.Event{Kind: kindWrapUp, MS: time.Since(r.StartedAt).Milliseconds(), Data: map[string]any{
		"agent": i.agent, "code": in.Body.Code, "note": text.Note,
	}}
	if !r.AnsweredAt.IsZero() {
		e.MS = time.Since(r.AnsweredAt).Milliseconds()
	}
	if err := s.cfg.Store.AddEvents(ctx, in.ID, []call.Event{e}); err != nil {
		return nil, err
	}
	s.cfg.Bus.Publish(event.Event{Kind: "call.event", At: time.Now(), Call: in.ID, Data: e})
	note(ctx, "call", in.ID)
	return nil, nil
}
