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
		Items    []FlowItem    `json:"items"`
		Deleted  []FlowDeleted `json:"deleted" doc:"what can be brought back"`
		Editable bool          `json:"editable" doc:"the flows can be changed here"`
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

	Asked []business.FlowAsked `json:"asked" doc:"what it asks for"`
}

func (s *Server) flowRoutes() {
	route(s, operation(http.MethodGet, "/flows", "list-flows", "The tasks of the businesses, as they stand in their folders", "flows"), s.listFlows)
	route(s, operation(http.MethodGet, "/flows/{name}", "flow", "A task as a graph, with what hotline check says of it", "flows"), s.flow)
	s.flowEditRoutes()
}

// readFolders waits until the businesses' folders may be read.
func (s *Server) readFolders(ctx context.Context) (func(), error) {
	select {
	case s.reading <- struct{}{}:
		return func() { <-s.reading }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (s *Server) readFlows(ctx context.Context) ([]business.FlowView, error) {
	if s.cfg.Flows == nil {
		return nil, nil
	}
	free, err := s.readFolders(ctx)
	if err != nil {
		return nil, err
	}
	defer free()
	return s.cfg.Flows.FlowViews(ctx)
}

func (s *Server) listFlows(ctx context.Context, _ *struct{}) (*flowsOutput, error) {
	views, err := s.readFlows(ctx)
	if err != nil {
		return nil, err
	}
	out := &flowsOutput{}
	out.Body.Items, out.Body.Deleted = []FlowItem{}, []FlowDeleted{}
	if e := s.cfg.FlowEditor; e != nil {
		out.Body.Editable = true
		gone, err := e.Deleted(ctx)
		if err != nil {
			return nil, err
		}
		for _, d := range gone {
			out.Body.Deleted = append(out.Body.Deleted, FlowDeleted(d))
		}
	}
	for _, v := range views {
		item := FlowItem{Business: v.Business, Name: v.Name, Title: v.Title, File: v.File, Steps: steps(v.Graph), Asked: v.Asked}
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

func (s *Server) flow(ctx context.Context, in *struct{ FlowName }) (*flowDocumentOutput, error) {
	if e := s.cfg.FlowEditor; e != nil {
		free, err := s.readFolders(ctx)
		if err != nil {
			return nil, err
		}
		defer free()
		d, err := e.Open(ctx, in.Business, in.Name)
		if err != nil {
			return nil, flowProblem(err)
		}
		return viewDocument(d), nil
	}
	views, err := s.readFlows(ctx)
	if err != nil {
		return nil, err
	}
	for _, v := range views {
		if v.Name == in.Name && (in.Business == "" || v.Business == in.Business) {
			return &flowDocumentOutput{FlowDocument{FlowView: v, On: []string{}}}, nil
		}
	}
	return nil, problem(http.StatusNotFound, "not_found", "there is no such flow")
}
