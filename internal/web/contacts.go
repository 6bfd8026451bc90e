package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"hotline/campaigns"
	"hotline/campaigns/contacts"
	"hotline/internal/outbound"
	"hotline/internal/store"

	"github.com/danielgtaylor/huma/v2"
)

// Limits of files of contacts: a million of them in some columns, and what is shown of
// the rows that were not added.
const (
	maxContacts  = 400 << 20
	contactsTime = 15 * time.Minute
	maxBadRows   = 4 << 20
)

type contactListInput struct {
	ID     string `path:"id" maxLength:"64"`
	State  string `query:"state" enum:"waiting,dialling,reached,exhausted,suppressed,invalid,withdrawn"`
	Reason string `query:"reason" maxLength:"64"`
	Number string `query:"number" maxLength:"64"`
	After  int64  `query:"after" minimum:"0" doc:"id of the last one seen"`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

// ContactList are contacts by id.
type ContactList struct {
	Body struct {
		Items []campaigns.Contact `json:"items"`
		Next  int64               `json:"next,omitempty" doc:"for after; 0: that is all"`
	}
}

type contactAddInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body struct {
		Number string            `json:"number" minLength:"1" maxLength:"64"`
		Name   string            `json:"name,omitempty" maxLength:"200"`
		Zone   string            `json:"zone,omitempty" maxLength:"64"`
		Fields map[string]string `json:"fields,omitempty"`
		Rank   int               `json:"rank,omitempty"`
		Agent  string            `json:"agent,omitempty" maxLength:"64"`
	}
}

// ContactAdded is the contact that was added.
type ContactAdded struct {
	Body struct {
		ID    int64 `json:"id"`
		Again bool  `json:"again" doc:"it is there already"`
	}
}

type contactInput struct {
	ID int64 `path:"id" minimum:"1"`
}

type contactHistoryOutput struct{ Body outbound.History }

type contactImportInput struct {
	ID       string `path:"id" maxLength:"64"`
	Language string `query:"language" enum:"zh,en" default:"en" doc:"of the reasons"`
	Mapping  string `query:"mapping" maxLength:"8192" doc:"JSON, as the preview has it; guessed without"`
}

type contactImportOutput struct {
	Body struct {
		contacts.Report
		BadRows string `json:"bad_rows,omitempty" doc:"CSV of the rows that were not added, with the reason"`
		Cut     bool   `json:"cut,omitempty" doc:"there are more of them"`
	}
}

type contactLookInput struct {
	RawBody []byte `contentType:"application/octet-stream"`
}

type contactLookOutput struct{ Body contacts.Preview }

type triggerInput struct {
	Name string `path:"name" maxLength:"64" doc:"the campaign's id"`
	Key  string `header:"Idempotency-Key" maxLength:"200" doc:"the same event twice makes one call"`
	Body struct {
		Number string            `json:"number" minLength:"1" maxLength:"64"`
		Name   string            `json:"name,omitempty" maxLength:"200"`
		Zone   string            `json:"zone,omitempty" maxLength:"64"`
		Facts  map[string]string `json:"facts,omitempty" doc:"what happened, for the script"`
		Wait   int               `json:"wait_s,omitempty" minimum:"0" maximum:"86400" doc:"gather other events of this contact for so long"`
	}
}

func (s *Server) contactRoutes(with func(huma.Operation, ...int) huma.Operation) {
	route(s, with(operation(http.MethodGet, "/campaigns/{id}/contacts", "list-contacts", "Contacts of a campaign", "campaigns"), http.StatusNotFound), s.listContacts)
	route(s, with(operation(http.MethodPost, "/campaigns/{id}/contacts", "add-contact", "Add one, while it runs too", "campaigns"), http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity), s.addContact)
	route(s, with(operation(http.MethodPost, "/campaigns/{id}/contacts/import", "import-contacts", "Add the contacts of a file: multipart/form-data with CSV or Excel in the part file", "campaigns"), http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity), s.importContacts)
	look := with(operation(http.MethodPost, "/campaigns/contacts/look", "look-at-contacts", "What the columns of a file are; its first megabyte is enough of a CSV", "campaigns"), http.StatusUnprocessableEntity)
	look.MaxBodyBytes, look.BodyReadTimeout = maxLooked, requestTime
	route(s, look, s.lookAtContacts)
	route(s, with(operation(http.MethodGet, "/contacts/{id}", "get-contact", "All that happened to a contact", "campaigns"), http.StatusNotFound), s.getContact)
	route(s, with(operation(http.MethodDelete, "/contacts/{id}", "withdraw-contact", "Take a contact out that waits", "campaigns"), http.StatusNotFound, http.StatusConflict), s.withdrawContact)
	s.contactExportRoutes(with)
	route(s, with(operation(http.MethodPost, "/contacts/{id}/dial", "dial-contact", "Call a contact of a campaign in which agents look first: one's own telephone rings, then his", "campaigns"), http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity), s.dialContact)
	route(s, operation(http.MethodGet, "/desk/contact", "next-contact", "Whom one may call next in campaigns in which agents look first", "campaigns"), s.nextContact)
	route(s, with(operation(http.MethodPost, "/contacts/{id}/skip", "skip-contact", "Do not call a contact whom one has looked at: after some minutes again, or not any more", "campaigns"), http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity), s.skipContact)
	route(s, with(operation(http.MethodPost, "/triggers/{name}", "trigger", "Something happened: have the contact called", "campaigns"), http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity), s.trigger)
}

