package main

import (
	"context"
	"errors"
	"net/http"

	"hotline/internal/call"
	"hotline/internal/web"
)

// supervision is the manager as the web server's supervisors work it.
type supervision struct{ manager *call.Manager }

// Join implements web.Supervisors.
func (v supervision) Join(ctx context.Context, id string, j web.Joining) error {
	return there(v.manager.Join(ctx, id, call.Supervisor{Name: j.By, Agent: j.Agent, Target: call.Target{To: "agent:" + j.Phone}}, call.Mode(j.Mode)))
}

// SetMode implements web.Supervisors.
func (v supervision) SetMode(_ context.Context, id, by, mode string) error {
	return there(v.manager.SetMode(id, by, call.Mode(mode)))
}

// TakeOver implements web.Supervisors.
func (v supervision) TakeOver(ctx context.Context, id, by string) error {
	return there(v.manager.TakeOver(ctx, id, by))
}

// Leave implements web.Supervisors.
func (v supervision) Leave(_ context.Context, id, by string) error {
	return there(v.manager.SendAway(id, by))
}

// Supervisors implements web.Supervisors.
func (v supervision) Supervisors(id string) []web.Supervising {
	var out []web.Supervising
	for _, p := range v.manager.Supervisors(id) {
		out = append(out, web.Supervising{Name: p.Name, Mode: string(p.Mode), Since: p.Since, Taken: p.Taken})
	}
	return out
}

func there(err error) error {
	if errors.Is(err, call.ErrNotThere) || errors.Is(err, call.ErrNoCall) {
		return &web.RefusedError{Status: http.StatusConflict, Code: "not_listening", Detail: err.Error()}
	}
	return err
}
