package web

import (
	"context"
	"net/http"

	"hotline/dialog/flow"
	"hotline/internal/business"
)

// FlowReader reads the tasks of the businesses.
type FlowReader interface {
	FlowViews(ctx context.Context) ([]business.FlowView, error)
}

// maxReading bounds how many requests read the businesses' folders at once.
const maxReading = 2

type flowsOutput struct {
	Body struct {
		Items []FlowItem `json:"items"`
	}
}

// FlowItem is a task in a list.
type FlowItem struct {
	Business string `json:"business"`
	Name     string `json:"name"`
	Title    string `json:"title"`
	File     string `json:"file"`
	Steps    int    `json:"steps"`
	Errors   int    `json:"errors" doc:"it does not run until these are mended"`
	Warnings int    `json:"warnings"`
}

type flowInput struct {
	Name     string `path:"name" maxLength:"128"`
	Business string `query:"business" maxLength:"128" doc:"where several have a task of the name; the first otherwise"`
}

type flowOutput struct{ Body business.FlowView }

func (s *Server) flowRoutes() {
	route(s, operation(http.MethodGet, "/flows", "list-flows", "The tasks of the businesses, as they stand in their folders", "flows"), s.listFlows)
	route(s, operation(http.MethodGet, "/flows/{name}", "flow", "A task as a graph, with what hotline check says of it", "flows"), s.flow)
}

func (s *Server) readFlows(ctx context.Context) ([]business.FlowView, error) {
	if s.cfg.Flows == nil {
		return nil, nil
	}
	select {
	case s.reading <- struct{}{}:
		defer func() { <-s.reading }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return s.cfg.Flows.FlowViews(ctx)
}

func (s *Server) listFlows(ctx context.Context, _ *struct{}) (*flowsOutput, error) {
	views, err := s.readFlows(ctx)
	if err != nil {
		return nil, err
	}
	out := &flowsOutput{}
	out.Body.Items = []FlowItem{}
	for _, v := range views {
		item := FlowItem{Business: v.Business, Name: v.Name, Title: v.Title, File: v.File, Steps: steps(v.Graph)}
		for _, p := range v.Problems {
			if p.Severity == business.Error {
				item.Errors++
			} else {
				item.Warnings++
			}
		}
		out.Body.Items = append(out.Body.Items, item)
	}
	return out, nil
}

func steps(g flow.Graph) int { return max(0, len(g.Nodes)-1) } // but the start

func (s *Server) flow(ctx context.Context, in *flowInput) (*flowOutput, error) {
	views, err := s.readFlows(ctx)
	if err != nil {
		return nil, err
	}
	for _, v := range views {
		if v.Name == in.Name && (in.Business == "" || v.Business == in.Business) {
			return &flowOutput{v}, nil
		}
	}
	return nil, problem(http.StatusNotFound, "not_found", "there is no such flow")
}