// maxLooked is of a file that is looked at: an Excel file has to be whole.
const maxLooked = 64 << 20

func (s *Server) listContacts(ctx context.Context, in *contactListInput) (*ContactList, error) {
	if s.cfg.Campaigns == nil {
		return nil, errNoCampaigns
	}
	list, err := s.cfg.Campaigns.Contacts(ctx, store.ContactFilter{
		Campaign: in.ID, State: campaigns.ContactState(in.State), Reason: in.Reason, Number: in.Number, After: in.After, Limit: in.Limit + 1,
	})
	if err != nil {
		return nil, err
	}
	out := &ContactList{}
	if len(list) > in.Limit {
		list = list[:in.Limit]
		out.Body.Next = list[in.Limit-1].ID
	}
	out.Body.Items = make([]campaigns.Contact, len(list))
	for n, k := range list {
		out.Body.Items[n] = who(ctx).viewContact(k)
	}
	return out, nil
}

func (s *Server) addContact(ctx context.Context, in *contactAddInput) (*ContactAdded, error) {
	if s.cfg.Campaigns == nil {
		return nil, errNoCampaigns
	}
	b := in.Body
	id, err := s.cfg.Campaigns.Add(ctx, campaigns.Contact{Campaign: in.ID, Number: b.Number, Name: b.Name, Zone: b.Zone, Fields: b.Fields, Rank: b.Rank, Agent: b.Agent})
	if err != nil {
		return nil, campaignProblem(err)
	}
	out := &ContactAdded{}
	out.Body.ID, out.Body.Again = id, id == 0
	return out, nil
}

