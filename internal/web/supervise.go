package web

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"time"

	"hotline/internal/call"
	"hotline/internal/event"
	"hotline/internal/store"
)

// Supervisors lets supervisors take part in calls. Errors are [RefusedError] where the
// client can do something about them.
type Supervisors interface {
	// Join returns once his telephone is answered. Who is there already changes his mode.
	Join(ctx context.Context, call string, j Joining) error
	SetMode(ctx context.Context, call, by, mode string) error
	TakeOver(ctx context.Context, call, by string) error
	Leave(ctx context.Context, call, by string) error
	Supervisors(call string) []Supervising
}

// Joining is who wants to take part in a call.
type Joining struct {
	By    string // his user
	Agent string // whom he is among the agents
	Phone string // that is rung: an agent's, or a page's
	Mode  string
}

// Supervising is a supervisor in a call.
type Supervising struct {
	Name  string    `json:"name"`
	Mode  string    `json:"mode" enum:"listen,whisper,barge"`
	Since time.Time `json:"since"`
	Taken bool      `json:"taken" doc:"he has the caller"`
}

type joinInput struct {
	IDInput

	Body struct {
		Agent string `json:"agent,omitempty" maxLength:"64" doc:"whose telephone is rung; default that of the agent whom the user is"`
		Page  bool   `json:"page,omitempty" doc:"ring the telephone in the page, see POST /supervision/phone"`
		Mode  string `json:"mode" enum:"listen,whisper,barge" doc:"listen: heard by nobody; whisper: by the agent; barge: by all"`
	}
}

type superviseInput struct {
	IDInput

	Body struct {
		Mode string `json:"mode" enum:"listen,whisper,barge,take_over" doc:"take_over: the agent is let go, or the bot stops, and the supervisor has the caller"`
	}
}

type supervisorsOutput struct {
	Body struct {
		Items []Supervising `json:"items"`
		Mine  string        `json:"mine,omitempty" enum:"listen,whisper,barge,taken" doc:"how the user takes part"`
	}
}

// joinTime bounds the ringing at a supervisor's telephone, within a request's time.
const joinTime = 25 * time.Second

func (s *Server) superviseRoutes() {
	join := operation(http.MethodPost, "/calls/{id}/join", "join-call", "Listen in on a call, whisper to its agent, or barge in", "calls")
	join.Errors = []int{http.StatusNotFound, http.StatusConflict}
	route(s, join, s.joinCall)
	route(s, operation(http.MethodGet, "/calls/{id}/supervision", "list-supervisors", "Who listens to a call in progress", "calls"), s.listSupervisors)
	change := operation(http.MethodPut, "/calls/{id}/supervision", "supervise-call", "Change who hears oneself in a call, or take it over", "calls")
	change.Errors = []int{http.StatusNotFound, http.StatusConflict}
	route(s, change, s.superviseCall)
	leave := operation(http.MethodDelete, "/calls/{id}/supervision", "leave-call", "Leave a call that one listens to", "calls")
	leave.Errors = []int{http.StatusNotFound}
	route(s, leave, s.leaveCall)
	route(s, operation(http.MethodPost, "/supervision/phone", "supervisor-phone", "A password for the page's telephone, to listen to calls with", "calls"), s.supervisorPhone)
}

var errNoSupervision = problem(http.StatusNotImplemented, "no_joining", "this server lets nobody listen in")

// mayListenTo refuses who may not supervise a call.
func (s *Server) mayListenTo(ctx context.Context, call string) (*identity, error) {
	if s.cfg.Supervise == nil {
		return nil, errNoSupervision
	}
	return who(ctx), s.mayAct(ctx, call)
}

func (s *Server) joinCall(ctx context.Context, in *joinInput) (*struct{}, error) {
	i, err := s.mayListenTo(ctx, in.ID)
	if err == nil {
		err = s.here(ctx, in.ID)
	}
	if err != nil {
		return nil, err
	}
	j := Joining{By: i.name, Agent: i.agent, Phone: cmp.Or(in.Body.Agent, i.agent), Mode: in.Body.Mode}
	note(ctx, "mode", in.Body.Mode)
	switch {
	case in.Body.Page:
		if i.session == "" {
			return nil, errPageSession
		}
		j.Phone = pagePhone(i.session)
		note(ctx, "by", "page")
	case j.Phone == "":
		return nil, problem(http.StatusUnprocessableEntity, "no_telephone", "name the agent whose telephone is to ring")
	default:
		note(ctx, "agent", j.Phone)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, joinTime, &RefusedError{
		Status: http.StatusConflict, Code: "no_answer", Detail: "the telephone was not answered",
	})
	defer cancel()
	err = s.cfg.Supervise.Join(ctx, in.ID, j)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return nil, refusal(err)
}

