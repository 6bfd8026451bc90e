package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"hotline/internal/business"
	"hotline/internal/rules"

	"github.com/danielgtaylor/huma/v2"
)

// Rules are the businesses' rules, to be looked at and changed; see package rules.
type Rules interface {
	Show(ctx context.Context, business string) (rules.BookPage, error)
	Check(ctx context.Context, business string, want business.Rules) (rules.EditCheck, error)
	Save(ctx context.Context, business, stamp string, want business.Rules, by string) (rules.EditCheck, error)
	Undo(ctx context.Context, business string, version int64, by string) (changed []string, err error)
}

type rulesInput struct {
	Business string `query:"business" maxLength:"128" doc:"the first one without"`
}

type rulesOutput struct{ Body rules.BookPage }

type rulesCheckInput struct {
	rulesInput

	Body struct {
		Rules business.Rules `json:"rules"`
	}
}

type rulesCheckOutput struct{ Body rules.EditCheck }

type rulesSaveInput struct {
	rulesInput

	Body struct {
		Stamp string         `json:"stamp" maxLength:"64" doc:"of the file that the rules were made from"`
		Rules business.Rules `json:"rules"`
	}
}

type rulesUndoInput struct {
	rulesInput

	Body struct {
		Version int64 `json:"version" doc:"the last one"`
	}
}

func (s *Server) ruleRoutes() {
	with := func(op huma.Operation, codes ...int) huma.Operation {
		op.Errors = codes
		return op
	}
	route(s, with(operation(http.MethodGet, "/rules", "rules", "A business's hours, queue, share and rollout, as a form", "rules"), http.StatusNotFound), s.rules)
	route(s, with(operation(http.MethodPost, "/rules/check", "check-rules", "What a change would do, and what is wrong with it", "rules"), http.StatusNotFound, http.StatusConflict), s.checkRules)
	route(s, with(operation(http.MethodPut, "/rules", "set-rules", "Change business.yaml: only what is other is written, and it counts from the next call on", "rules"), http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity), s.setRules)
	route(s, with(operation(http.MethodPost, "/rules/undo", "undo-rules", "Take the last change back", "rules"), http.StatusNotFound, http.StatusConflict), s.undoRules)
}

var errNoRules = problem(http.StatusNotImplemented, "no_rules", "this server has no business whose rules can be changed")

func (s *Server) rules(ctx context.Context, in *rulesInput) (*rulesOutput, error) {
	if s.cfg.Rules == nil {
		return nil, errNoRules
	}
	shown, err := s.cfg.Rules.Show(ctx, in.Business)
	if err != nil {
		return nil, ruleProblem(err, nil)
	}
	return &rulesOutput{shown}, nil
}

func (s *Server) checkRules(ctx context.Context, in *rulesCheckInput) (*rulesCheckOutput, error) {
	if s.cfg.Rules == nil {
		return nil, errNoRules
	}
	done, err := s.cfg.Rules.Check(ctx, in.Business, in.Body.Rules)
	if err != nil {
		return nil, ruleProblem(err, nil)
	}
	return &rulesCheckOutput{done}, nil
}

func (s *Server) setRules(ctx context.Context, in *rulesSaveInput) (*rulesOutput, error) {
	if s.cfg.Rules == nil {
		return nil, errNoRules
	}
	done, err := s.cfg.Rules.Save(ctx, in.Business, in.Body.Stamp, in.Body.Rules, who(ctx).name)
	if err != nil {
		return nil, ruleProblem(err, done.Problems)
	}
	note(ctx, "changed", strings.Join(done.Changed, " "))
	return s.rules(ctx, &in.rulesInput)
}

func (s *Server) undoRules(ctx context.Context, in *rulesUndoInput) (*rulesOutput, error) {
	if s.cfg.Rules == nil {
		return nil, errNoRules
	}
	changed, err := s.cfg.Rules.Undo(ctx, in.Business, in.Body.Version, who(ctx).name)
	if err != nil {
		return nil, ruleProblem(err, nil)
	}
	note(ctx, "changed", strings.Join(changed, " "))
	note(ctx, "undoes", strconv.FormatInt(in.Body.Version, 10))
	return s.rules(ctx, &in.rulesInput)
}

// ruleProblem tells the client what it can do about an error.
func ruleProblem(err error, wrong []rules.EditProblem) error {
	switch {
	case errors.Is(err, rules.ErrNoBusiness):
		return problem(http.StatusNotFound, "no_such_business", err.Error())
	case errors.Is(err, rules.ErrStale):
		return problem(http.StatusConflict, "rules_changed", err.Error())
	case errors.Is(err, rules.ErrNotLast):
		return problem(http.StatusConflict, "not_the_last", err.Error())
	case errors.Is(err, business.ErrNotPatched):
		return problem(http.StatusConflict, "rules_by_hand", err.Error())
	case errors.Is(err, rules.ErrWrong):
		first := ""
		for _, p := range wrong {
			if p.Severity == string(business.Error) {
				first = p.Field + ": " + p.English
				break
			}
		}
		return problem(http.StatusUnprocessableEntity, "rules_wrong", first)
	default:
		return err
	}
}
