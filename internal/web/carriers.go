package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"hotline/internal/carrier"
	"hotline/internal/rules"

	"github.com/danielgtaylor/huma/v2"
)

// Carriers are the trunks' settings, to be looked at, changed and tried; see package
// carrier.
type Carriers interface {
	Show(ctx context.Context) (carrier.TrunkPage, error)
	Check(ctx context.Context, want []carrier.TrunkForm) (rules.EditCheck, error)
	Save(ctx context.Context, stamp string, want []carrier.TrunkForm, by string) (rules.EditCheck, error)
	Undo(ctx context.Context, version int64, by string) (changed []string, err error)
	// Try asks the carrier, or says by rules.ErrWrong that the settings are wrong.
	Try(ctx context.Context, t carrier.TrunkForm) (TrunkTrial, rules.EditCheck, error)
}

// TrunkTrial is what a carrier said to settings that were tried.
type TrunkTrial struct {
	Proxy         string `json:"proxy" doc:"the address that was asked"`
	RTT           int64  `json:"rtt_ms"`
	OptionsError  string `json:"options_error" doc:"empty: it answers"`
	Registers     bool   `json:"registers" doc:"a registration was tried too, and taken back"`
	RegisterError string `json:"register_error" doc:"empty: it lets us register"`
	Granted       int64  `json:"granted_s" doc:"the time that it gave"`
}

type carriersOutput struct{ Body carrier.TrunkPage }

type carriersCheckInput struct {
	Body struct {
		Trunks []carrier.TrunkForm `json:"trunks" maxItems:"100" doc:"all of them"`
	}
}

type carriersCheckOutput struct{ Body rules.EditCheck }

type carriersSaveInput struct {
	Body struct {
		Stamp  string              `json:"stamp" maxLength:"64" doc:"of the page that they were made from"`
		Trunks []carrier.TrunkForm `json:"trunks" maxItems:"100" doc:"all of them; one that is left out is taken away"`
	}
}

type carriersUndoInput struct {
	Body struct {
		Version int64 `json:"version" doc:"the last one"`
	}
}

type carrierTryInput struct{ Body carrier.TrunkForm }

type carrierTryOutput struct{ Body TrunkTrial }

func (s *Server) carrierRoutes() {
	with := func(op huma.Operation, codes ...int) huma.Operation {
		op.Errors = codes
		return op
	}
	route(s, operation(http.MethodGet, "/trunks/settings", "trunk-settings", "The trunks as a form, without their passwords", "system"), s.carriers)
	route(s, operation(http.MethodPost, "/trunks/settings/check", "check-trunks", "What a change of the trunks would do, and what is wrong with it", "system"), s.checkCarriers)
	route(s, with(operation(http.MethodPut, "/trunks/settings", "set-trunks", "Change the trunks: it counts at once, and calls in progress go on", "system"), http.StatusConflict, http.StatusUnprocessableEntity), s.setCarriers)
	route(s, with(operation(http.MethodPost, "/trunks/settings/undo", "undo-trunks", "Take the last change of the trunks back", "system"), http.StatusConflict, http.StatusUnprocessableEntity), s.undoCarriers)
	route(s, with(operation(http.MethodPost, "/trunks/settings/try", "try-trunk", "Ask a carrier by settings that need not be in force: OPTIONS, and a registration that is taken back", "system"), http.StatusUnprocessableEntity), s.tryCarrier)
}

var errNoCarriers = problem(http.StatusNotImplemented, "no_trunks", "this server has no trunks that can be changed")

func (s *Server) carriers(ctx context.Context, _ *struct{}) (*carriersOutput, error) {
	if s.cfg.Carriers == nil {
		return nil, errNoCarriers
	}
	page, err := s.cfg.Carriers.Show(ctx)
	if err != nil {
		return nil, err
	}
	return &carriersOutput{page}, nil
}

func (s *Server) checkCarriers(ctx context.Context, in *carriersCheckInput) (*carriersCheckOutput, error) {
	if s.cfg.Carriers == nil {
		return nil, errNoCarriers
	}
	done, err := s.cfg.Carriers.Check(ctx, in.Body.Trunks)
	if err != nil {
		return nil, err
	}
	return &carriersCheckOutput{done}, nil
}

func (s *Server) setCarriers(ctx context.Context, in *carriersSaveInput) (*carriersOutput, error) {
	if s.cfg.Carriers == nil {
		return nil, errNoCarriers
	}
	done, err := s.cfg.Carriers.Save(ctx, in.Body.Stamp, in.Body.Trunks, who(ctx).name)
	if err != nil {
		return nil, carrierProblem(err, done.Problems)
	}
	note(ctx, "changed", strings.Join(done.Changed, " "))
	return s.carriers(ctx, nil)
}

func (s *Server) undoCarriers(ctx context.Context, in *carriersUndoInput) (*carriersOutput, error) {
	if s.cfg.Carriers == nil {
		return nil, errNoCarriers
	}
	changed, err := s.cfg.Carriers.Undo(ctx, in.Body.Version, who(ctx).name)
	if err != nil {
		return nil, carrierProblem(err, nil)
	}
	note(ctx, "changed", strings.Join(changed, " "))
	note(ctx, "undoes", strconv.FormatInt(in.Body.Version, 10))
	return s.carriers(ctx, nil)
}

func (s *Server) tryCarrier(ctx context.Context, in *carrierTryInput) (*carrierTryOutput, error) {
	if s.cfg.Carriers == nil {
		return nil, errNoCarriers
	}
	got, check, err := s.cfg.Carriers.Try(ctx, in.Body)
	if err != nil {
		return nil, carrierProblem(err, check.Problems)
	}
	note(ctx, "trunk", in.Body.Name)
	note(ctx, "proxy", got.Proxy)
	return &carrierTryOutput{got}, nil
}

// carrierProblem tells the client what it can do about an error.
func carrierProblem(err error, wrong []rules.EditProblem) error {
	if errors.Is(err, rules.ErrWrong) && len(wrong) == 0 {
		return problem(http.StatusUnprocessableEntity, "rules_wrong", err.Error())
	}
	return ruleProblem(err, wrong)
}
