package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// PlaceBody is a call to be placed.
type PlaceBody struct {
	To         string            `json:"to" minLength:"1" maxLength:"256" doc:"a number, sip:… or agent:NAME"`
	Line       string            `json:"line,omitempty" maxLength:"64" doc:"who speaks; default the first line"`
	From       string            `json:"from,omitempty" maxLength:"64" doc:"the number shown, where the trunk allows it"`
	FromName   string            `json:"from_name,omitempty" maxLength:"64"`
	AgentFirst string            `json:"agent_first,omitempty" maxLength:"64" doc:"an agent or a skill: his telephone rings first, and he is joined with whom is called"`
	Say        string            `json:"say,omitempty" maxLength:"500" doc:"said in place of the line's greeting"`
	Trunk      string            `json:"trunk,omitempty" maxLength:"64" doc:"the trunk to go by; default by the rules"`
	TimeoutS   int               `json:"timeout_s,omitempty" minimum:"5" maximum:"180" doc:"how long it may ring; default 60"`
	Fields     map[string]string `json:"fields,omitempty" maxProperties:"50" doc:"what the dialogue knows of whom is called"`
}

type placeInput struct {
	Key  string `header:"Idempotency-Key" maxLength:"128" doc:"the same key within 24 hours places no second call"`
	Body PlaceBody
}

type placeOutput struct {
	Location string `header:"Location"`
	Body     struct {
		ID string `json:"id"`
	}
}

type joinInput struct {
	IDInput

	Body struct {
		Agent string `json:"agent" minLength:"1" maxLength:"64" doc:"whose telephone is rung"`
		Mode  string `json:"mode" enum:"listen,whisper,barge" doc:"listen: heard by nobody; whisper: by the agent; barge: by all"`
	}
}

// joinTime bounds the ringing at a supervisor's telephone, within a request's time.
const joinTime = 25 * time.Second

func (s *Server) placeRoutes() {
	place := operation(http.MethodPost, "/calls", "place-call", "Call somebody", "calls")
	place.DefaultStatus = http.StatusCreated
	place.Errors = []int{http.StatusForbidden, http.StatusConflict, http.StatusUnprocessableEntity, http.StatusServiceUnavailable}
	route(s, place, s.placeCall)
	join := operation(http.MethodPost, "/calls/{id}/join", "join-call", "Listen in on a call, whisper to its agent, or barge in", "calls")
	join.Errors = []int{http.StatusNotFound, http.StatusConflict}
	route(s, join, s.joinCall)
}

func (s *Server) placeCall(ctx context.Context, in *placeInput) (*placeOutput, error) {
	if s.cfg.Place == nil {
		return nil, problem(http.StatusNotImplemented, "no_outbound", "this server does not place calls")
	}
	by := who(ctx).name
	id, err := s.placed.once(by, in.Key, in.Body, time.Now(), func() (string, error) {
		b := in.Body
		return s.cfg.Place.Place(ctx, Placing{
			To: b.To, From: b.From, FromName: b.FromName, Line: b.Line, AgentFirst: b.AgentFirst, Say: b.Say, Trunk: b.Trunk,
			Fields: b.Fields, Timeout: time.Duration(b.TimeoutS) * time.Second, By: by,
		})
	})
	if err != nil {
		return nil, refusal(err)
	}
	out := &placeOutput{Location: "/api/v1/calls/" + id}
	out.Body.ID = id
	note(ctx, "call", id)
	return out, nil
}

// refusal turns a RefusedError into what the client learns.
func refusal(err error) error {
	var refused *RefusedError
	if !errors.As(err, &refused) {
		return err
	}
	status := refused.Status
	if status == 0 {
		status = http.StatusUnprocessableEntity
	}
	return problem(status, refused.Code, refused.Detail)
}

func (s *Server) joinCall(ctx context.Context, in *joinInput) (*struct{}, error) {
	if s.cfg.Join == nil {
		return nil, problem(http.StatusNotImplemented, "no_joining", "this server lets nobody listen in")
	}
	if err := s.mayAct(ctx, in.ID); err != nil {
		return nil, err
	}
	note(ctx, "mode", in.Body.Mode)
	note(ctx, "agent", in.Body.Agent)
	ctx, cancel := context.WithTimeoutCause(ctx, joinTime, &RefusedError{
		Status: http.StatusConflict, Code: "no_answer", Detail: "the telephone was not answered",
	})
	defer cancel()
	err := s.cfg.Join.Join(ctx, in.ID, in.Body.Agent, in.Body.Mode)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return nil, refusal(err)
}

var _ huma.StatusError = (*ProblemError)(nil)
