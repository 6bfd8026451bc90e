package web

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"hotline/campaigns"
	"hotline/internal/outbound"
	"hotline/internal/store"
)

type doNotCallInput struct {
	IDInput

	Body struct {
		Call string `json:"call,omitempty" maxLength:"64" doc:"id of the call in which it was asked for"`
	}
}

type mayCallInput struct {
	IDInput

	Reason string `query:"reason" required:"true" minLength:"2" maxLength:"200" doc:"why he may be called again; it is in the audit trail"`
}

func (s *Server) doNotCallRoutes() {
	const path = "/customers/{id}/do-not-call"
	no := operation(http.MethodPost, path, "do-not-call", "Never call a customer again, by any of his numbers and in no campaign", "customers")
	no.Errors = []int{http.StatusNotFound, http.StatusUnprocessableEntity}
	route(s, no, s.doNotCall)
	yes := operation(http.MethodDelete, path, "may-call", "Let campaigns call a customer again who was not to be called", "customers")
	yes.Errors = []int{http.StatusNotFound, http.StatusUnprocessableEntity}
	route(s, yes, s.mayCall)
}

// notCalled are why campaigns do not call a customer, by his numbers, masked.
func (s *Server) notCalled(ctx context.Context, c store.Customer) ([]campaigns.Suppression, error) {
	out := []campaigns.Suppression{}
	for _, n := range c.Numbers {
		if store.NormalNumber(n) == "" {
			continue
		}
		rows, err := s.cfg.Store.SuppressionsOf(ctx, n)
		if err != nil {
			return nil, err
		}
		for _, p := range rows {
			p.Number = mask(p.Number)
			out = append(out, p)
		}
	}
	return out, nil
}

// doNotCall is asked for in a call as a rule, and then says which it was.
func (s *Server) doNotCall(ctx context.Context, in *doNotCallInput) (*customerOutput, error) {
	if s.cfg.Campaigns == nil {
		return nil, errNoCampaigns
	}
	c, err := s.cfg.Store.Profile(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if id := in.Body.Call; id != "" {
		r, err := s.served(ctx, id)
		if err != nil {
			return nil, err
		}
		with := store.NormalNumber(farEnd(r))
		if !slices.ContainsFunc(c.Numbers, func(n string) bool { return store.NormalNumber(n) == with }) {
			return nil, problem(http.StatusUnprocessableEntity, "wrong_call", "this call was with a number that is none of this customer's: name a call of his, or none")
		}
		note(ctx, "call", id)
	}
	err = s.eachNumber(c, func(n string) error {
		return s.cfg.Campaigns.Suppress(ctx, campaigns.Suppression{Number: n, List: outbound.OwnList, How: "by " + who(ctx).name, Call: in.Body.Call})
	})
	if err != nil {
		return nil, err
	}
	return s.showCustomer(ctx, c)
}

func (s *Server) mayCall(ctx context.Context, in *mayCallInput) (*customerOutput, error) {
	if s.cfg.Campaigns == nil {
		return nil, errNoCampaigns
	}
	c, err := s.cfg.Store.Profile(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	note(ctx, "reason", in.Reason)
	err = s.eachNumber(c, func(n string) error {
		err := s.cfg.Campaigns.Unsuppress(ctx, n, outbound.OwnList, "")
		if errors.Is(err, store.ErrNotFound) {
			err = nil // another of his numbers is on the list
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.showCustomer(ctx, c)
}

// eachNumber does f with the numbers of a customer that campaigns could call; one of them
// has to be there.
func (*Server) eachNumber(c store.Customer, f func(number string) error) error {
	done := false
	for _, n := range c.Numbers {
		switch err := f(n); {
		case errors.Is(err, outbound.ErrNumber): // an extension, a name
		case err != nil:
			return err
		default:
			done = true
		}
	}
	if !done {
		return campaignProblem(outbound.ErrNumber)
	}
	return nil
}
