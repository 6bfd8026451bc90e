package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"hotline/campaigns"
	"hotline/internal/call"
	"hotline/internal/store"
)

// viewCustomer has masked numbers: the whole ones are read one by one, and that is
// written down.
func viewCustomer(c store.Customer) store.Customer {
	c.Numbers = slices.Clone(c.Numbers)
	for n := range c.Numbers {
		c.Numbers[n] = mask(c.Numbers[n])
	}
	return c
}

type customersInput struct {
	Query  string `query:"q" maxLength:"200" doc:"a number, its last four digits, or words of name and tags"`
	Tier   string `query:"tier" enum:"vip,"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Cursor string `query:"cursor" maxLength:"512"`
}

type customerList struct {
	Body struct {
		Items      []store.Customer `json:"items"`
		NextCursor string           `json:"next_cursor"`
	}
}

// CustomerDetail is a customer with all that there was.
type CustomerDetail struct {
	store.Customer

	Calls   []Call                         `json:"calls" doc:"that one sees, newest first"`
	Tickets []store.Ticket                 `json:"tickets"`
	Wishes  []Wish                         `json:"wishes"`
	Tables  map[string][]map[string]string `json:"tables" doc:"rows of the business's tables, by table"`

	DoNotCall []campaigns.Suppression `json:"do_not_call" doc:"why campaigns do not call him, by number"`
}

type customerOutput struct{ Body CustomerDetail }

type changeCustomerInput struct {
	IDInput

	Body struct {
		Version  int         `json:"version" minimum:"1"`
		Name     *string     `json:"name,omitempty" maxLength:"200"`
		Tier     *string     `json:"tier,omitempty" enum:"vip,"`
		Language *string     `json:"language,omitempty" enum:"zh,en,"`
		Tags     *[]string   `json:"tags,omitempty" maxItems:"30"`
		Notes    *string     `json:"notes,omitempty" maxLength:"4000"`
		Consent  *NewConsent `json:"consent,omitempty" doc:"is added"`
	}
}

// NewConsent is a consent that is written down now.
type NewConsent struct {
	Purpose string `json:"purpose" minLength:"1" maxLength:"64" doc:"calls, sms, recording …"`
	Given   bool   `json:"given" doc:"false takes it back"`
	How     string `json:"how" minLength:"1" maxLength:"200" doc:"in which call, by which form"`
}

type mergeInput struct {
	IDInput

	Body struct {
		From string `json:"from" minLength:"1" maxLength:"64" doc:"the id of the customer that is to be the same"`
	}
}

type partInput struct {
	IDInput

	Body struct {
		Number string `json:"number" minLength:"4" maxLength:"128"`
	}
}

type numbersOutput struct {
	Body struct {
		Numbers []string `json:"numbers"`
	}
}

func (s *Server) customerRoutes() {
	route(s, operation(http.MethodGet, "/customers", "list-customers", "Customers, who was here last first; numbers are masked", "customers"), s.listCustomers)
	route(s, operation(http.MethodGet, "/customers/{id}", "get-customer", "A customer with calls, tickets and rows of tables", "customers"), s.getCustomer)
	route(s, operation(http.MethodGet, "/customers/{id}/numbers", "get-customer-numbers", "A customer's whole numbers; the audit trail says who has read them", "customers"), s.customerNumbers)
	route(s, operation(http.MethodPatch, "/customers/{id}", "change-customer", "Change a profile that was read at a version", "customers"), s.changeCustomer)
	route(s, operation(http.MethodPost, "/customers/{id}/merge", "merge-customers", "Make one of two", "customers"), s.mergeCustomers)
	route(s, operation(http.MethodPost, "/customers/{id}/part", "part-customer", "Give a number a profile of its own again", "customers"), s.partCustomer)
	s.doNotCallRoutes()
}

func (s *Server) listCustomers(ctx context.Context, in *customersInput) (*customerList, error) {
	page, err := s.cfg.Store.Customers(ctx, store.CustomerFilter{Query: strings.TrimSpace(in.Query), Tier: in.Tier, Limit: in.Limit, Cursor: in.Cursor})
	if err != nil {
		return nil, err
	}
	out := &customerList{}
	out.Body.Items, out.Body.NextCursor = make([]store.Customer, 0, len(page.Items)), page.Next
	for _, c := range page.Items {
		out.Body.Items = append(out.Body.Items, viewCustomer(c))
	}
	return out, nil
}

// pastCalls is how much of each kind a profile shows.
const pastCalls = 20

func (s *Server) getCustomer(ctx context.Context, in *IDInput) (*customerOutput, error) {
	c, err := s.cfg.Store.Profile(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.showCustomer(ctx, c)
}

func (s *Server) showCustomer(ctx context.Context, c store.Customer) (*customerOutput, error) {
	i := who(ctx)
	out := &customerOutput{CustomerDetail{Customer: viewCustomer(c), Calls: []Call{}, Tickets: []store.Ticket{}, Wishes: []Wish{}, Tables: map[string][]map[string]string{}}}
	var err error
	if out.Body.DoNotCall, err = s.notCalled(ctx, c); err != nil {
		return nil, err
	}
	now := time.Now()
	for _, n := range c.Numbers {
		if store.NormalNumber(n) == "" {
			continue
		}
		f := store.Filter{Number: n, Limit: pastCalls}
		s.narrow(i, &f)
		calls, err := s.cfg.Store.Calls(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, r := range calls.Items {
			v := i.view(r, now)
			v.Caller, v.Called, v.Signalling = mask(r.Caller), mask(r.Called), call.Signalling{}
			out.Body.Calls = append(out.Body.Calls, v)
		}
		tickets, err := s.cfg.Store.Tickets(ctx, store.TicketFilter{Number: n, Limit: pastCalls, Sees: s.ticketSight(i)})
		if err != nil {
			return nil, err
		}
		for _, t := range tickets.Items {
			t.Number = mask(t.Number)
			out.Body.Tickets = append(out.Body.Tickets, t)
		}
		wishes, err := s.cfg.Store.Wishes(ctx, store.WishFilter{Number: n, Limit: pastCalls})
		if err != nil {
			return nil, err
		}
		for _, w := range wishes.Items {
			w.Number = mask(w.Number)
			out.Body.Wishes = append(out.Body.Wishes, Wish{w.Wish, w.DoneAt, w.DoneBy})
		}
	}
	slices.SortFunc(out.Body.Calls, func(a, b Call) int { return cmp.Or(b.StartedAt.Compare(a.StartedAt), strings.Compare(b.ID, a.ID)) })
	slices.SortFunc(out.Body.Tickets, func(a, b store.Ticket) int { return b.MadeAt.Compare(a.MadeAt) })
	out.Body.Calls = out.Body.Calls[:min(len(out.Body.Calls), pastCalls)]
	if s.cfg.CustomerRows != nil && i.seesNumbers() {
		same := map[string]bool{}
		for _, n := range c.Numbers {
			same[store.NormalNumber(n)] = true
		}
		for name, rows := range s.cfg.CustomerRows(func(n string) bool { return same[store.NormalNumber(n)] }) {
			out.Body.Tables[name] = maskRows(rows, same)
		}
	}
	return out, nil
}

// maskRows has the customer's own numbers masked in what tables say of him.
func maskRows(rows []map[string]string, same map[string]bool) []map[string]string {
	out := make([]map[string]string, len(rows))
	for n, row := range rows {
		out[n] = map[string]string{}
		for column, v := range row {
			if same[store.NormalNumber(v)] {
				v = mask(v)
			}
			out[n][column] = v
		}
	}
	return out
}

func (s *Server) customerNumbers(ctx context.Context, in *IDInput) (*numbersOutput, error) {
	c, err := s.cfg.Store.Profile(ctx, in.ID)
	out := &numbersOutput{}
	out.Body.Numbers = list(c.Numbers)
	return out, err
}

func (s *Server) changeCustomer(ctx context.Context, in *changeCustomerInput) (*customerOutput, error) {
	c, err := s.cfg.Store.Profile(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	b := in.Body
	if c.Version != b.Version {
		return nil, ticketProblem(store.ErrStale)
	}
	for to, v := range map[*string]*string{&c.Name: b.Name, &c.Tier: b.Tier, &c.Language: b.Language, &c.Notes: b.Notes} {
		if v != nil {
			*to = strings.TrimSpace(*v)
		}
	}
	if b.Tags != nil {
		c.Tags = []string{}
		for _, t := range *b.Tags {
			if t = strings.TrimSpace(t); t != "" && len(t) <= 100 && !slices.Contains(c.Tags, t) {
				c.Tags = append(c.Tags, t)
			}
		}
	}
	if b.Consent != nil {
		const most = 200
		c.Consents = append(c.Consents, store.Consent{
			Purpose: strings.TrimSpace(b.Consent.Purpose), Given: b.Consent.Given, How: strings.TrimSpace(b.Consent.How), At: time.Now().UTC().Truncate(time.Second), By: who(ctx).name,
		})
		c.Consents = c.Consents[max(0, len(c.Consents)-most):]
	}
	if c, err = s.cfg.Store.ChangeCustomer(ctx, c); err != nil {
		return nil, ticketProblem(err)
	}
	return s.showCustomer(ctx, c)
}

func (s *Server) mergeCustomers(ctx context.Context, in *mergeInput) (*customerOutput, error) {
	into, err := s.cfg.Store.Profile(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	from, err := s.cfg.Store.Profile(ctx, in.Body.From)
	if err != nil {
		return nil, err
	}
	note(ctx, "from", from.ID)
	c, err := s.cfg.Store.MergeCustomers(ctx, into, from)
	if err != nil {
		return nil, ticketProblem(err)
	}
	return s.showCustomer(ctx, c)
}

func (s *Server) partCustomer(ctx context.Context, in *partInput) (*customerOutput, error) {
	c, err := s.cfg.Store.Profile(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	// A masked number is enough where it says which one is meant.
	var meant []string
	for _, n := range c.Numbers {
		if store.NormalNumber(n) == store.NormalNumber(in.Body.Number) || mask(n) == in.Body.Number {
			meant = append(meant, n)
		}
	}
	if len(meant) != 1 {
		return nil, ticketProblem(store.ErrMerge)
	}
	id, err := s.cfg.Store.PartCustomer(ctx, c, meant[0])
	if err != nil {
		return nil, ticketProblem(err)
	}
	note(ctx, "made", id)
	return s.getCustomer(ctx, &in.IDInput)
}
