package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"hotline/internal/call"
	"hotline/internal/event"
	"hotline/internal/quality"
	"hotline/internal/store"
)

// Assessment is a quality review in a list, with what is known of its call.
type Assessment struct {
	quality.Assessment

	StartedAt  time.Time    `json:"started_at"`
	DurationMS int64        `json:"duration_ms"`
	Outcome    call.Outcome `json:"outcome"`
}

type assessmentsInput struct {
	Subject string `query:"subject" maxLength:"64" doc:"an agent, or bot"`
	State   string `query:"state" enum:"open,reviewed,replied"`
	Week    string `query:"week" maxLength:"8" doc:"2026-W47"`
	Call    string `query:"call" maxLength:"64"`
	Limit   int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Cursor  string `query:"cursor" maxLength:"256"`
}

type assessmentsOutput struct {
	Body struct {
		Items      []Assessment           `json:"items" doc:"the newest first"`
		NextCursor string                 `json:"next_cursor,omitempty"`
		Subjects   []store.SubjectQuality `json:"subjects" doc:"what the filter chooses, summed up for each agent and the bot"`
		ThisWeek   string                 `json:"this_week"`
		LastWeek   string                 `json:"last_week"`
	}
}

type assessmentOutput struct{ Body Assessment }

type pickInput struct {
	Body struct {
		Call string `json:"call" minLength:"1" maxLength:"64"`
	}
}

type drawInput struct {
	Body struct {
		Week string `json:"week" minLength:"8" maxLength:"8" doc:"2026-W47; a week that is not over can be drawn from as well"`
	}
}

type drawOutput struct {
	Body struct {
		Drawn int `json:"drawn" doc:"calls that came into the sample"`
	}
}

type assessInput struct {
	IDInput

	Body struct {
		quality.Verdict

		Version int `json:"version" minimum:"1" doc:"that was read"`
	}
}

type replyInput struct {
	IDInput

	Body struct {
		quality.AgentReply

		Version int `json:"version" minimum:"1" doc:"that was read"`
	}
}

func (s *Server) qualityRoutes() {
	route(s, operation(http.MethodGet, "/quality", "list-assessments", "Quality reviews, and how each agent and the bot did", "quality"), s.listAssessments)
	route(s, operation(http.MethodGet, "/quality/{id}", "get-assessment", "A quality review with its sheet", "quality"), s.getAssessment)
	route(s, operation(http.MethodPost, "/quality", "pick-assessment", "Have a call reviewed; the review that it has already is returned", "quality"), s.pickAssessment)
	route(s, operation(http.MethodPost, "/quality/sample", "draw-assessments", "Draw the sample of a week, as far as it is not drawn yet", "quality"), s.drawAssessments)
	review := operation(http.MethodPut, "/quality/{id}/review", "review-assessment", "Give points and comments", "quality")
	review.Errors = []int{http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity}
	route(s, review, s.reviewAssessment)
	reply := operation(http.MethodPut, "/quality/{id}/reply", "reply-assessment", "What the agent says to the review of his call", "quality")
	reply.Errors = []int{http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity}
	route(s, reply, s.replyAssessment)
}

var errNoQuality = problem(http.StatusNotImplemented, "no_quality", "this server reviews no calls")

// qualityRefused tells the client why nothing was kept.
func qualityRefused(err error) error {
	if errors.Is(err, store.ErrStale) {
		return problem(http.StatusConflict, "stale", "somebody has changed the review meanwhile, read it again")
	}
	for code, known := range map[string]error{
		"no_sheet": quality.ErrNoSheet, "not_over": quality.ErrNotOver, "bad_item": quality.ErrItem, "empty": quality.ErrEmpty,
		"not_reviewed": quality.ErrNoReview, "bad_week": quality.ErrWeek,
	} {
		if errors.Is(err, known) {
			return problem(http.StatusUnprocessableEntity, code, err.Error())
		}
	}
	return err
}

// subjects are those whose reviews an identity sees; nil: everybody's.
func (s *Server) subjects(i *identity) []string {
	agents, all := s.mayListen(i)
	if all {
		return nil
	}
	out := []string{}
	for _, a := range agents {
		switch {
		case a != "":
			out = append(out, a)
		case i.role != store.AgentRole:
			out = append(out, quality.Bot)
		}
	}
	return out
}

