package web

import (
	"context"
	"net/http"
)

// What strangers may see: the page /call and the lines that can be called from it.

const callPage = "/call"

// PublicLine is a line that anyone may call from a browser.
type PublicLine struct {
	Name     string `json:"name"`
	Title    string `json:"title,omitempty"`
	Number   string `json:"number" doc:"the user part to call, at this server's own host"`
	Language string `json:"language"`
}

type publicLinesOutput struct {
	Body struct {
		Items []PublicLine `json:"items"`
	}
}

func (s *Server) publicRoutes() {
	op := operation(http.MethodGet, "/public/lines", "list-public-lines", "Lines that can be called from a browser", "public")
	op.Security = []map[string][]string{}
	route(s, op, s.publicLines)
}

func (s *Server) publicLines(ctx context.Context, _ *struct{}) (*publicLinesOutput, error) {
	if !s.cfg.CallPage {
		return nil, problem(http.StatusNotFound, "not_found", "calls from browsers are not offered here; http.call_page allows them")
	}
	out := &publicLinesOutput{}
	out.Body.Items = []PublicLine{}
	if s.cfg.Lines == nil {
		return out, nil
	}
	lines, err := s.cfg.Lines.Lines(ctx)
	for _, l := range lines {
		if len(l.Numbers) > 0 {
			out.Body.Items = append(out.Body.Items, PublicLine{Name: l.Name, Title: l.Title, Number: l.Numbers[0], Language: l.Language})
		}
	}
	return out, err
}
