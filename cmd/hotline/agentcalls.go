package main

import (
	"context"
	"slices"
	"strings"

	"hotline/internal/business"
	"hotline/internal/call"
	"hotline/sip"
)

// byAgent serves a call that an agent makes by his telephone, to another agent or to
// a number outside; false for all other calls. He has to show his password first: who
// merely calls himself so gets nowhere.
func (s *server) byAgent(ctx context.Context, l *sip.Leg) bool {
	user := l.From().User
	agent, line := s.agentNamed(user)
	if agent == nil || l.Replaces() != nil {
		return false
	}
	if _, carrier := s.trunks.Match(l); carrier {
		return false
	}
	to := s.meant(l.Called())
	if to == "" {
		return false
	}
	if err := l.Authenticate(user); err != nil {
		s.log.Debug("an agent's call is not authenticated", "agent", user, "error", err)
		return true
	}
	a := arrival(l)
	a.Leg = phoneLeg{Leg: l, dialer: s.dialer()}
	s.manager.Connect(ctx, a, call.Placement{
		To: to, From: user, FromName: agent.Title, Line: line, AgentFirst: user, By: "agent:" + user,
	})
	return true
}

// agentNamed is an agent and a line of his business; nil if nobody is called so.
func (s *server) agentNamed(name string) (*business.Agent, *call.Line) {
	for _, b := range s.bots.lines() {
		home := b.home()
		for i, a := range home.Agents {
			if a.Name == name {
				return &home.Agents[i], b.answers.Load()
			}
		}
	}
	return nil, nil
}

// meant is whom an agent calls by what he has dialled: "" for a line of ours, which
// anybody may call.
func (s *server) meant(called string) string {
	if a, _ := s.agentNamed(called); a != nil {
		return "agent:" + called
	}
	if s.trunks.Len() == 0 || s.testLine(called) != nil || s.bots.owns(called) {
		return ""
	}
	if digits := strings.TrimPrefix(called, "+"); digits == "" || strings.Trim(digits, "0123456789*#") != "" {
		return ""
	}
	return called
}

// owns tells whether a number is that of a line.
func (bs *bots) owns(number string) bool {
	for _, b := range bs.lines() {
		if slices.Contains(b.said().Numbers, number) {
			return true
		}
	}
	return false
}
