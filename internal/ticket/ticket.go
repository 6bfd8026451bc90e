// Package ticket has what a person must do for a customer: tickets with who does them by
// when, and decisions that the bot has prepared and a person makes.
//
// # Concepts
//
// A [Desk] makes and changes tickets by the rules of [Type], which an owner writes into
// business.yaml, keeps their history, and passes on what is late. It takes the promises
// that calls make ([call.Wishes]): tickets and reviews become its own, callbacks,
// messages and short messages stay what they are.
//
// A review is decided at once and told to the caller a little later, so that a decision
// can be taken back.
//
// # Concurrency
//
// All methods are safe for concurrent use and block until what they did is durable.
// Desk.Run is the only goroutine: it passes on what is late and tells what was decided.
package ticket

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"hotline/internal/call"
	"hotline/internal/event"
	"hotline/internal/store"

	"github.com/oklog/ulid/v2"
)

// Priorities of a ticket.
const (
	Low = iota
	Normal
	High
	Urgent
)

// Priority is the number of a priority's name; Normal for "".
func Priority(name string) (int, bool) {
	if name == "" {
		return Normal, true
	}
	i := slices.Index([]string{"low", "normal", "high", "urgent"}, name)
	return i, i >= 0
}

// Type is a kind of ticket.
type Type struct {
	Name     string        `json:"name"`
	Title    string        `json:"title,omitempty"`
	Fields   []Field       `json:"fields"`
	Due      time.Duration `json:"-"`
	Priority int           `json:"priority"`
	Team     string        `json:"team,omitempty"`
	Escalate []Step        `json:"-"`
}

// Field is one that tickets of a type have.
type Field struct {
	Name     string `json:"name"`
	Title    string `json:"title,omitempty"`
	Required bool   `json:"required,omitempty"`
}

// Step is what happens to a ticket that is late.
type Step struct {
	After    time.Duration // it was due
	Agent    string        // whose it becomes
	Team     string
	Priority int // at least; 0: one more than it has
}

// Errors of what is wanted.
var (
	ErrState   = errors.New("a ticket is open, in_progress, waiting, done or cancelled")
	ErrSummary = errors.New("say in a few words what is to be done")
	ErrField   = errors.New("a field is missing")
	ErrOwner   = errors.New("there is no such agent or team")
	ErrDecided = errors.New("it is decided already")
	ErrTold    = errors.New("the caller has been told: it cannot be taken back")
	ErrText    = errors.New("there is nothing to tell the caller: write a text")
)

// Config says where tickets are kept and by what rules.
type Config struct {
	Store *store.Store
	Bus   *event.Bus // nil: nobody is told
	// Types are the kinds of tickets now; others are taken too, with no due time.
	Types func() []Type
	// People are the agents and teams that a ticket can be given to; nil: anybody.
	People func() (agents, teams []string)
	// Webhook has other systems told of tickets and decisions.
	Webhook bool
	// Undo is how long a decision can be taken back. 15 s.
	Undo time.Duration
	// Every is how often it looks for what is late or to be told. 2 s.
	Every time.Duration
	Log   *slog.Logger
	Now   func() time.Time
}

// Desk makes, changes and passes on tickets.
type Desk struct{ cfg Config }

var _ call.Wishes = (*Desk)(nil)

