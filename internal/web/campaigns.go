package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"hotline/campaigns"
	"hotline/campaigns/contacts"
	"hotline/internal/outbound"
	"hotline/internal/store"

	"github.com/danielgtaylor/huma/v2"
)

// CampaignList are the campaigns, with how many contacts stand where.
type CampaignList struct {
	Body struct {
		Items []CampaignItem `json:"items"`
	}
}

// CampaignItem is a campaign in a list.
type CampaignItem struct {
	campaigns.Campaign
	Contacts map[campaigns.ContactState]int `json:"contacts"`
	Waits    *outbound.Waits                `json:"waits,omitempty" doc:"why it runs and begins no calls, on no server"`
}

type campaignFilesOutput struct {
	Body struct {
		Items []outbound.CampaignFile `json:"items"`
	}
}

type campaignInput struct {
	ID string `path:"id" maxLength:"64"`
}

type campaignOutput struct{ Body campaigns.Campaign }

type campaignStatusOutput struct{ Body outbound.Status }

type campaignResultsOutput struct{ Body outbound.Results }

type campaignCreateInput struct{ Body campaigns.Campaign }

type campaignChangeInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body campaigns.Campaign
}

type campaignStopInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body *struct {
		HangUp bool `json:"hang_up,omitempty" doc:"end the calls in progress too"`
	}
}

type forecastInput struct {
	ID string    `path:"id" maxLength:"64"`
	At time.Time `query:"at" doc:"now without"`
}

type forecastOutput struct {
	Body struct {
		campaigns.Forecast
		Seen int `json:"seen" doc:"how many contacts were looked at; of a long list the first"`
	}
}

func (s *Server) campaignRoutes() {
	with := func(op huma.Operation, codes ...int) huma.Operation {
		op.Errors = codes
		return op
	}
	const one = "/campaigns/{id}"
	route(s, operation(http.MethodGet, "/campaign-files", "campaign-files", "Campaigns that the businesses bring along (campaigns/*.yaml), made or not", "campaigns"), s.campaignFiles)
	route(s, operation(http.MethodGet, "/campaigns", "list-campaigns", "Campaigns, the newest first", "campaigns"), s.listCampaigns)
	route(s, with(operation(http.MethodPost, "/campaigns", "create-campaign", "Make a campaign; it is a draft until it is started. Durations are nanoseconds", "campaigns"), http.StatusConflict, http.StatusUnprocessableEntity), s.createCampaign)
	route(s, with(operation(http.MethodGet, one, "get-campaign", "A campaign and where it stands", "campaigns"), http.StatusNotFound), s.getCampaign)
	route(s, with(operation(http.MethodPut, one, "change-campaign", "Change what it says; version is the one that was changed", "campaigns"), http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity), s.changeCampaign)
	route(s, with(operation(http.MethodGet, one+"/results", "campaign-results", "What came of it: funnel, costs, hours, variants compared", "campaigns"), http.StatusNotFound), s.campaignResults)
	route(s, with(operation(http.MethodGet, one+"/forecast", "forecast-campaign", "What would happen at a time, if nobody were called until then", "campaigns"), http.StatusNotFound), s.forecastCampaign)
	state := func(what, summary string, f func(*outbound.Service, context.Context, string, bool) (campaigns.Campaign, error)) {
		route(s, with(operation(http.MethodPost, one+"/"+what, what+"-campaign", summary, "campaigns"), http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity),
			func(ctx context.Context, in *campaignStopInput) (*campaignOutput, error) {
				if s.cfg.Campaigns == nil {
					return nil, errNoCampaigns
				}
				c, err := f(s.cfg.Campaigns, ctx, in.ID, in.Body != nil && in.Body.HangUp)
				if err != nil {
					return nil, campaignProblem(err)
				}
				return &campaignOutput{c}, nil
			})
	}
	state("start", "Have its contacts called", func(o *outbound.Service, ctx context.Context, id string, _ bool) (campaigns.Campaign, error) {
		return o.Start(ctx, id)
	})
	state("pause", "Begin no more calls", func(o *outbound.Service, ctx context.Context, id string, hangUp bool) (campaigns.Campaign, error) {
		return o.Pause(ctx, id, hangUp)
	})
	state("resume", "Go on", func(o *outbound.Service, ctx context.Context, id string, _ bool) (campaigns.Campaign, error) {
		return o.Resume(ctx, id)
	})
	state("stop", "End it for good", func(o *outbound.Service, ctx context.Context, id string, hangUp bool) (campaigns.Campaign, error) {
		return o.Stop(ctx, id, hangUp)
	})
	s.contactRoutes(with)
	s.suppressionRoutes(with)
}

var errNoCampaigns = problem(http.StatusNotImplemented, "no_campaigns", "this server makes no calls of its own")

