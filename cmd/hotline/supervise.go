package main

import (
	"context"
	"errors"
	"net/http"

	"hotline/internal/call"
	"hotline/internal/web"
)

// supervision lets the console's supervisors take part in calls.
type supervision struct{ server *server }

// Join implements web.Supervisors.
func (v supervision) Join(ctx context.Context, id string, j web.Joining) error {
	return supervisionRefused(v.server.manager.Join(ctx, id, call.Supervisor{
		Name: j.By, Agent: j.Agent, Target: call.Target{To: "agent:" + j.Phone, FromName: "listening in"},
	}, call.Mode(j.Mode)))
}

// SetMode implements web.Supervisors.
func (v supervision) SetMode(_ context.Context, id, by, mode string) error {
	return supervisionRefused(v.server.manager.SetMode(id, by, call.Mode(mode)))
}

// TakeOver implements web.Supervisors.
func (v supervision) TakeOver(ctx context.Context, id, by string) error {
	return supervisionRefused(v.server.manager.TakeOver(ctx, id, by))
}

// Leave implements web.Supervisors.
func (v supervision) Leave(_ context.Context, id, by string) error {
	return supervisionRefused(v.server.manager.SendAway(id, by))
}

// Supervisors implements web.Supervisors.
func (v supervision) Supervisors(id string) []web.Supervising {
	var out []web.Supervising
	for _, p := range v.server.manager.Supervisors(id) {
		out = append(out, web.Supervising{Name: p.Name, Mode: string(p.Mode), Since: p.Since, Taken: p.Taken})
	}
	return out
}

// supervisionRefused tells the client why nothing was done.
func supervisionRefused(err error) error {
	var dial *call.DialError
	switch {
	case errors.As(err, &dial):
		return &web.RefusedError{Status: http.StatusConflict, Code: string(dial.Outcome), Detail: err.Error()}
	case errors.Is(err, call.ErrNotThere):
		return &web.RefusedError{Status: http.StatusConflict, Code: "not_listening", Detail: err.Error()}
	case errors.Is(err, call.ErrMustHear):
		return &web.RefusedError{Status: http.StatusConflict, Code: "must_hear", Detail: err.Error()}
	case errors.Is(err, call.ErrSupervised):
		return &web.RefusedError{Status: http.StatusConflict, Code: "supervised", Detail: err.Error()}
	}
	return commandRefused(err)
}