func (s *Server) listSupervisors(ctx context.Context, in *IDInput) (*supervisorsOutput, error) {
	out := &supervisorsOutput{}
	if s.cfg.Supervise == nil { // nobody does
		out.Body.Items = []Supervising{}
		return out, nil
	}
	i, err := s.mayListenTo(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out.Body.Items = list(s.cfg.Supervise.Supervisors(in.ID))
	for _, p := range out.Body.Items {
		switch {
		case p.Name != i.name:
		case p.Taken:
			out.Body.Mine = "taken"
		default:
			out.Body.Mine = p.Mode
		}
	}
	return out, nil
}

func (s *Server) superviseCall(ctx context.Context, in *superviseInput) (*struct{}, error) {
	i, err := s.mayListenTo(ctx, in.ID)
	if err == nil {
		err = s.here(ctx, in.ID)
	}
	if err != nil {
		return nil, err
	}
	note(ctx, "mode", in.Body.Mode)
	if in.Body.Mode == "take_over" {
		return nil, refusal(s.cfg.Supervise.TakeOver(ctx, in.ID, i.name))
	}
	return nil, refusal(s.cfg.Supervise.SetMode(ctx, in.ID, i.name, in.Body.Mode))
}

// leaveCall needs no sight of the call: who may not listen any more is to be able to go.
func (s *Server) leaveCall(ctx context.Context, in *IDInput) (*struct{}, error) {
	if s.cfg.Supervise == nil {
		return nil, errNoSupervision
	}
	return nil, refusal(s.cfg.Supervise.Leave(ctx, in.ID, who(ctx).name))
}

var errPageSession = problem(http.StatusForbidden, "session_needed", "a telephone in the page belongs to a session; programs name the agent whose telephone is to ring")

// pagePhone is what a supervisor's page registers as. It is no agent: nobody is handed to
// it, and it comes and goes without the desk's noticing.
func pagePhone(session string) string {
	sum := sha256.Sum256([]byte("listens " + session))
	return "listens-" + hex.EncodeToString(sum[:12])
}

func (s *Server) supervisorPhone(ctx context.Context, _ *struct{}) (*phoneOutput, error) {
	if s.cfg.Supervise == nil || s.cfg.Phones == nil || s.cfg.SIP == nil {
		return nil, errNoSupervision
	}
	i := who(ctx)
	if i.session == "" {
		return nil, errPageSession
	}
	return s.issue(i.session, pagePhone(i.session)), nil
}

// followSupervised has supervisors leave the calls that they may not hear any more, until
// ctx ends.
func (s *Server) followSupervised(ctx context.Context) {
	if s.cfg.Supervise == nil {
		return
	}
	for ctx.Err() == nil {
		sub := s.cfg.Bus.Subscribe("call.updated")
		for open := true; open; {
			var e event.Event
			select {
			case <-ctx.Done():
				open = false
			case e, open = <-sub.C():
				if r, ok := e.Data.(call.Record); ok {
					s.checkSupervised(ctx, e.Call, r.Agent)
				}
			}
		}
		sub.Close()
	}
}

// checkSupervised has those leave a call who may not listen to it, now that an agent has
// it. Who has taken it over keeps his caller.
func (s *Server) checkSupervised(ctx context.Context, id, agent string) {
	for _, p := range s.cfg.Supervise.Supervisors(id) {
		if p.Taken {
			continue
		}
		u, err := s.cfg.Store.User(ctx, p.Name)
		switch {
		case errors.Is(err, store.ErrNotFound):
			continue // a program's token has no team
		case err != nil:
			s.log.WarnContext(ctx, "checking_who_listens", "call", id, "error", err)
			continue
		case manage.has(u.Role) && s.sees(&identity{name: u.Name, user: u, role: u.Role, agent: u.AgentName()}, id, agent):
			continue
		}
		if err := s.cfg.Supervise.Leave(ctx, id, p.Name); err != nil {
			continue // he has gone
		}
		entry := store.TrailEntry{Actor: p.Name, Role: u.Role, Action: "leave-call", Subject: id, Detail: map[string]string{"why": "the call is another team's now"}}
		if err := s.cfg.Store.AddTrail(ctx, entry); err != nil {
			s.log.WarnContext(ctx, "writing_who_was_sent_away", "call", id, "error", err)
		}
	}
}
