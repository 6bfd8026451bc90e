package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"hotline/internal/assist"
	"hotline/internal/call"
	"hotline/internal/event"
	"hotline/internal/store"

	"github.com/oklog/ulid/v2"
)

// An Assistant helps agents while they talk and when they write down what was said.
type Assistant interface {
	// View is what an agent was told in the call that he has now.
	View(id, agent string) (assist.Help, bool)
	// Draft writes a wrap-up of a call's sentences.
	Draft(ctx context.Context, id string) (assist.Written, error)
	// Blocked is the word for which a text may not be sent.
	Blocked(line, text string) (word string, blocked bool)
}

type assistOutput struct{ Body assist.Help }

// WrapUp is what one has for a call.
type WrapUp struct {
	Draft   *store.Draft      `json:"draft,omitempty" doc:"what the machine has written; absent where there was nothing to write"`
	Working *store.WrapUpText `json:"working,omitempty" doc:"typed and not saved"`
	Saved   *store.WrapUpText `json:"saved,omitempty"`
	How     string            `json:"how,omitempty" enum:"accepted,edited,alone" doc:"once it is saved"`
	Seconds int               `json:"seconds,omitempty"`
}

type wrapUpOutput struct{ Body WrapUp }

type keepInput struct {
	IDInput

	Body struct {
		Code string `json:"code,omitempty" maxLength:"64"`
		Note string `json:"note" maxLength:"4000" doc:"with no code and no note it is forgotten"`
	}
}

// OpenWrapUp is one that was begun and not saved.
type OpenWrapUp struct {
	Call      string    `json:"call"`
	Number    string    `json:"number"`
	StartedAt time.Time `json:"started_at"`
	Code      string    `json:"code,omitempty"`
	Note      string    `json:"note"`
	ChangedAt time.Time `json:"changed_at"`
}

type openWrapUps struct {
	Body struct {
		Items []OpenWrapUp `json:"items" doc:"of the last week, the latest first"`
	}
}

type wrapUpFiguresInput struct {
	From time.Time `query:"from" format:"date-time" doc:"saved at or after; default 30 days ago"`
	To   time.Time `query:"to" format:"date-time" doc:"saved before; default now"`
}

type wrapUpFiguresOutput struct{ Body store.WrapUpFigures }

type smsInput struct {
	IDInput

	Body struct {
		Text string `json:"text" minLength:"1" maxLength:"500"`
	}
}

type smsOutput struct{ Body Wish }

const (
	openFor  = 7 * 24 * time.Hour // an unsaved wrap-up is shown for so long
	mostOpen = 20
	mostSMS  = 10 // of one call, by agents
)

func (s *Server) assistRoutes() {
	help := operation(http.MethodGet, "/calls/{id}/assist", "call-assist", "What is suggested in a call, to the agent who has it; the events assist.suggested and assist.warned go on from here", "desk")
	help.Errors = []int{http.StatusNotFound}
	route(s, help, s.callAssist)
	wrap := operation(http.MethodGet, "/calls/{id}/wrap-up", "get-wrap-up", "One's own wrap-up of a call: drafted, typed, saved", "desk")
	wrap.Errors = []int{http.StatusNotFound}
	route(s, wrap, s.getWrapUp)
	keep := operation(http.MethodPut, "/calls/{id}/wrap-up/working", "keep-wrap-up", "Keep what is typed of a wrap-up and not saved yet", "desk")
	keep.Errors = []int{http.StatusNotFound}
	route(s, keep, s.keepWrapUp)
	route(s, operation(http.MethodGet, "/wrap-ups/open", "list-wrap-ups", "One's own wrap-ups that are not saved", "desk"), s.listWrapUps)
	route(s, operation(http.MethodGet, "/wrap-ups/figures", "wrap-up-figures", "How long wrap-ups take with and without a draft, and what drafts have saved", "desk"), s.wrapUpFigures)
	customer := operation(http.MethodGet, "/calls/{id}/customer", "call-customer", "Who the other side of a call is", "desk")
	customer.Errors = []int{http.StatusNotFound}
	route(s, customer, s.callCustomer)
	sms := operation(http.MethodPost, "/calls/{id}/sms", "send-sms", "Send a short message to the other side of a call", "desk")
	sms.Errors = []int{http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity}
	sms.DefaultStatus = http.StatusCreated
	route(s, sms, s.sendSMS)
}

func (s *Server) callAssist(ctx context.Context, in *IDInput) (*assistOutput, error) {
	if s.cfg.Assist != nil {
		if v, ok := s.cfg.Assist.View(in.ID, who(ctx).agent); ok {
			return &assistOutput{v}, nil
		}
	}
	return nil, store.ErrNotFound
}

