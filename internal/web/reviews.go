package web

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"hotline/internal/call"
	"hotline/internal/store"
)

// ReviewWords are what callers are told where nobody writes something else.
type ReviewWords struct {
	Approved string `json:"approved,omitempty"`
	Refused  string `json:"refused,omitempty"`
}

func (i *identity) viewReview(r store.Review) store.Review {
	if !i.seesNumbers() {
		r.Number = mask(r.Number)
	}
	return r
}

// mayReview tells whether an identity decides: supervisors, and agents whom the owner
// has named.
func (s *Server) mayReview(i *identity) bool {
	return manage.has(i.role) || i.role == store.AgentRole && i.agent != "" && s.cfg.Reviewers != nil && slices.Contains(s.cfg.Reviewers(), i.agent)
}

type reviewsInput struct {
	State  string `query:"state" enum:"open,approved,refused"`
	Kind   string `query:"kind" maxLength:"64"`
	Call   string `query:"call" maxLength:"64"`
	Number string `query:"number" maxLength:"128"`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50"`
	Cursor string `query:"cursor" maxLength:"512"`
}

type reviewList struct {
	Body struct {
		Items      []store.Review `json:"items"`
		NextCursor string         `json:"next_cursor"`
		Counts     map[string]int `json:"counts"`
		MayDecide  bool           `json:"may_decide"`
		Words      ReviewWords    `json:"words" doc:"what callers are told by default"`
	}
}

// ReviewDetail is a review with what was said and looked up in the call.
type ReviewDetail struct {
	store.Review

	Turns    []call.TurnRecord `json:"turns"`
	Timeline []call.Event      `json:"timeline"`
	History  []store.Note      `json:"history"`
}

type reviewOutput struct{ Body ReviewDetail }

type decideInput struct {
	IDInput

	Body struct {
		Version int    `json:"version" minimum:"1"`
		Amount  string `json:"amount,omitempty" maxLength:"64" doc:"instead of the proposed one"`
		Text    string `json:"text,omitempty" maxLength:"500" doc:"what the caller is told"`
		Reason  string `json:"reason,omitempty" maxLength:"500" doc:"for colleagues; a refusal needs one"`
		By      string `json:"by" enum:"sms,callback,none"`
	}
}

type decided struct{ Body store.Review }

func (s *Server) reviewRoutes() {
	route(s, operation(http.MethodGet, "/reviews", "list-reviews", "Decisions that flows have prepared", "reviews"), s.listReviews)
	route(s, operation(http.MethodGet, "/reviews/{id}", "get-review", "A prepared decision with its evidence", "reviews"), s.getReview)
	for verb, approve := range map[string]bool{"approve": true, "refuse": false} {
		op := operation(http.MethodPost, "/reviews/{id}/"+verb, verb+"-review", "Decide; the caller is told a little later", "reviews")
		op.Errors = []int{http.StatusConflict, http.StatusUnprocessableEntity}
		route(s, op, func(ctx context.Context, in *decideInput) (*decided, error) { return s.decideReview(ctx, in, approve) })
	}
	undo := operation(http.MethodPost, "/reviews/{id}/undo", "undo-review", "Take a decision back that the caller has not been told of", "reviews")
	undo.Errors = []int{http.StatusConflict}
	route(s, undo, s.undoReview)
}

func (s *Server) listReviews(ctx context.Context, in *reviewsInput) (*reviewList, error) {
	i := who(ctx)
	out := &reviewList{}
	out.Body.Items, out.Body.Counts, out.Body.MayDecide, out.Body.Words = []store.Review{}, map[string]int{}, s.mayReview(i), s.cfg.ReviewWords()
	if i.role == store.AgentRole && !out.Body.MayDecide {
		return nil, problem(http.StatusForbidden, "not_reviewer", "agents see reviews whom the owner has named under reviews.agents")
	}
	page, err := s.cfg.Store.Reviews(ctx, store.ReviewFilter{State: in.State, Kind: in.Kind, Call: in.Call, Number: in.Number, Limit: in.Limit, Cursor: in.Cursor})
	if err != nil {
		return nil, err
	}
	out.Body.NextCursor = page.Next
	var seen []string
	for _, r := range page.Items {
		out.Body.Items = append(out.Body.Items, i.viewReview(r))
		seen = append(seen, r.ID)
	}
	if out.Body.Counts, err = s.cfg.Store.CountReviews(ctx); err != nil {
		return nil, err
	}
	return out, s.saw(ctx, seen)
}

func (s *Server) review(ctx context.Context, id string) (store.Review, error) {
	if i := who(ctx); i.role == store.AgentRole && !s.mayReview(i) {
		return store.Review{}, problem(http.StatusForbidden, "not_reviewer", "agents see reviews whom the owner has named under reviews.agents")
	}
	return s.cfg.Store.Review(ctx, id)
}

func (s *Server) getReview(ctx context.Context, in *IDInput) (*reviewOutput, error) {
	r, err := s.review(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &reviewOutput{ReviewDetail{Review: who(ctx).viewReview(r), Turns: []call.TurnRecord{}, Timeline: []call.Event{}}}
	history, err := s.cfg.Store.ReviewNotes(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	out.Body.History = list(history)
	if r.Call == "" {
		return out, nil
	}
	turns, err := s.cfg.Store.Turns(ctx, r.Call)
	if err != nil {
		return nil, err
	}
	events, err := s.cfg.Store.Events(ctx, r.Call)
	if err != nil {
		return nil, err
	}
	out.Body.Turns, out.Body.Timeline = list(turns), list(events)
	return out, nil
}

func (s *Server) decideReview(ctx context.Context, in *decideInput, approve bool) (*decided, error) {
	if s.cfg.Tickets == nil {
		return nil, errNoTickets
	}
	i := who(ctx)
	if !s.mayReview(i) {
		return nil, problem(http.StatusForbidden, "not_reviewer", "agents decide whom the owner has named under reviews.agents")
	}
	r, err := s.review(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if r.Version != in.Body.Version {
		return nil, ticketProblem(store.ErrStale)
	}
	b := in.Body
	if !approve && strings.TrimSpace(b.Reason) == "" {
		return nil, problem(http.StatusUnprocessableEntity, "no_reason", "say why it is refused")
	}
	r, err = s.cfg.Tickets.Decide(ctx, r, approve, store.Decision{Amount: b.Amount, Text: b.Text, Reason: b.Reason, By: b.By}, i.name)
	if err != nil {
		return nil, ticketProblem(err)
	}
	return &decided{i.viewReview(r)}, nil
}

func (s *Server) undoReview(ctx context.Context, in *IDInput) (*decided, error) {
	if s.cfg.Tickets == nil {
		return nil, errNoTickets
	}
	i := who(ctx)
	if !s.mayReview(i) {
		return nil, problem(http.StatusForbidden, "not_reviewer", "agents decide whom the owner has named under reviews.agents")
	}
	r, err := s.review(ctx, in.ID)
	if err == nil {
		r, err = s.cfg.Tickets.Undo(ctx, r, i.name)
	}
	if err != nil {
		return nil, ticketProblem(err)
	}
	return &decided{i.viewReview(r)}, nil
}
