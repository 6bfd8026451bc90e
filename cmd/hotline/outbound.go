package main

import (
	"context"
	"errors"
	"net/http"

	"hotline/internal/call"
	"hotline/internal/web"
)

// placer lets the console and programs place calls and listen in.
type placer struct{ server *server }

// Place implements web.Caller.
func (p placer) Place(ctx context.Context, w web.Placing) (string, error) {
	s := p.server
	line := s.lineNamed(w.Line)
	if line == nil {
		return "", &web.RefusedError{Code: "no_such_line", Detail: "there is no line of this name"}
	}
	id, err := s.manager.Place(ctx, call.Placement{
		To: w.To, From: w.From, FromName: w.FromName, Line: line, AgentFirst: w.AgentFirst, Greeting: w.Say,
		Fields: w.Fields, Trunk: w.Trunk, By: w.By, Timeout: w.Timeout,
	})
	return id, refusedError(err)
}

// refusedError tells the client of a call that is not placed.
func refusedError(err error) error {
	var refused *call.RefusedError
	if !errors.As(err, &refused) {
		return err
	}
	out := &web.RefusedError{Code: string(refused.Why), Detail: refused.Error(), Status: http.StatusServiceUnavailable}
	switch refused.Why {
	case call.RefusedPolicy:
		out.Status = http.StatusForbidden
	case call.RefusedNumber:
		out.Status = http.StatusUnprocessableEntity
	case call.RefusedDraining, call.RefusedFull, call.RefusedTrunk, call.RefusedAgent:
	}
	return out
}

// Join implements web.Joiner.
func (p placer) Join(ctx context.Context, id, agent, mode string) error {
	err := p.server.manager.Join(ctx, id, call.Target{To: "agent:" + agent, FromName: "listening in"}, call.Mode(mode))
	var dial *call.DialError
	switch {
	case errors.Is(err, call.ErrNoCall):
		return &web.RefusedError{Status: http.StatusNotFound, Code: "not_in_progress", Detail: err.Error()}
	case errors.As(err, &dial):
		return &web.RefusedError{Status: http.StatusConflict, Code: string(dial.Outcome), Detail: err.Error()}
	}
	return err
}

// lineNamed is the line of a name, "" the first; nil where there is none.
func (s *server) lineNamed(name string) *call.Line {
	for _, b := range s.bots.lines {
		if name == "" || b.line.Name == name {
			return s.answering[b]
		}
	}
	return nil
}

// dialer is how calls ring.
func (s *server) dialer() dialer {
	return dialer{
		server: s.sip, trunks: s.trunks, hosts: s.cfg.Call.Hosts,
		present: func(agent string) bool { return len(s.registrar.Contacts(agent)) > 0 },
	}
}
