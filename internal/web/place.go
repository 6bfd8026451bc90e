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
	Detect     bool              `json:"detect,omitempty" doc:"find out who answers before the bot speaks: answered_by of the call"`
	Voicemail  string            `json:"voicemail,omitempty" maxLength:"500" doc:"with detect: said to a voicemail after its beep; without it one is hung up on"`
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

func (s *Server) placeRoutes() {
	place := operation(http.MethodPost, "/calls", "place-call", "Call somebody", "calls")
	place.DefaultStatus = http.StatusCreated
	place.Errors = []int{http.StatusForbidden, http.StatusConflict, http.StatusUnprocessableEntity, http.StatusServiceUnavailable}
	route(s, place, s.placeCall)
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
			Fields: b.Fields, Timeout: time.Duration(b.TimeoutS) * time.Second, By: by, Detect: b.Detect, Voicemail: b.Voicemail,
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

var _ huma.StatusError = (*ProblemError)(nil)
