package web

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"hotline/campaigns"
	"hotline/internal/outbound"
	"hotline/internal/store"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// contactPage is how many contacts of a file are read at once, and contactsMost how many
// it holds: what a sheet of Excel does, less its heading.
const (
	contactPage  = 1000
	contactsMost = 1<<20 - 1
)

type contactExportInput struct {
	ID     string `path:"id" maxLength:"64"`
	State  string `query:"state" enum:"waiting,dialling,reached,exhausted,suppressed,invalid,withdrawn"`
	Reason string `query:"reason" maxLength:"64"`
	Number string `query:"number" maxLength:"64"`
}

func (s *Server) contactExportRoutes(with func(huma.Operation, ...int) huma.Operation) {
	for format, media := range map[string]string{"csv": "text/csv", "xlsx": excelType} {
		export := with(operation(http.MethodGet, "/campaigns/{id}/contacts."+format, "export-contacts-"+format, "The contacts as a file, each with what came of its last call; at most 1,048,575", "campaigns"), http.StatusNotFound)
		export.Responses = streamed(media, "one line per contact")
		route(s, export, func(ctx context.Context, in *contactExportInput) (*huma.StreamResponse, error) {
			return s.exportContacts(ctx, in, format)
		})
	}
}

func contactHeading() []string {
	return []string{
		"id", "number", "name", "zone", "fields", "state", "reason", "variant", "made", "due_at",
		"called_at", "outcome", "kind", "answered", "seconds", "goal", "slots", "score", "refused", "callback_at", "person", "trunk", "cost", "call",
	}
}

func pairs(m map[string]string) string {
	list := make([]string, 0, len(m))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		list = append(list, name+": "+m[name])
	}
	return cell(strings.Join(list, "; "))
}

func contactRow(e outbound.Exported) []string {
	at := func(when time.Time) string {
		if when.IsZero() {
			return ""
		}
		return when.UTC().Format(time.RFC3339)
	}
	k := e.Contact
	row := []string{
		strconv.FormatInt(k.ID, 10), number(k.Number), cell(k.Name), k.Zone, pairs(k.Fields), string(k.State), cell(k.Reason), cell(k.Variant), strconv.Itoa(k.Made), at(k.Due),
	}
	a := e.Last
	if a == nil {
		return append(row, make([]string, len(contactHeading())-len(row))...)
	}
	score := ""
	if a.Score > 0 {
		score = strconv.Itoa(a.Score)
	}
	return append(row, at(a.ClaimedAt), string(a.Outcome), a.Kind, strconv.FormatBool(a.Answered), strconv.FormatFloat(a.Seconds, 'f', 1, 64), cell(a.Goal), pairs(a.Slots), score,
		strconv.FormatBool(a.Refused), at(a.Callback), cell(a.Person), cell(a.Trunk), strconv.FormatFloat(a.Cost, 'f', -1, 64), a.Call)
}

// exportContacts writes what the filter finds, page by page.
func (s *Server) exportContacts(ctx context.Context, in *contactExportInput, format string) (*huma.StreamResponse, error) {
	if s.cfg.Campaigns == nil {
		return nil, errNoCampaigns
	}
	i := who(ctx)
	f := store.ContactFilter{Campaign: in.ID, State: campaigns.ContactState(in.State), Reason: in.Reason, Number: in.Number, Limit: contactPage}
	if _, err := s.cfg.Campaigns.Get(ctx, in.ID); err != nil {
		return nil, err
	}
	page, err := s.cfg.Campaigns.Export(ctx, f) // what can go wrong does so before the headers
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hctx huma.Context) {
		_, w := humago.Unwrap(hctx)
		write, flush := table(w, "contacts", format)
		err := write(contactHeading())
		for n := 0; err == nil; {
			for _, e := range page {
				if e.Contact = i.viewContact(e.Contact); e.Last != nil && !i.seesNumbers() {
					e.Last.Slots = nil
				}
				if err = write(contactRow(e)); err != nil {
					break
				}
			}
			n += len(page)
			last := len(page) < contactPage || n+contactPage > contactsMost
			if err == nil {
				err = flush(last)
			}
			if err != nil || last {
				break
			}
			_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(requestTime))
			f.After = page[len(page)-1].Contact.ID
			page, err = s.cfg.Campaigns.Export(ctx, f)
		}
		if err != nil {
			s.log.ErrorContext(ctx, "export_broke_off", "error", err)
			panic(http.ErrAbortHandler) // the client must not take a part for the whole
		}
	}}, nil
}