// New returns a desk; it does nothing by itself until Run.
func New(cfg Config) *Desk {
	if cfg.Types == nil {
		cfg.Types = func() []Type { return nil }
	}
	if cfg.Undo <= 0 {
		cfg.Undo = 15 * time.Second
	}
	if cfg.Every <= 0 {
		cfg.Every = 2 * time.Second
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Desk{cfg}
}

// Types are the kinds of tickets that are declared.
func (d *Desk) Types() []Type { return d.cfg.Types() }

func (d *Desk) kind(name string) Type {
	for _, t := range d.cfg.Types() {
		if t.Name == name {
			return t
		}
	}
	return Type{Name: name, Priority: Normal}
}

// AddWish implements call.Wishes.
func (d *Desk) AddWish(ctx context.Context, w call.Wish) error {
	switch w.Kind {
	case "ticket":
		return d.fromWish(ctx, w)
	case "review":
		return d.reviewFromWish(ctx, w)
	default:
		return d.cfg.Store.AddWish(ctx, w)
	}
}

func (d *Desk) fromWish(ctx context.Context, w call.Wish) error {
	t := store.Ticket{
		ID: w.ID, Kind: w.Reason, Source: "bot", MadeBy: "bot", Call: w.Call, Number: w.Number, Summary: w.Summary, Fields: w.Fields, MadeAt: w.CreatedAt,
	}
	if w.State == store.WishDone {
		t.State, t.ClosedAt = store.TicketDone, d.cfg.Now()
	}
	_, err := d.add(ctx, t, "bot")
	return err
}

// Adopt makes tickets and reviews of the wishes of earlier versions.
func (d *Desk) Adopt(ctx context.Context) (n int, err error) {
	for _, kind := range []string{"ticket", "review"} {
		for {
			page, err := d.cfg.Store.Wishes(ctx, store.WishFilter{Kind: kind, Limit: 100})
			if err != nil {
				return n, fmt.Errorf("adopt tickets: %w", err)
			}
			if len(page.Items) == 0 {
				break
			}
			for _, w := range page.Items {
				if err := d.AddWish(ctx, w.Wish); err != nil {
					return n, fmt.Errorf("adopt tickets: %w", err)
				}
				n++
			}
		}
	}
	return n, nil
}

// NewTicket is a ticket to be made.
type NewTicket struct {
	Kind     string            `json:"kind" maxLength:"64"`
	Summary  string            `json:"summary" minLength:"1" maxLength:"2000"`
	Fields   map[string]string `json:"fields,omitempty" maxProperties:"50"`
	Number   string            `json:"number,omitempty" maxLength:"128"`
	Call     string            `json:"call,omitempty" maxLength:"64"`
	Owner    string            `json:"owner,omitempty" maxLength:"64"`
	Team     string            `json:"team,omitempty" maxLength:"64"`
	Priority *int              `json:"priority,omitempty" minimum:"0" maximum:"3"`
	DueAt    *time.Time        `json:"due_at,omitempty"`
}

// Create makes a ticket of an agent's or a program's.
func (d *Desk) Create(ctx context.Context, n NewTicket, source, actor string) (store.Ticket, error) {
	t := store.Ticket{
		ID: ulid.Make().String(), Kind: n.Kind, Source: source, MadeBy: actor, Call: n.Call, Number: n.Number, Summary: strings.TrimSpace(n.Summary),
		Fields: n.Fields, Owner: n.Owner, Team: n.Team, MadeAt: d.cfg.Now(),
	}
	if t.Summary == "" {
		return t, ErrSummary
	}
	kind := d.kind(n.Kind)
	for _, f := range kind.Fields {
		if f.Required && strings.TrimSpace(n.Fields[f.Name]) == "" {
			return t, fmt.Errorf("%w: %s", ErrField, f.Name)
		}
	}
	if err := d.known(n.Owner, n.Team); err != nil {
		return t, err
	}
	if n.Priority != nil {
		t.Priority = *n.Priority
	} else {
		t.Priority = kind.Priority
	}
	if n.DueAt != nil {
		t.DueAt = *n.DueAt
	}
	if n.Priority == nil && n.DueAt == nil {
		return d.add(ctx, t, actor)
	}
	return d.keep(ctx, d.timed(t, kind), actor)
}

// known tells whether there are such people.
func (d *Desk) known(owner, team string) error {
	if d.cfg.People == nil {
		return nil
	}
	agents, teams := d.cfg.People()
	if owner != "" && !slices.Contains(agents, owner) || team != "" && !slices.Contains(teams, team) {
		return ErrOwner
	}
	return nil
}

// add keeps a ticket with what its type says.
func (d *Desk) add(ctx context.Context, t store.Ticket, actor string) (store.Ticket, error) {
	kind := d.kind(t.Kind)
	t.Priority = kind.Priority
	return d.keep(ctx, d.timed(t, kind), actor)
}

// timed fills in when a ticket is due, when it is escalated, and whose it is.
func (d *Desk) timed(t store.Ticket, kind Type) store.Ticket {
	if t.MadeAt.IsZero() {
		t.MadeAt = d.cfg.Now()
	}
	if t.DueAt.IsZero() && kind.Due > 0 {
		t.DueAt = t.MadeAt.Add(kind.Due)
	}
	if t.Owner == "" && t.Team == "" {
		t.Team = kind.Team
	}
	if t.State == "" {
		t.State = store.TicketOpen
	}
	t.EscalateAt = escalation(t, kind)
	return t
}

// steps are what happens to late tickets of a type: without rules, they become more
// urgent once.
func (k Type) steps() []Step {
	if len(k.Escalate) == 0 {
		return []Step{{}}
	}
	return k.Escalate
}

// escalation is when a ticket is escalated next; zero for never.
func escalation(t store.Ticket, kind Type) time.Time {
	steps := kind.steps()
	if t.DueAt.IsZero() || t.Closed() || t.State == store.TicketWaiting || t.Escalated >= len(steps) {
		return time.Time{}
	}
	return t.DueAt.Add(steps[t.Escalated].After)
}

func (d *Desk) keep(ctx context.Context, t store.Ticket, actor string) (store.Ticket, error) {
	t, added, err := d.cfg.Store.AddTicket(ctx, t, store.Note{Actor: actor}, d.hook("ticket.created"))
	if err != nil {
		return t, err
	}
	if added {
		if err := d.cfg.Store.SeeCustomer(ctx, t.Number, t.MadeAt); err != nil {
			return t, err
		}
		d.publish("ticket.added", t.Call, t)
	}
	return t, nil
}

func (d *Desk) publish(kind, call string, data any) {
	if d.cfg.Bus != nil {
		d.cfg.Bus.Publish(event.Event{Kind: event.Kind(kind), At: d.cfg.Now(), Call: call, Data: data})
	}
}

// Change is what is to be different; nil stays.
type Change struct {
	Version  int                `json:"version" minimum:"1" doc:"of the ticket that was read"`
	Kind     *string            `json:"kind,omitempty" maxLength:"64"`
	State    *string            `json:"state,omitempty" enum:"open,in_progress,waiting,done,cancelled"`
	Priority *int               `json:"priority,omitempty" minimum:"0" maximum:"3"`
	Owner    *string            `json:"owner,omitempty" maxLength:"64"`
	Team     *string            `json:"team,omitempty" maxLength:"64"`
	Summary  *string            `json:"summary,omitempty" minLength:"1" maxLength:"2000"`
	Fields   *map[string]string `json:"fields,omitempty" maxProperties:"50"`
	DueAt    *time.Time         `json:"due_at,omitempty"`
	Comment  string             `json:"comment,omitempty" maxLength:"4000"`
}

// Change changes a ticket that was read at a version.
func (d *Desk) Change(ctx context.Context, t store.Ticket, c Change, actor string) (store.Ticket, error) {
	if c.Version != t.Version {
		return t, store.ErrStale
	}
	note := store.Note{Actor: actor, Kind: store.NoteChanged, Text: strings.TrimSpace(c.Comment), Changes: map[string][2]string{}}
	text := func(name string, to *string, now *string) {
		if to != nil && *to != *now {
			note.Changes[name] = [2]string{*now, *to}
			*now = *to
		}
	}
	var newOwner, newTeam string
	if c.Owner != nil && *c.Owner != t.Owner {
		newOwner = *c.Owner
	}
	if c.Team != nil && *c.Team != t.Team {
		newTeam = *c.Team
	}
	if err := d.known(newOwner, newTeam); err != nil {
		return t, err
	}
	closed := t.Closed()
	text("kind", c.Kind, &t.Kind)
	text("state", c.State, &t.State)
	text("owner", c.Owner, &t.Owner)
	text("team", c.Team, &t.Team)
	text("summary", c.Summary, &t.Summary)
	if !slices.Contains([]string{store.TicketOpen, store.TicketWorking, store.TicketWaiting, store.TicketDone, store.TicketCancelled}, t.State) {
		return t, ErrState
	}
	if t.Summary = strings.TrimSpace(t.Summary); t.Summary == "" {
		return t, ErrSummary
	}
	if c.Priority != nil && *c.Priority != t.Priority {
		note.Changes["priority"] = [2]string{strconv.Itoa(t.Priority), strconv.Itoa(*c.Priority)}
		t.Priority = *c.Priority
	}
	if c.DueAt != nil && !c.DueAt.Equal(t.DueAt) {
		note.Changes["due_at"] = [2]string{when(t.DueAt), when(*c.DueAt)}
		t.DueAt, t.Escalated = *c.DueAt, 0
	}
	if c.Fields != nil {
		changeFields(&t, *c.Fields, note.Changes)
	}
	switch {
	case t.Closed() && !closed:
		t.ClosedAt = d.cfg.Now()
	case !t.Closed():
		t.ClosedAt = time.Time{}
	}
	if len(note.Changes) == 0 {
		if note.Text == "" {
			return t, nil
		}
		note.Kind = store.NoteComment
	}
	t.EscalateAt = escalation(t, d.kind(t.Kind))
	return d.change(ctx, t, note, "ticket.changed")
}

func changeFields(t *store.Ticket, to map[string]string, changes map[string][2]string) {
	fields := maps.Clone(t.Fields)
	if fields == nil {
		fields = map[string]string{}
	}
	for name, v := range to {
		if fields[name] != v {
			changes["fields."+name] = [2]string{fields[name], v}
			if fields[name] = v; v == "" {
				delete(fields, name)
			}
		}
	}
	t.Fields = fields
}

func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func (d *Desk) change(ctx context.Context, t store.Ticket, note store.Note, kind string) (store.Ticket, error) {
	t, err := d.cfg.Store.ChangeTicket(ctx, t, note, d.hook(kind))
	if err == nil {
		d.publish("ticket.changed", t.Call, t)
	}
	return t, err
}

// Attach keeps a file with a ticket.
func (d *Desk) Attach(ctx context.Context, t store.Ticket, f store.TicketFile, content []byte) (store.TicketFile, error) {
	f.ID, f.Ticket, f.Size, f.At = ulid.Make().String(), t.ID, int64(len(content)), d.cfg.Now()
	if err := d.cfg.Store.AddTicketFile(ctx, f, content); err != nil {
		return f, err
	}
	d.publish("ticket.changed", t.Call, t)
	return f, nil
}

// Run passes on what is late and tells callers what was decided, until ctx ends.
func (d *Desk) Run(ctx context.Context) {
	pause := d.cfg.Every
	const slowest = time.Minute
	for {
		err := errors.Join(d.escalateAll(ctx), d.tellAll(ctx), d.seeCallers(ctx))
		if err != nil && ctx.Err() == nil {
			d.cfg.Log.Error("tickets_wait", "error", err)
			pause = min(2*pause, slowest)
		} else {
			pause = d.cfg.Every
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// batch is how many are taken at once.
const batch = 50

// seeCallers keeps a profile of everybody who calls.
func (d *Desk) seeCallers(ctx context.Context) error {
	const calls = 200
	for {
		n, err := d.cfg.Store.SeeCallers(ctx, calls)
		if err != nil || n < calls {
			return err
		}
	}
}

func (d *Desk) escalateAll(ctx context.Context) error {
	list, err := d.cfg.Store.LateTickets(ctx, batch)
	for _, t := range list {
		if e := d.escalate(ctx, t); e != nil && !errors.Is(e, store.ErrStale) { // who was faster has changed it
			err = errors.Join(err, e)
		}
	}
	return err
}

// escalate does the next step with a late ticket.
func (d *Desk) escalate(ctx context.Context, t store.Ticket) error {
	kind := d.kind(t.Kind)
	steps := kind.steps()
	note := store.Note{Actor: "server", Kind: store.NoteEscalated, Changes: map[string][2]string{}}
	if t.Escalated < len(steps) { // else the rules have become shorter
		step := steps[t.Escalated]
		priority := max(step.Priority, t.Priority)
		if step.Priority == 0 {
			priority = min(t.Priority+1, Urgent)
		}
		if priority != t.Priority {
			note.Changes["priority"] = [2]string{strconv.Itoa(t.Priority), strconv.Itoa(priority)}
		}
		t.Priority = priority
		if step.Agent != "" && step.Agent != t.Owner {
			note.Changes["owner"] = [2]string{t.Owner, step.Agent}
			t.Owner = step.Agent
		}
		if step.Team != "" {
			if step.Team != t.Team {
				note.Changes["team"] = [2]string{t.Team, step.Team}
			}
			if step.Agent == "" && t.Owner != "" {
				note.Changes["owner"] = [2]string{t.Owner, ""}
				t.Owner = ""
			}
			t.Team = step.Team
		}
		t.Escalated++
	}
	t.EscalateAt = escalation(t, kind)
	t, err := d.change(ctx, t, note, "ticket.escalated")
	if err == nil {
		d.publish("ticket.escalated", t.Call, t)
		d.cfg.Log.Info("ticket_escalated", "ticket", t.Serial, "times", t.Escalated)
	}
	return err
}
