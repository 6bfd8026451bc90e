package web

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"time"

	"hotline/internal/call"
	"hotline/internal/store"

	"github.com/danielgtaylor/huma/v2"
)

// Call is a call's record as the API shows it.
type Call struct {
	call.Record
	State      string           `json:"state" enum:"ringing,talking,held,ended"`
	DurationMS int64            `json:"duration_ms" doc:"from the answer to the end, or until now"`
	LastTurn   *call.TurnRecord `json:"last_turn,omitempty" doc:"of a call in progress"`
	Node       string           `json:"node,omitempty" doc:"the server that has it, of a call in progress that another one has"`
}

// CallDetail is a call with all that happened in it.
type CallDetail struct {
	Call
	Turns    []call.TurnRecord `json:"turns"`
	Timeline []call.Event      `json:"timeline"`
	Wishes   []Wish            `json:"wishes"`
	Tickets  []store.Ticket    `json:"tickets" doc:"that one sees"`
}

// FilterInput are the query parameters that choose calls.
type FilterInput struct {
	Live      string    `query:"live" enum:"true,false" doc:"in progress, or ended"`
	From      time.Time `query:"from" format:"date-time" doc:"started at or after"`
	To        time.Time `query:"to" format:"date-time" doc:"started before"`
	Outcome   []string  `query:"outcome" enum:"in_progress,resolved,unresolved,transferred,abandoned,interrupted,busy,no_answer,refused,failed,cancelled" doc:"one or several, with commas"`
	Line      string    `query:"line" maxLength:"64"`
	Direction string    `query:"direction" enum:"inbound,outbound"`
	Agent     string    `query:"agent" maxLength:"64"`
	Number    string    `query:"number" maxLength:"128" doc:"of either side: the whole number, or its last four digits"`
	Q         string    `query:"q" maxLength:"200" doc:"what was said, in calls that are over: words that all occur; or a number"`
	Sort      string    `query:"sort" enum:"started,duration" default:"started"`
	Order     string    `query:"order" enum:"desc,asc" default:"desc"`
}

func (f FilterInput) filter() store.Filter {
	out := store.Filter{
		From: f.From, To: f.To, Line: f.Line, Direction: f.Direction, Agent: f.Agent, Number: f.Number, Query: f.Q,
		Sort: f.Sort, Oldest: f.Order == "asc",
	}
	if f.Live != "" {
		live := f.Live == "true"
		out.Live = &live
	}
	for _, o := range f.Outcome {
		out.Outcomes = append(out.Outcomes, call.Outcome(o))
	}
	return out
}

type listInput struct {
	FilterInput
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50"`
	Cursor string `query:"cursor" maxLength:"512"`
}

// List is one page; an empty next_cursor is the end.
type callList struct {
	Body struct {
		Items      []Call `json:"items"`
		NextCursor string `json:"next_cursor"`
	}
}

// IDInput names a call.
type IDInput struct {
	ID string `path:"id" maxLength:"64"`
}

type callOutput struct{ Body CallDetail }

func (s *Server) callRoutes() {
	route(s, operation(http.MethodGet, "/calls", "list-calls", "Calls, newest first", "calls"), s.listCalls)
	route(s, operation(http.MethodGet, "/calls/{id}", "get-call", "A call with its turns and timeline", "calls"), s.getCall)
	export := operation(http.MethodGet, "/calls.csv", "export-calls", "The list as CSV, at most 50,000 calls", "calls")
	export.Responses = streamed("text/csv", "one line per call")
	route(s, export, s.exportCalls)
	route(s, operation(http.MethodPost, "/calls/{id}/hangup", "hang-up", "End a call in progress", "calls"), s.hangUp)
	s.placeRoutes()
}

func streamed(mediaType, description string) map[string]*huma.Response {
	return map[string]*huma.Response{"200": {
		Description: description,
		Content:     map[string]*huma.MediaType{mediaType: {Schema: &huma.Schema{Type: huma.TypeString}}},
	}}
}

// view is a record as this identity may see it.
func (i *identity) view(r call.Record, now time.Time) Call {
	if !i.seesNumbers() {
		r.Caller, r.Called = mask(r.Caller), mask(r.Called)
		r.Signalling = call.Signalling{Trunk: r.Signalling.Trunk, Network: r.Signalling.Network, Privacy: r.Signalling.Privacy}
	}
	c := Call{Record: r, State: "talking"}
	switch {
	case !r.EndedAt.IsZero():
		c.State = "ended"
	case r.AnsweredAt.IsZero():
		c.State = "ringing"
	case r.Held:
		c.State = "held"
	}
	switch {
	case r.AnsweredAt.IsZero():
	case r.EndedAt.IsZero():
		c.DurationMS = max(0, now.Sub(r.AnsweredAt).Milliseconds())
	default:
		c.DurationMS = max(0, r.EndedAt.Sub(r.AnsweredAt).Milliseconds())
	}
	return c
}

