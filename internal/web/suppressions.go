package web

import (
	"bytes"
	"cmp"
	"context"
	"net/http"
	"strconv"
	"time"

	"hotline/campaigns"
	"hotline/campaigns/contacts"
	"hotline/internal/outbound"

	"github.com/danielgtaylor/huma/v2"
)

type suppressionListInput struct {
	List   string    `query:"list" enum:"own,national"`
	Number string    `query:"number" maxLength:"64" doc:"only what holds of this one"`
	Before time.Time `query:"before" doc:"the time of the last one seen"`
	Limit  int       `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

// SuppressionList are numbers that are not called.
type SuppressionList struct {
	Body struct {
		Items  []campaigns.Suppression `json:"items"`
		Counts map[string]int          `json:"counts" doc:"of each list"`
	}
}

type suppressInput struct {
	Body struct {
		Number  string    `json:"number" minLength:"1" maxLength:"64"`
		Purpose string    `json:"purpose,omitempty" enum:"service,reminder,survey,marketing" doc:"all without"`
		Until   time.Time `json:"until,omitzero" doc:"for good without"`
		How     string    `json:"how,omitempty" maxLength:"100" doc:"how it was asked for: sms, letter, agent …; by whoever sends this without"`
		Call    string    `json:"call,omitempty" maxLength:"64" doc:"id of the call in which it was"`
	}
}

type unsuppressInput struct {
	Number  string `query:"number" required:"true" maxLength:"64"`
	List    string `query:"list" enum:"own,national" default:"own"`
	Purpose string `query:"purpose" enum:"service,reminder,survey,marketing"`
	Reason  string `query:"reason" required:"true" minLength:"2" maxLength:"200" doc:"why he may be called again; it is in the audit trail"`
}

type listImportInput struct {
	List     string `query:"list" enum:"own,national" default:"national"`
	Language string `query:"language" enum:"zh,en" default:"en"`
	RawBody  []byte `contentType:"application/octet-stream"`
}

type listImportOutput struct {
	Body struct {
		contacts.Report
		BadRows string `json:"bad_rows,omitempty" doc:"CSV of the rows that were not added, with the reason"`
		Cut     bool   `json:"cut,omitempty" doc:"there are more of them"`
	}
}

type consentListInput struct {
	Number string `query:"number" required:"true" minLength:"1" maxLength:"64"`
}

// ConsentList is what a number has agreed to.
type ConsentList struct {
	Body struct {
		Items []campaigns.Consent `json:"items"`
	}
}

type consentInput struct {
	Body struct {
		Number  string    `json:"number" minLength:"1" maxLength:"64"`
		Purpose string    `json:"purpose" enum:"service,reminder,survey,marketing"`
		Given   bool      `json:"given" doc:"false: taken back"`
		At      time.Time `json:"at,omitzero" doc:"now without"`
		How     string    `json:"how" minLength:"1" maxLength:"200" doc:"order form, by telephone …"`
		File    string    `json:"file,omitempty" maxLength:"500" doc:"of the evidence"`
	}
}

type consentImportInput struct {
	Purpose  string    `query:"purpose" required:"true" enum:"service,reminder,survey,marketing"`
	How      string    `query:"how" required:"true" minLength:"1" maxLength:"200"`
	File     string    `query:"file" maxLength:"500" doc:"of the evidence"`
	At       time.Time `query:"at" doc:"when they agreed; now without"`
	Language string    `query:"language" enum:"zh,en" default:"en"`
	RawBody  []byte    `contentType:"application/octet-stream"`
}

// CampaignBounds is what no campaign can loosen, as the settings have it.
type CampaignBounds struct {
	Body struct {
		Hours      []string            `json:"hours" doc:"by the callee's clock, of each day"`
		PerDay     int                 `json:"per_day" doc:"calls of all campaigns to one number; 0: no limit"`
		PerWeek    int                 `json:"per_week"`
		Consent    []campaigns.Purpose `json:"consent" doc:"purposes that need it"`
		National   []campaigns.Purpose `json:"national" doc:"purposes that a national list bars"`
		Regions    []string            `json:"regions" doc:"beginnings of numbers; none: all"`
		Holidays   bool                `json:"holidays" doc:"those of the business hold too"`
		Disclosure bool                `json:"disclosure" doc:"a greeting says that it is a machine; always"`

		outbound.Limits
	}
}

func (s *Server) campaignBounds(context.Context, *struct{}) (*CampaignBounds, error) {
	if s.cfg.Campaigns == nil {
		return nil, errNoCampaigns
	}
	r, out := s.cfg.Campaigns.Rules().Bounds(), &CampaignBounds{}
	b := &out.Body
	b.Hours = []string{}
	for _, span := range r.Hours.Days[time.Monday] { // each day has the same
		b.Hours = append(b.Hours, span.String())
	}
	b.Limits = s.cfg.Campaigns.Limits()
	b.PerDay, b.PerWeek, b.Holidays, b.Disclosure = max(r.PerDay, 0), max(r.PerWeek, 0), r.Holidays != nil, true
	b.Consent, b.National, b.Regions = append([]campaigns.Purpose{}, r.Consent...), append([]campaigns.Purpose{}, r.National...), append([]string{}, r.Regions...)
	return out, nil
}

func (s *Server) suppressionRoutes(with func(huma.Operation, ...int) huma.Operation) {
	file := func(op huma.Operation) huma.Operation {
		op.MaxBodyBytes, op.BodyReadTimeout = maxLooked, requestTime
		return with(op, http.StatusUnprocessableEntity)
	}
	route(s, operation(http.MethodGet, "/campaign-bounds", "campaign-bounds", "What no campaign can loosen, as the settings of the server have it", "campaigns"), s.campaignBounds)
	route(s, with(operation(http.MethodGet, "/suppressions", "list-suppressions", "Numbers that are not called, the latest first", "campaigns"), http.StatusUnprocessableEntity), s.listSuppressions)
	route(s, with(operation(http.MethodPost, "/suppressions", "suppress", "Never call a number again, in no campaign", "campaigns"), http.StatusUnprocessableEntity), s.suppress)
	route(s, with(operation(http.MethodDelete, "/suppressions", "unsuppress", "Take a number off a list", "campaigns"), http.StatusNotFound, http.StatusUnprocessableEntity), s.unsuppress)
	route(s, file(operation(http.MethodPost, "/suppressions/import", "import-suppressions", "Add the numbers of a file to a list, CSV or Excel", "campaigns")), s.importSuppressions)
	route(s, with(operation(http.MethodGet, "/consents", "list-consents", "What a number has agreed to, with the evidence", "campaigns"), http.StatusUnprocessableEntity), s.listConsents)
	route(s, with(operation(http.MethodPost, "/consents", "add-consent", "Keep that somebody has agreed, or does so no longer", "campaigns"), http.StatusUnprocessableEntity), s.addConsent)
	route(s, file(operation(http.MethodPost, "/consents/import", "import-consents", "Keep that the numbers of a file have agreed", "campaigns")), s.importConsents)
}

func (s *Server) listSuppressions(ctx context.Context, in *suppressionListInput) (*SuppressionList, error) {
	if s.cfg.Campaigns == nil {
		return nil, errNoCampaigns
	}
	rows, counts, err := s.cfg.Campaigns.Suppressions(ctx, in.List, in.Number, in.Before, in.Limit)
	if err != nil {
		return nil, campaignProblem(err)
	}
	out := &SuppressionList{}
	out.Body.Items, out.Body.Counts = append([]campaigns.Suppression{}, rows...), counts
	if !who(ctx).seesNumbers() {
		for n := range out.Body.Items {
			out.Body.Items[n].Number = mask(out.Body.Items[n].Number)
		}
	}
	return out, nil
}

func (s *Server) suppress(ctx context.Context, in *suppressInput) (*struct{}, error) {
	if s.cfg.Campaigns == nil {
		return nil, errNoCampaigns
	}
	b := in.Body
	return nil, campaignProblem(s.cfg.Campaigns.Suppress(ctx, campaigns.Suppression{
		Number: b.Number, List: outbound.OwnList, Purpose: campaigns.Purpose(b.Purpose), Until: b.Until, How: cmp.Or(b.How, "by "+who(ctx).name), Call: b.Call,
	}))
}

func (s *Server) unsuppress(ctx context.Context, in *unsuppressInput) (*struct{}, error) {
	if s.cfg.Campaigns == nil {
		return nil, errNoCampaigns
	}
	note(ctx, "list", in.List)
	note(ctx, "reason", in.Reason)
	return nil, campaignProblem(s.cfg.Campaigns.Unsuppress(ctx, in.Number, in.List, campaigns.Purpose(in.Purpose)))
}

func (s *Server) importSuppressions(ctx context.Context, in *listImportInput) (*listImportOutput, error) {
	if s.cfg.Campaigns == nil {
		return nil, errNoCampaigns
	}
	bad := &capped{most: maxBadRows}
	report, err := s.cfg.Campaigns.ImportList(ctx, bytes.NewReader(in.RawBody), in.List, in.Language, bad)
	if err != nil {
		return nil, importProblem(err, report.Added)
	}
	return listImported(ctx, report, bad), nil
}

func listImported(ctx context.Context, report contacts.Report, bad *capped) *listImportOutput {
	out := &listImportOutput{}
	out.Body.Report, out.Body.Cut = report, bad.cut
	if report.Bad > 0 {
		out.Body.BadRows = bad.String()
	}
	note(ctx, "rows", strconv.Itoa(report.Rows))
	note(ctx, "added", strconv.Itoa(report.Added))
	return out
}

func (s *Server) listConsents(ctx context.Context, in *consentListInput) (*ConsentList, error) {
	if s.cfg.Campaigns == nil {
		return nil, errNoCampaigns
	}
	rows, err := s.cfg.Campaigns.Consents(ctx, in.Number)
	if err != nil {
		return nil, campaignProblem(err)
	}
	out := &ConsentList{}
	out.Body.Items = append([]campaigns.Consent{}, rows...)
	if !who(ctx).seesNumbers() {
		for n := range out.Body.Items {
			out.Body.Items[n].Number = mask(out.Body.Items[n].Number)
		}
	}
	return out, nil
}

func (s *Server) addConsent(ctx context.Context, in *consentInput) (*struct{}, error) {
	if s.cfg.Campaigns == nil {
		return nil, errNoCampaigns
	}
	b := in.Body
	return nil, campaignProblem(s.cfg.Campaigns.Consent(ctx, campaigns.Consent{
		Number: b.Number, Purpose: campaigns.Purpose(b.Purpose), Given: b.Given, At: b.At, How: b.How, By: who(ctx).name, File: b.File,
	}))
}

func (s *Server) importConsents(ctx context.Context, in *consentImportInput) (*listImportOutput, error) {
	if s.cfg.Campaigns == nil {
		return nil, errNoCampaigns
	}
	bad := &capped{most: maxBadRows}
	report, err := s.cfg.Campaigns.ImportConsents(ctx, bytes.NewReader(in.RawBody), campaigns.Consent{
		Purpose: campaigns.Purpose(in.Purpose), Given: true, At: in.At, How: in.How, By: who(ctx).name, File: in.File,
	}, in.Language, bad)
	if err != nil {
		return nil, importProblem(err, report.Added)
	}
	return listImported(ctx, report, bad), nil
}