func (s *Server) getContact(ctx context.Context, in *contactInput) (*contactHistoryOutput, error) {
	if s.cfg.Campaigns == nil {
		return nil, errNoCampaigns
	}
	h, err := s.cfg.Campaigns.History(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	i := who(ctx)
	h.Contact = i.viewContact(h.Contact)
	if !i.seesNumbers() {
		for n := range h.Consents {
			h.Consents[n].Number = mask(h.Consents[n].Number)
		}
		for n := range h.Lists {
			h.Lists[n].Number = mask(h.Lists[n].Number)
		}
		for n := range h.Attempts {
			h.Attempts[n].Slots = nil
		}
	}
	return &contactHistoryOutput{h}, nil
}

func (s *Server) withdrawContact(ctx context.Context, in *contactInput) (*struct{}, error) {
	if s.cfg.Campaigns == nil {
		return nil, errNoCampaigns
	}
	return nil, campaignProblem(s.cfg.Campaigns.Withdraw(ctx, in.ID, "by "+who(ctx).name))
}

func (s *Server) dialContact(ctx context.Context, in *contactInput) (*struct{}, error) {
	if s.cfg.Campaigns == nil {
		return nil, errNoCampaigns
	}
	agent := who(ctx).agent
	if agent == "" {
		return nil, problem(http.StatusUnprocessableEntity, "no_agent", "only an agent's account has a telephone that can be rung first")
	}
	return nil, campaignProblem(s.cfg.Campaigns.Dial(ctx, in.ID, agent))
}

type skipInput struct {
	ID   int64 `path:"id" minimum:"1"`
	Body struct {
		Minutes int    `json:"minutes,omitempty" minimum:"0" maximum:"20160" doc:"until he may be called again; 0: not any more in this campaign"`
		Reason  string `json:"reason,omitempty" maxLength:"200"`
	}
}

func (s *Server) skipContact(ctx context.Context, in *skipInput) (*struct{}, error) {
	if s.cfg.Campaigns == nil {
		return nil, errNoCampaigns
	}
	return nil, campaignProblem(s.cfg.Campaigns.Skip(ctx, in.ID, who(ctx).name, in.Body.Reason, time.Duration(in.Body.Minutes)*time.Minute))
}

type nextContactOutput struct {
	Body struct {
		Next *NextContact `json:"next,omitempty" doc:"nobody where it is missing"`
	}
}

// NextContact is whom an agent may call, once he has looked.
type NextContact struct {
	Campaign string           `json:"campaign"`
	Title    string           `json:"title" doc:"the campaign's name"`
	Opening  string           `json:"opening,omitempty" doc:"how its script begins, with the contact's fields"`
	History  outbound.History `json:"history"`
}

// nextContact finds nobody as a rule: that is an answer, for each desk asks every few seconds.
func (s *Server) nextContact(ctx context.Context, _ *struct{}) (*nextContactOutput, error) {
	out := &nextContactOutput{}
	agent := who(ctx).agent
	if s.cfg.Campaigns == nil || agent == "" {
		return out, nil
	}
	n, err := s.cfg.Campaigns.Next(ctx, agent)
	if errors.Is(err, store.ErrNotFound) {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	out.Body.Next = &NextContact{Campaign: n.Campaign.ID, Title: n.Campaign.Name, Opening: n.Opening, History: n.History}
	return out, nil
}

// isContactsFile says whether a request brings a file of contacts, which is long.
func isContactsFile(r *http.Request) bool {
	return r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/api/v1/campaigns/") && strings.HasSuffix(r.URL.Path, "/contacts/import")
}

// importContacts reads the file as it comes: it is never in memory as a whole.
func (s *Server) importContacts(ctx context.Context, in *contactImportInput) (*contactImportOutput, error) {
	if s.cfg.Campaigns == nil {
		return nil, errNoCampaigns
	}
	var mapping *contacts.Mapping
	if in.Mapping != "" {
		mapping = &contacts.Mapping{}
		if err := json.Unmarshal([]byte(in.Mapping), mapping); err != nil {
			return nil, problem(http.StatusUnprocessableEntity, "bad_mapping", "the mapping is no JSON as the preview has it")
		}
	}
	form, err := held(ctx).request.MultipartReader()
	if err != nil {
		return nil, problem(http.StatusUnprocessableEntity, "no_file", "send the file as multipart/form-data, in the part file")
	}
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, problem(http.StatusUnprocessableEntity, "no_file", "the form has no part file")
		}
		if err != nil {
			return nil, problem(http.StatusBadRequest, "broken_off", "the file broke off: "+err.Error())
		}
		if part.FormName() != "file" {
			continue
		}
		out := &contactImportOutput{}
		bad := &capped{most: maxBadRows}
		out.Body.Report, err = s.cfg.Campaigns.Import(ctx, in.ID, part, mapping, in.Language, bad)
		if err != nil {
			return nil, importProblem(err, out.Body.Added)
		}
		out.Body.Cut = bad.cut
		if out.Body.Bad > 0 {
			out.Body.BadRows = bad.String()
		}
		note(ctx, "rows", strconv.Itoa(out.Body.Rows))
		note(ctx, "added", strconv.Itoa(out.Body.Added))
		return out, nil
	}
}

// importProblem says what came of a file that could not be read to its end.
func importProblem(err error, added int) error {
	if p := campaignProblem(err); p != err { //nolint:errorlint // is it another one
		return p
	}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return problem(http.StatusRequestEntityTooLarge, "too_large", fmt.Sprintf("the file has more than %d MiB; divide it. %d contacts were added", maxContacts>>20, added))
	case errors.Is(err, store.ErrNotFound), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	return problem(http.StatusUnprocessableEntity, "file_wrong", fmt.Sprintf("%v; %d contacts were added", err, added))
}

// capped keeps the beginning of what is written, to the end of a line.
type capped struct {
	bytes.Buffer

	most int
	cut  bool
}

func (c *capped) Write(p []byte) (int, error) {
	if c.cut || c.Len()+len(p) > c.most {
		if !c.cut {
			if i := bytes.LastIndexByte(p[:max(0, c.most-c.Len())], '\n'); i >= 0 {
				_, _ = c.Buffer.Write(p[:i+1])
			}
		}
		c.cut = true
		return len(p), nil
	}
	return c.Buffer.Write(p)
}

func (s *Server) lookAtContacts(_ context.Context, in *contactLookInput) (*contactLookOutput, error) {
	if s.cfg.Campaigns == nil {
		return nil, errNoCampaigns
	}
	p, err := s.cfg.Campaigns.Look(bytes.NewReader(in.RawBody))
	if err != nil {
		return nil, problem(http.StatusUnprocessableEntity, "file_wrong", err.Error())
	}
	return &contactLookOutput{p}, nil
}

func (s *Server) trigger(ctx context.Context, in *triggerInput) (*ContactAdded, error) {
	if s.cfg.Campaigns == nil {
		return nil, errNoCampaigns
	}
	b := in.Body
	k := campaigns.Contact{Number: b.Number, Name: b.Name, Zone: b.Zone, Fields: b.Facts}
	id, again, err := s.cfg.Campaigns.Trigger(ctx, in.Name, in.Key, k, time.Duration(b.Wait)*time.Second)
	if err != nil {
		return nil, campaignProblem(err)
	}
	out := &ContactAdded{}
	out.Body.ID, out.Body.Again = id, again
	return out, nil
}
