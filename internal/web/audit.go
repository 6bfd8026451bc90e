package web

import (
	"context"
	"net/http"
	"time"

	"hotline/internal/audit"
)

// Auditor reads the audit log: the latest entries before a time, the latest first.
type Auditor interface {
	Recent(limit int, before time.Time) ([]audit.Entry, error)
}

type auditInput struct {
	Limit  int       `query:"limit" minimum:"1" maximum:"500" default:"50"`
	Before time.Time `query:"before" format:"date-time" doc:"only what is older; default: the latest"`
}

type auditOutput struct {
	Body struct {
		Items []audit.Entry `json:"items"`
	}
}

func (s *Server) auditRoutes() {
	op := operation(http.MethodGet, "/audit", "audit", "Who tried what against the telephone", "system")
	op.Description = "Scanners, wrong passwords, floods, forbidden calls out and what was done about them, the latest first. " +
		"The event stream carries the same as `audit`. Several alike within a minute are one entry with a count."
	route(s, op, func(_ context.Context, in *auditInput) (*auditOutput, error) {
		out := &auditOutput{}
		out.Body.Items = []audit.Entry{}
		if s.cfg.Audit == nil {
			return out, nil
		}
		items, err := s.cfg.Audit.Recent(in.Limit, in.Before)
		if err != nil {
			return nil, err
		}
		out.Body.Items = append(out.Body.Items, items...)
		return out, nil
	})
}