// campaignProblem is what the client can do about an error.
func campaignProblem(err error) error {
	var invalid *outbound.InvalidError
	var file *outbound.FileError
	switch {
	case errors.As(err, &invalid):
		p := problem(http.StatusUnprocessableEntity, "campaign_wrong", invalid.Error())
		for _, w := range invalid.Wrong {
			p.Errors = append(p.Errors, &huma.ErrorDetail{Location: w.Path, Message: w.Want, Value: w.Value})
		}
		return p
	case errors.As(err, &file):
		return problem(http.StatusUnprocessableEntity, "campaign_wrong", file.Error())
	case errors.Is(err, outbound.ErrEmpty):
		return problem(http.StatusConflict, "campaign_empty", err.Error())
	case errors.Is(err, campaigns.ErrAgentNotFree):
		return problem(http.StatusConflict, "agent_not_ready", err.Error())
	case errors.Is(err, store.ErrCampaign):
		return problem(http.StatusConflict, "campaign_exists", err.Error())
	case errors.Is(err, store.ErrState):
		return problem(http.StatusConflict, "campaign_state", err.Error())
	case errors.Is(err, store.ErrStale), errors.Is(err, store.ErrVersion):
		return problem(http.StatusConflict, "campaign_changed", "somebody else has changed the campaign meanwhile; look at it again")
	case errors.Is(err, outbound.ErrNumber):
		return problem(http.StatusUnprocessableEntity, "bad_number", err.Error())
	case errors.Is(err, outbound.ErrFields):
		return problem(http.StatusUnprocessableEntity, "bad_contact", err.Error())
	case errors.Is(err, store.ErrKeyReused):
		return problem(http.StatusUnprocessableEntity, "key_reused", err.Error())
	case errors.Is(err, contacts.ErrNoNumber):
		return problem(http.StatusUnprocessableEntity, "no_number_column", err.Error())
	}
	return err
}

func (s *Server) listCampaigns(ctx context.Context, _ *struct{}) (*CampaignList, error) {
	out := &CampaignList{}
	out.Body.Items = []CampaignItem{}
	if s.cfg.Campaigns == nil {
		return out, nil
	}
	list, err := s.cfg.Campaigns.List(ctx)
	if err != nil {
		return nil, err
	}
	states, err := s.cfg.Store.ContactStates(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range list {
		waits, err := s.cfg.Campaigns.Waits(ctx, c)
		if err != nil {
			return nil, err
		}
		out.Body.Items = append(out.Body.Items, CampaignItem{c, states[c.ID], waits})
	}
	return out, nil
}

func (s *Server) campaignFiles(ctx context.Context, _ *struct{}) (*campaignFilesOutput, error) {
	out := &campaignFilesOutput{}
	out.Body.Items = []outbound.CampaignFile{}
	if s.cfg.Campaigns == nil {
		return out, nil
	}
	list, err := s.cfg.Campaigns.Files(ctx)
	out.Body.Items = list
	return out, err
}

func (s *Server) createCampaign(ctx context.Context, in *campaignCreateInput) (*campaignOutput, error) {
	if s.cfg.Campaigns == nil {
		return nil, errNoCampaigns
	}
	c, err := s.cfg.Campaigns.Create(ctx, in.Body, who(ctx).name)
	if err != nil {
		return nil, campaignProblem(err)
	}
	return &campaignOutput{c}, nil
}

func (s *Server) changeCampaign(ctx context.Context, in *campaignChangeInput) (*campaignOutput, error) {
	if s.cfg.Campaigns == nil {
		return nil, errNoCampaigns
	}
	in.Body.ID = in.ID
	c, err := s.cfg.Campaigns.Change(ctx, in.Body, who(ctx).name)
	if err != nil {
		return nil, campaignProblem(err)
	}
	note(ctx, "version", strconv.Itoa(c.Version))
	return &campaignOutput{c}, nil
}

func (s *Server) getCampaign(ctx context.Context, in *campaignInput) (*campaignStatusOutput, error) {
	if s.cfg.Campaigns == nil {
		return nil, errNoCampaigns
	}
	st, err := s.cfg.Campaigns.Status(ctx, in.ID)
	return &campaignStatusOutput{st}, err
}

func (s *Server) campaignResults(ctx context.Context, in *campaignInput) (*campaignResultsOutput, error) {
	if s.cfg.Campaigns == nil {
		return nil, errNoCampaigns
	}
	r, err := s.cfg.Campaigns.Results(ctx, in.ID)
	return &campaignResultsOutput{r}, err
}

func (s *Server) forecastCampaign(ctx context.Context, in *forecastInput) (*forecastOutput, error) {
	if s.cfg.Campaigns == nil {
		return nil, errNoCampaigns
	}
	at := in.At
	if at.IsZero() {
		at = time.Now()
	}
	f, seen, err := s.cfg.Campaigns.DryRun(ctx, in.ID, at)
	if err != nil {
		return nil, err
	}
	out := &forecastOutput{}
	out.Body.Forecast, out.Body.Seen = f, seen
	i := who(ctx)
	for n := range out.Body.Refused {
		samples := out.Body.Refused[n].Samples
		for k := range samples {
			samples[k].Contact = i.viewContact(samples[k].Contact)
		}
	}
	return out, nil
}

// viewContact hides the number from who must not see it.
func (i *identity) viewContact(k campaigns.Contact) campaigns.Contact {
	if !i.seesNumbers() {
		k.Number, k.Fields = mask(k.Number), nil
	}
	return k
}
