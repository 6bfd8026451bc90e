package web

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"hotline/internal/store"
	"hotline/internal/ticket"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// ticketSight is whose tickets an identity sees; nil for everybody's.
func (s *Server) ticketSight(i *identity) *store.TicketSight {
	agents, all := s.mayListen(i)
	if all {
		return nil
	}
	v := &store.TicketSight{Owners: agents, Teams: i.user.Teams}
	if i.role == store.AgentRole && s.cfg.Teams != nil {
		v.Teams = nil
		for team, members := range s.cfg.Teams() {
			if i.agent != "" && slices.Contains(members, i.agent) {
				v.Teams = append(v.Teams, team)
			}
		}
	}
	return v
}

func (i *identity) viewTicket(t store.Ticket) store.Ticket {
	if !i.seesNumbers() {
		t.Number = mask(t.Number)
	}
	return t
}

// TicketFilterInput chooses tickets.
type TicketFilterInput struct {
	State  []string `query:"state" enum:"open,in_progress,waiting,done,cancelled"`
	Kind   string   `query:"kind" maxLength:"64"`
	Owner  string   `query:"owner" maxLength:"64" doc:"an agent; \"me\" is oneself"`
	Team   string   `query:"team" maxLength:"64"`
	Call   string   `query:"call" maxLength:"64"`
	Number string   `query:"number" maxLength:"128"`
	Query  string   `query:"q" maxLength:"200" doc:"words, a serial, a number or its last four digits"`
	Late   bool     `query:"late"`
	Sort   string   `query:"sort" enum:"made,due,changed" default:"made"`
}

func (f TicketFilterInput) filter(i *identity, sees *store.TicketSight) store.TicketFilter {
	owner := f.Owner
	if owner == "me" {
		owner = i.agent
	}
	return store.TicketFilter{
		States: f.State, Kind: f.Kind, Owner: owner, Team: f.Team, Call: f.Call, Number: f.Number, Query: strings.TrimSpace(f.Query), Late: f.Late, Sort: f.Sort, Sees: sees,
	}
}

