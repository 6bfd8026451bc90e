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

// Rules are the businesses' settings, to be looked at and changed; see package rules.
type Rules interface {
	Show(ctx context.Context, business string) (rules.BookPage, error)
	Check(ctx context.Context, business string, want business.Rules) (rules.EditCheck, error)
	Save(ctx context.Context, business, stamp string, want business.Rules, by string) (rules.EditCheck, error)
	Undo(ctx context.Context, business, file string, version int64, by string) (changed []string, err error)
	ShowSheets(ctx context.Context, business string) (rules.SheetPage, error)
	SaveSheets(ctx context.Context, business, stamp string, want business.SheetRules, by string) (rules.EditCheck, error)
	ShowWords(ctx context.Context, business, subject string) (rules.WordPage, error)
	SaveWords(ctx context.Context, business, subject, stamp string, want []string, by string) (rules.EditCheck, error)
}

type rulesInput struct {
	Business string `query:"business" maxLength:"128" doc:"the first one without"`
}

type rulesOutput struct{ Body rules.BookPage }

type rulesCheckInput struct {
	Business string `query:"business" maxLength:"128" doc:"the first one without"`

	Body struct {
		Rules business.Rules `json:"rules"`
	}
}

type rulesCheckOutput struct{ Body rules.EditCheck }

type rulesSaveInput struct {
	Business string `query:"business" maxLength:"128" doc:"the first one without"`

	Body struct {
		Stamp string         `json:"stamp" maxLength:"64" doc:"of the file that the rules were made from"`
		Rules business.Rules `json:"rules"`
	}
}

type rulesUndoInput struct {
	Business string `query:"business" maxLength:"128" doc:"the first one without"`

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
	s.wordRoutes(with)
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
	return s.rules(ctx, &rulesInput{in.Business})
}

func (s *Server) undoRules(ctx context.Context, in *rulesUndoInput) (*rulesOutput, error) {
	if err := s.undoSettings(ctx, in.Business, business.File, in.Body.Version); err != nil {
		return nil, err
	}
	return s.rules(ctx, &rulesInput{in.Business})
}

// undoSettings takes the last change of a file back.
func (s *Server) undoSettings(ctx context.Context, of, file string, version int64) error {
	if s.cfg.Rules == nil {
		return errNoRules
	}
	changed, err := s.cfg.Rules.Undo(ctx, of, file, version, who(ctx).name)
	if err != nil {
		return ruleProblem(err, nil)
	}
	note(ctx, "file", file)
	note(ctx, "changed", strings.Join(changed, " "))
	note(ctx, "undoes", strconv.FormatInt(version, 10))
	return nil
}

// ruleProblem tells the client what it can do about an error.
func ruleProblem(err error, wrong []rules.EditProblem) error {
	switch {
	case errors.Is(err, rules.ErrNoBusiness):
		return problem(http.StatusNotFound, "no_such_business", err.Error())
	case errors.Is(err, rules.ErrNoFile):
		return problem(http.StatusNotFound, "no_such_file", err.Error())
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