// viewMark is a mark of a timeline without what a task has learnt, a number perhaps, for
// those who see no numbers.
func (i *identity) viewMark(e call.Event) call.Event {
	if e.Kind == call.KindFlowStep && !i.seesNumbers() && e.Data["slots"] != nil {
		e.Data = maps.Clone(e.Data)
		delete(e.Data, "slots")
	}
	return e
}

// held tells whether one side of a call in progress keeps the other on hold.
func (s *Server) held(id string) bool { return s.cfg.Held != nil && s.cfg.Held(id) }

func (s *Server) listCalls(ctx context.Context, in *listInput) (*callList, error) {
	f := in.filter()
	f.Limit, f.Cursor = in.Limit, in.Cursor
	s.narrow(who(ctx), &f)
	page, err := s.cfg.Store.Calls(ctx, f)
	if err != nil {
		return nil, err
	}
	var live []string
	for _, r := range page.Items {
		if r.EndedAt.IsZero() {
			live = append(live, r.ID)
		}
	}
	last, err := s.cfg.Store.LastTurns(ctx, live)
	if err != nil {
		return nil, err
	}
	out := &callList{}
	out.Body.Items, out.Body.NextCursor = make([]Call, 0, len(page.Items)), page.Next
	now := time.Now()
	for _, r := range page.Items {
		r.Held = s.held(r.ID)
		c := who(ctx).view(r, now)
		if t, ok := last[r.ID]; ok {
			c.LastTurn = &t
		}
		out.Body.Items = append(out.Body.Items, c)
	}
	if out.Body.Items, err = s.placeCalls(ctx, out.Body.Items, in.Live == "true"); err != nil {
		return nil, err
	}
	return out, s.saw(ctx, ids(page.Items))
}

// narrow keeps a list to what an identity sees.
func (s *Server) narrow(i *identity, f *store.Filter) {
	if agents, all := s.mayListen(i); !all {
		f.Agents = agents
	}
}

func ids(records []call.Record) []string {
	out := make([]string, len(records))
	for i, r := range records {
		out[i] = r.ID
	}
	return out
}

// call is a call that the identity behind ctx sees; another is not there for it.
func (s *Server) call(ctx context.Context, id string) (call.Record, error) {
	r, err := s.cfg.Store.Call(ctx, id)
	if err == nil && !s.sees(who(ctx), r.ID, r.Agent) {
		err = store.ErrNotFound
	}
	return r, err
}

func (s *Server) getCall(ctx context.Context, in *IDInput) (*callOutput, error) {
	r, err := s.call(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	i := who(ctx)
	out := &callOutput{Body: CallDetail{
		Call: i.view(r, time.Now()), Turns: []call.TurnRecord{}, Timeline: []call.Event{}, Wishes: []Wish{}, Tickets: []store.Ticket{},
	}}
	if placed, err := s.placeCalls(ctx, []Call{out.Body.Call}, false); err != nil {
		return nil, err
	} else if len(placed) > 0 {
		out.Body.Node = placed[0].Node
	}
	turns, err := s.cfg.Store.Turns(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	events, err := s.cfg.Store.Events(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	wishes, err := s.cfg.Store.Wishes(ctx, store.WishFilter{Call: in.ID})
	if err != nil {
		return nil, err
	}
	out.Body.Turns = append(out.Body.Turns, turns...)
	for _, e := range events {
		out.Body.Timeline = append(out.Body.Timeline, i.viewMark(e))
	}
	tickets, err := s.cfg.Store.Tickets(ctx, store.TicketFilter{Call: in.ID, Sees: s.ticketSight(i)})
	if err != nil {
		return nil, err
	}
	for _, t := range tickets.Items {
		out.Body.Tickets = append(out.Body.Tickets, i.viewTicket(t))
	}
	for _, w := range wishes.Items {
		out.Body.Wishes = append(out.Body.Wishes, i.viewWish(w))
	}
	return out, nil
}

// mayAct refuses to do something to a call that the identity behind ctx does not see.
func (s *Server) mayAct(ctx context.Context, id string) error {
	if _, all := s.mayListen(who(ctx)); all {
		return nil
	}
	_, err := s.call(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return problem(http.StatusNotFound, "not_in_progress", "no call of this id is in progress")
	}
	return err
}

func (s *Server) hangUp(ctx context.Context, in *IDInput) (*struct{}, error) {
	if err := s.mayAct(ctx, in.ID); err != nil {
		return nil, err
	}
	if s.cfg.End == nil {
		return nil, problem(http.StatusNotImplemented, "no_hangup", "this server does not hang calls up")
	}
	if err := s.here(ctx, in.ID); err != nil {
		return nil, err
	}
	if !s.cfg.End.Hangup(in.ID) {
		return nil, problem(http.StatusNotFound, "not_in_progress", "no call of this id is in progress")
	}
	return nil, nil
}