type ticketsInput struct {
	TicketFilterInput

	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"50"`
	Cursor string `query:"cursor" maxLength:"512"`
}

type ticketList struct {
	Body struct {
		Items      []store.Ticket `json:"items"`
		NextCursor string         `json:"next_cursor"`
		Open       int            `json:"open" doc:"all that are to be done"`
		Late       int            `json:"late" doc:"of these, past due"`
	}
}

// TicketType is a kind of ticket as the API shows it.
type TicketType struct {
	ticket.Type

	DueS int64 `json:"due_s,omitempty" doc:"how long there is to do it"`
}

type ticketTypes struct {
	Body struct {
		Items  []TicketType `json:"items"`
		Agents []string     `json:"agents"`
		Teams  []string     `json:"teams"`
	}
}

// TicketDetail is a ticket with its history.
type TicketDetail struct {
	store.Ticket

	History []store.Note       `json:"history"`
	Files   []store.TicketFile `json:"files"`
}

type ticketOutput struct{ Body TicketDetail }

type newTicketInput struct{ Body ticket.NewTicket }

type newTicketOutput struct {
	Location string `header:"Location"`
	Body     store.Ticket
}

type changeTicketInput struct {
	IDInput

	Body ticket.Change
}

type commentInput struct {
	IDInput

	Body struct {
		Text string `json:"text" minLength:"1" maxLength:"4000"`
	}
}

type fileInput struct {
	IDInput

	Name    string `query:"name" minLength:"1" maxLength:"200" required:"true"`
	RawBody []byte `contentType:"application/octet-stream"`
}

type fileOutput struct{ Body store.TicketFile }

type fileAsked struct {
	IDInput

	File string `path:"file" maxLength:"64"`
}

type deliveryList struct {
	Body struct {
		Items []store.Delivery `json:"items"`
	}
}

func (s *Server) ticketRoutes() {
	route(s, operation(http.MethodGet, "/tickets", "list-tickets", "Tickets that one sees: one's own, one's team's, nobody's", "tickets"), s.listTickets)
	route(s, operation(http.MethodGet, "/ticket-types", "list-ticket-types", "The kinds of tickets, and who can do them", "tickets"), s.listTicketTypes)
	for format, media := range map[string]string{"csv": "text/csv", "xlsx": excelType} {
		export := operation(http.MethodGet, "/tickets."+format, "export-tickets-"+format, "The list as a file, at most 50,000 tickets", "tickets")
		export.Responses = streamed(media, "one line per ticket")
		route(s, export, func(ctx context.Context, in *TicketFilterInput) (*huma.StreamResponse, error) {
			return s.exportTickets(ctx, in, format)
		})
	}
	create := operation(http.MethodPost, "/tickets", "create-ticket", "Open a ticket", "tickets")
	create.DefaultStatus = http.StatusCreated
	create.Errors = []int{http.StatusUnprocessableEntity}
	route(s, create, s.createTicket)
	route(s, operation(http.MethodGet, "/tickets/{id}", "get-ticket", "A ticket, by id or serial, with its history", "tickets"), s.getTicket)
	change := operation(http.MethodPatch, "/tickets/{id}", "change-ticket", "Change a ticket that was read at a version", "tickets")
	change.Errors = []int{http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity}
	route(s, change, s.changeTicket)
	route(s, operation(http.MethodPost, "/tickets/{id}/comments", "comment-ticket", "Write something into a ticket's history", "tickets"), s.commentTicket)
	attach := operation(http.MethodPost, "/tickets/{id}/files", "attach-file", "Keep a file with a ticket: pictures, PDF, text, sound, office documents, up to 5 MB", "tickets")
	attach.MaxBodyBytes, attach.BodyReadTimeout = store.TicketFileSize, requestTime
	attach.DefaultStatus = http.StatusCreated
	route(s, attach, s.attachFile)
	file := operation(http.MethodGet, "/tickets/{id}/files/{file}", "get-file", "A ticket's file", "tickets")
	file.Responses = streamed("application/octet-stream", "the file")
	route(s, file, s.getFile)
	route(s, operation(http.MethodGet, "/webhooks/dead", "list-dead-webhooks", "What another system was to be told and did not take", "webhooks"), s.deadWebhooks)
	route(s, operation(http.MethodPost, "/webhooks/{id}/retry", "retry-webhook", "Tell it again", "webhooks"), s.retryWebhook)
}

var errNoTickets = problem(http.StatusNotImplemented, "no_tickets", "this server keeps no tickets")

// ticketProblem is what the client learns of what a desk of tickets refuses.
func ticketProblem(err error) error {
	for code, known := range map[string]error{
		"bad_state": ticket.ErrState, "no_summary": ticket.ErrSummary, "field_missing": ticket.ErrField, "no_such_owner": ticket.ErrOwner, "no_text": ticket.ErrText,
		"bad_tier": store.ErrTier, "bad_merge": store.ErrMerge, "too_many_files": store.ErrFiles,
	} {
		if errors.Is(err, known) {
			return problem(http.StatusUnprocessableEntity, code, err.Error())
		}
	}
	for code, known := range map[string]error{"stale": store.ErrStale, "decided": ticket.ErrDecided, "told": ticket.ErrTold} {
		if errors.Is(err, known) {
			return problem(http.StatusConflict, code, known.Error())
		}
	}
	return err
}

func (s *Server) listTickets(ctx context.Context, in *ticketsInput) (*ticketList, error) {
	i := who(ctx)
	sees := s.ticketSight(i)
	f := in.filter(i, sees)
	f.Limit, f.Cursor = in.Limit, in.Cursor
	page, err := s.cfg.Store.Tickets(ctx, f)
	if err != nil {
		return nil, err
	}
	out := &ticketList{}
	out.Body.Items, out.Body.NextCursor = make([]store.Ticket, 0, len(page.Items)), page.Next
	var seen []string
	for _, t := range page.Items {
		out.Body.Items = append(out.Body.Items, i.viewTicket(t))
		if t.Number != "" {
			seen = append(seen, t.ID)
		}
	}
	if out.Body.Open, out.Body.Late, err = s.cfg.Store.CountTickets(ctx, sees); err != nil {
		return nil, err
	}
	return out, s.saw(ctx, seen)
}

func (s *Server) listTicketTypes(context.Context, *struct{}) (*ticketTypes, error) {
	out := &ticketTypes{}
	out.Body.Items, out.Body.Agents, out.Body.Teams = []TicketType{}, []string{}, []string{}
	if s.cfg.Tickets == nil {
		return out, nil
	}
	for _, t := range s.cfg.Tickets.Types() {
		t.Fields = list(t.Fields)
		out.Body.Items = append(out.Body.Items, TicketType{t, int64(t.Due.Seconds())})
	}
	if s.cfg.Teams != nil {
		for team, members := range s.cfg.Teams() {
			out.Body.Teams = append(out.Body.Teams, team)
			out.Body.Agents = append(out.Body.Agents, members...)
		}
	}
	if s.cfg.Staff != nil {
		out.Body.Agents = list(s.cfg.Staff())
	}
	slices.Sort(out.Body.Teams)
	slices.Sort(out.Body.Agents)
	return out, nil
}

// ticket is one that the identity behind ctx sees; another is not there for it.
func (s *Server) ticket(ctx context.Context, id string) (store.Ticket, error) {
	if s.cfg.Tickets == nil {
		return store.Ticket{}, errNoTickets
	}
	t, err := s.cfg.Store.Ticket(ctx, id)
	if err == nil && !s.ticketSight(who(ctx)).Sees(t) {
		err = store.ErrNotFound
	}
	return t, err
}

func (s *Server) showTicket(ctx context.Context, t store.Ticket) (*ticketOutput, error) {
	history, err := s.cfg.Store.TicketNotes(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	files, err := s.cfg.Store.TicketFiles(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	return &ticketOutput{TicketDetail{who(ctx).viewTicket(t), list(history), list(files)}}, nil
}

func (s *Server) getTicket(ctx context.Context, in *IDInput) (*ticketOutput, error) {
	t, err := s.ticket(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return s.showTicket(ctx, t)
}

func (s *Server) createTicket(ctx context.Context, in *newTicketInput) (*newTicketOutput, error) {
	if s.cfg.Tickets == nil {
		return nil, errNoTickets
	}
	i := who(ctx)
	source := "api"
	if i.session != "" {
		source = "agent"
	}
	if in.Body.Call != "" {
		r, err := s.call(ctx, in.Body.Call)
		if err != nil {
			return nil, err
		}
		if in.Body.Number == "" {
			if in.Body.Number = r.Caller; r.Direction == "outbound" {
				in.Body.Number = r.Called
			}
		}
	}
	t, err := s.cfg.Tickets.Create(ctx, in.Body, source, i.name)
	if err != nil {
		return nil, ticketProblem(err)
	}
	note(ctx, "ticket", t.ID)
	return &newTicketOutput{"/api/v1/tickets/" + t.ID, i.viewTicket(t)}, nil
}

func (s *Server) changeTicket(ctx context.Context, in *changeTicketInput) (*ticketOutput, error) {
	t, err := s.ticket(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if t, err = s.cfg.Tickets.Change(ctx, t, in.Body, who(ctx).name); err != nil {
		return nil, ticketProblem(err)
	}
	return s.showTicket(ctx, t)
}

func (s *Server) commentTicket(ctx context.Context, in *commentInput) (*ticketOutput, error) {
	t, err := s.ticket(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if t, err = s.cfg.Tickets.Change(ctx, t, ticket.Change{Version: t.Version, Comment: in.Body.Text}, who(ctx).name); err != nil {
		return nil, ticketProblem(err)
	}
	return s.showTicket(ctx, t)
}

// fileTypes are what a ticket takes, by what a file begins with.
func fileTypes() []string {
	return []string{"image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "text/plain", "audio/wave", "audio/mpeg", "application/ogg", "application/zip"}
}

// fileType is what a file is by its content; "" where a ticket does not take it.
func fileType(content []byte) string {
	kind, _, _ := strings.Cut(http.DetectContentType(content), ";")
	if len(content) == 0 || !slices.Contains(fileTypes(), kind) {
		return ""
	}
	return kind
}

func (s *Server) attachFile(ctx context.Context, in *fileInput) (*fileOutput, error) {
	t, err := s.ticket(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if len(in.RawBody) > store.TicketFileSize {
		return nil, problem(http.StatusRequestEntityTooLarge, "too_large", "a file has 5 MB at most")
	}
	kind := fileType(in.RawBody)
	if kind == "" {
		return nil, problem(http.StatusUnsupportedMediaType, "media_type", "a ticket takes pictures, PDF, text, sound and office documents")
	}
	name := strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, in.Name)
	f, err := s.cfg.Tickets.Attach(ctx, t, store.TicketFile{Name: name, Type: kind, Actor: who(ctx).name}, in.RawBody)
	if err != nil {
		return nil, ticketProblem(err)
	}
	return &fileOutput{f}, nil
}

func (s *Server) getFile(ctx context.Context, in *fileAsked) (*huma.StreamResponse, error) {
	t, err := s.ticket(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	files, err := s.cfg.Store.TicketFiles(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	n := slices.IndexFunc(files, func(f store.TicketFile) bool { return f.ID == in.File })
	if n < 0 {
		return nil, store.ErrNotFound
	}
	note(ctx, "file", in.File)
	return &huma.StreamResponse{Body: func(hctx huma.Context) {
		_, w := humago.Unwrap(hctx)
		// Never shown within the console: it is somebody else's file.
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Disposition", "attachment; filename*=UTF-8''"+percent(files[n].Name))
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(requestTime))
		if err := s.cfg.Store.TicketFile(ctx, w, in.File); err != nil {
			s.log.ErrorContext(ctx, "file_broke_off", "error", err)
			panic(http.ErrAbortHandler) // the client must not take a part for the whole
		}
	}}, nil
}

// percent encodes a file's name as RFC 8187 has it.
func percent(name string) string {
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.IndexByte("-._", c) >= 0 {
			b.WriteByte(c)
			continue
		}
		const hex = "0123456789ABCDEF"
		b.Write([]byte{'%', hex[c>>4], hex[c&15]})
	}
	return b.String()
}

func (s *Server) deadWebhooks(ctx context.Context, _ *struct{}) (*deliveryList, error) {
	const most = 200
	items, err := s.cfg.Store.Deliveries(ctx, store.DeliveryDead, most)
	out := &deliveryList{}
	out.Body.Items = list(items)
	return out, err
}

func (s *Server) retryWebhook(ctx context.Context, in *IDInput) (*struct{}, error) {
	return nil, s.cfg.Store.RetryDelivery(ctx, in.ID)
}