func (s *Server) listAssessments(ctx context.Context, in *assessmentsInput) (*assessmentsOutput, error) {
	i := who(ctx)
	f := store.AssessmentFilter{Subjects: s.subjects(i), Week: in.Week, Call: in.Call, Limit: in.Limit, Cursor: in.Cursor}
	if in.Subject != "" {
		if f.Subjects != nil && !slices.Contains(f.Subjects, in.Subject) {
			f.Subjects = []string{}
		} else {
			f.Subjects = []string{in.Subject}
		}
	}
	switch {
	case in.State != "":
		f.States = []string{in.State}
	case i.role == store.AgentRole:
		f.States = []string{quality.Reviewed, quality.Replied}
	}
	if i.role == store.AgentRole && in.State == quality.Waiting {
		f.States = []string{} // what is not judged yet is not the agent's to see
	}
	page, err := s.cfg.Store.Assessments(ctx, f)
	if err != nil {
		return nil, err
	}
	out := &assessmentsOutput{}
	out.Body.Items, out.Body.NextCursor = []Assessment{}, page.Next
	for _, a := range page.Items {
		seen, err := s.assessment(ctx, a)
		if err != nil {
			return nil, err
		}
		seen.Judged, seen.Review, seen.Reply = nil, nil, nil
		out.Body.Items = append(out.Body.Items, seen)
	}
	sums, err := s.cfg.Store.QualityBySubject(ctx, f)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	out.Body.Subjects, out.Body.ThisWeek, out.Body.LastWeek = list(sums), quality.Week(now), quality.Week(now.AddDate(0, 0, -7))
	return out, nil
}

// assessment adds what is known of the call.
func (s *Server) assessment(ctx context.Context, a quality.Assessment) (Assessment, error) {
	r, err := s.cfg.Store.Call(ctx, a.Call)
	if err != nil {
		return Assessment{}, err
	}
	out := Assessment{Assessment: a, StartedAt: r.StartedAt, Outcome: r.Outcome}
	if !r.AnsweredAt.IsZero() && !r.EndedAt.IsZero() {
		out.DurationMS = r.EndedAt.Sub(r.AnsweredAt).Milliseconds()
	}
	return out, nil
}

// seenAssessment is the one with this id, if the identity behind ctx sees it.
func (s *Server) seenAssessment(ctx context.Context, id string) (quality.Assessment, error) {
	if s.cfg.Quality == nil {
		return quality.Assessment{}, errNoQuality
	}
	a, err := s.cfg.Store.Assessment(ctx, id)
	if err != nil {
		return a, err
	}
	i := who(ctx)
	if of := s.subjects(i); of != nil && !slices.Contains(of, a.Subject) || i.role == store.AgentRole && a.State == quality.Waiting {
		return quality.Assessment{}, store.ErrNotFound
	}
	return a, nil
}

func (s *Server) getAssessment(ctx context.Context, in *IDInput) (*assessmentOutput, error) {
	a, err := s.seenAssessment(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out, err := s.assessment(ctx, a)
	return &assessmentOutput{out}, err
}

func (s *Server) shown(ctx context.Context, a quality.Assessment, err error) (*assessmentOutput, error) {
	if err != nil {
		return nil, qualityRefused(err)
	}
	out, err := s.assessment(ctx, a)
	note(ctx, "call", a.Call)
	return &assessmentOutput{out}, err
}

func (s *Server) pickAssessment(ctx context.Context, in *pickInput) (*assessmentOutput, error) {
	if s.cfg.Quality == nil {
		return nil, errNoQuality
	}
	if _, err := s.call(ctx, in.Body.Call); err != nil {
		return nil, err
	}
	a, err := s.cfg.Quality.Pick(ctx, in.Body.Call)
	return s.shown(ctx, a, err)
}

func (s *Server) drawAssessments(ctx context.Context, in *drawInput) (*drawOutput, error) {
	if s.cfg.Quality == nil {
		return nil, errNoQuality
	}
	n, err := s.cfg.Quality.Draw(ctx, in.Body.Week)
	if err != nil {
		return nil, qualityRefused(err)
	}
	note(ctx, "week", in.Body.Week)
	out := &drawOutput{}
	out.Body.Drawn = n
	return out, nil
}

func (s *Server) reviewAssessment(ctx context.Context, in *assessInput) (*assessmentOutput, error) {
	a, err := s.seenAssessment(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if i := who(ctx); i.agent != "" && i.agent == a.Subject && i.role != store.Admin {
		return nil, problem(http.StatusForbidden, "own_call", "nobody reviews a call of his own")
	}
	a, err = s.cfg.Quality.Judge(ctx, in.ID, in.Body.Version, who(ctx).name, in.Body.Verdict)
	if err == nil { // whose call it was is told, and he may reply
		s.cfg.Bus.Publish(event.Event{Kind: "call.reviewed", At: time.Now(), Call: a.Call, Data: map[string]any{"id": a.ID, "subject": a.Subject}})
	}
	return s.shown(ctx, a, err)
}

func (s *Server) replyAssessment(ctx context.Context, in *replyInput) (*assessmentOutput, error) {
	a, err := s.seenAssessment(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if who(ctx).agent != a.Subject {
		return nil, problem(http.StatusForbidden, "not_yours", "an agent replies to reviews of his own calls")
	}
	a, err = s.cfg.Quality.Answer(ctx, in.ID, in.Body.Version, in.Body.AgentReply)
	if err == nil {
		s.cfg.Bus.Publish(event.Event{Kind: "call.replied", At: time.Now(), Call: a.Call, Data: map[string]any{"id": a.ID, "subject": a.Subject}})
	}
	return s.shown(ctx, a, err)
}
