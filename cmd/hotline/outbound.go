package main

import (
	"context"
	"errors"
	"net/http"

	"hotline/internal/call"
	"hotline/internal/call/answer"
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
	var detect *answer.Config
	if w.Detect {
		detect = s.answers()
	}
	id, err := s.manager.Place(ctx, call.Placement{
		To: w.To, From: w.From, FromName: w.FromName, Line: line, AgentFirst: w.AgentFirst, Greeting: w.Say,
		Fields: w.Fields, Trunk: w.Trunk, By: w.By, Timeout: w.Timeout,
		Detect: detect, Voicemail: w.Voicemail,
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

// lineNamed is the line of a name, "" the first; nil where there is none.
func (s *server) lineNamed(name string) *call.Line {
	for _, b := range s.bots.lines() {
		if name == "" || b.line.Name == name {
			return b.answers.Load()
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