func (s *Server) getWrapUp(ctx context.Context, in *IDInput) (*wrapUpOutput, error) {
	if _, err := s.served(ctx, in.ID); err != nil {
		return nil, err
	}
	agent := who(ctx).agent
	w, err := s.cfg.Store.WrapUp(ctx, in.ID, agent)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	if w.Draft == nil && w.Saved == nil && s.cfg.Assist != nil {
		// Nobody has drafted it yet: the call has only just ended, or the server was
		// started anew meanwhile.
		d, err := s.cfg.Assist.Draft(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		if err := s.cfg.Store.KeepDraft(ctx, in.ID, agent, d.Draft); err != nil {
			return nil, err
		}
		w.Draft = &d.Draft
	}
	if w.Draft != nil && w.Draft.Summary == "" && w.Draft.Ticket == nil {
		w.Draft = nil
	}
	return &wrapUpOutput{WrapUp{Draft: w.Draft, Working: w.Working, Saved: w.Saved, How: w.How, Seconds: w.Seconds}}, nil
}

func (s *Server) keepWrapUp(ctx context.Context, in *keepInput) (*struct{}, error) {
	if _, err := s.served(ctx, in.ID); err != nil {
		return nil, err
	}
	text := &store.WrapUpText{Code: in.Body.Code, Note: in.Body.Note}
	if text.Code == "" && strings.TrimSpace(text.Note) == "" {
		text = nil
	}
	return nil, s.cfg.Store.KeepWorking(ctx, in.ID, who(ctx).agent, text)
}

func (s *Server) listWrapUps(ctx context.Context, _ *struct{}) (*openWrapUps, error) {
	i := who(ctx)
	out := &openWrapUps{}
	out.Body.Items = []OpenWrapUp{}
	open, err := s.cfg.Store.OpenWrapUps(ctx, i.agent, time.Now().Add(-openFor), mostOpen)
	if err != nil {
		return nil, err
	}
	for _, w := range open {
		r, err := s.cfg.Store.Call(ctx, w.Call)
		if err != nil {
			return nil, err
		}
		o := OpenWrapUp{Call: w.Call, Number: mask(farEnd(r)), StartedAt: r.StartedAt, ChangedAt: w.ChangedAt}
		if w.Working != nil {
			o.Code, o.Note = w.Working.Code, w.Working.Note
		}
		out.Body.Items = append(out.Body.Items, o)
	}
	return out, nil
}

func (s *Server) wrapUpFigures(ctx context.Context, in *wrapUpFiguresInput) (*wrapUpFiguresOutput, error) {
	if in.To.IsZero() {
		in.To = time.Now()
	}
	if in.From.IsZero() {
		in.From = in.To.AddDate(0, 0, -30)
	}
	agents, all := s.mayListen(who(ctx))
	f, err := s.cfg.Store.WrapUpFigures(ctx, in.From, in.To, agents, all)
	return &wrapUpFiguresOutput{f}, err
}

// farEnd is the number of who talks with us.
func farEnd(r call.Record) string {
	if r.Direction == "outbound" {
		return r.Called
	}
	return r.Caller
}

func (s *Server) callCustomer(ctx context.Context, in *IDInput) (*customerOutput, error) {
	r, err := s.served(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	// Who calls for the first time gets a profile now, so that it can be written into.
	if err := s.cfg.Store.SeeCustomer(ctx, farEnd(r), r.StartedAt); err != nil {
		return nil, err
	}
	id, err := s.cfg.Store.CustomerByNumber(ctx, farEnd(r))
	if err != nil {
		return nil, err
	}
	c, err := s.cfg.Store.Profile(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.showCustomer(ctx, c)
}

func (s *Server) sendSMS(ctx context.Context, in *smsInput) (*smsOutput, error) {
	r, err := s.served(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	number, text := farEnd(r), strings.TrimSpace(in.Body.Text)
	const leastDigits = 4
	switch {
	case text == "":
		return nil, problem(http.StatusUnprocessableEntity, "no_text", "the message is empty")
	case len(strings.Map(digit, store.NormalNumber(number))) < leastDigits:
		return nil, problem(http.StatusUnprocessableEntity, "no_number", "the caller's number is withheld, or cannot get short messages")
	}
	if s.cfg.Assist != nil {
		if word, blocked := s.cfg.Assist.Blocked(r.Line, text); blocked {
			return nil, problem(http.StatusUnprocessableEntity, "blocked_word", "this may not be said to customers: "+word)
		}
	}
	if err := s.maySend(ctx, in.ID, number); err != nil {
		return nil, err
	}
	i := who(ctx)
	w := call.Wish{
		ID: ulid.Make().String(), Kind: "sms", Call: in.ID, Number: number, Summary: text, Reason: "agent",
		Fields: map[string]string{"by": i.name}, State: store.WishOpen, CreatedAt: time.Now(),
	}
	if err := s.cfg.Store.AddWish(ctx, w); err != nil {
		return nil, err
	}
	e := call.Event{Kind: call.KindSMS, MS: time.Since(r.StartedAt).Milliseconds(), Data: map[string]any{"id": w.ID, "by": i.name}}
	if !r.AnsweredAt.IsZero() {
		e.MS = time.Since(r.AnsweredAt).Milliseconds()
	}
	if err := s.cfg.Store.AddEvents(ctx, in.ID, []call.Event{e}); err != nil {
		return nil, err
	}
	s.cfg.Bus.Publish(event.Event{Kind: "call.event", At: time.Now(), Call: in.ID, Data: e})
	s.cfg.Bus.Publish(event.Event{Kind: "wish.added", At: time.Now(), Call: in.ID, Data: w})
	note(ctx, "call", in.ID)
	return &smsOutput{i.viewWish(store.Wish{Wish: w})}, nil
}

func digit(r rune) rune {
	if r < '0' || r > '9' {
		return -1
	}
	return r
}

// maySend refuses a message to who does not want any, and one too many.
func (s *Server) maySend(ctx context.Context, id, number string) error {
	sent, err := s.cfg.Store.Wishes(ctx, store.WishFilter{Kind: "sms", Call: id})
	if err != nil {
		return err
	}
	if len(sent.Items) >= mostSMS {
		return problem(http.StatusConflict, "too_many_messages", "no more messages can be sent for this call")
	}
	customer, err := s.cfg.Store.CustomerByNumber(ctx, number)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	c, err := s.cfg.Store.Profile(ctx, customer)
	if err != nil {
		return err
	}
	for _, consent := range slices.Backward(c.Consents) {
		if consent.Purpose == "sms" {
			if !consent.Given {
				return problem(http.StatusConflict, "no_consent", "the customer does not want short messages")
			}
			break
		}
	}
	return nil
}
