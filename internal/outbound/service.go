// Package outbound is what people and programs do with campaigns: make them, bring
// contacts, start and stop them, and see what came of them. Who calls is
// campaigns.Runner; what is kept is in the store.
//
// # Concurrency
//
// A Service is safe for concurrent use and starts nothing.
package outbound

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"hotline/campaigns"
	"hotline/campaigns/contacts"
	"hotline/internal/campaignfile"
	"hotline/internal/number"
	"hotline/internal/store"
)

// Config says what a Service works with.
type Config struct {
	Store *store.Store
	Rules *campaigns.Rules
	Plan  number.Plan
	// Lines are the names of the lines that may speak, the first one where a campaign
	// names none.
	Lines func() []string
	// Files are the campaigns that the businesses' folders hold, made or not; nil: none.
	Files func() []CampaignFile
	// PerMinute is how many calls may go out in a minute (outbound.max_calls_per_minute);
	// 0 is no limit. A campaign that wants more is not started: its calls would be
	// refused.
	PerMinute int
	// Limits are the settings that bind all campaigns, to be shown; nil shows PerMinute.
	Limits func() Limits
	// Holds are why campaigns that run begin no calls on this server, which is Node; nil
	// tells nothing.
	Holds func() map[string]campaigns.Hold
	Node  string
	// Elsewhere are the standings of the other servers that live; nil: there are none.
	Elsewhere func() []campaigns.Standing
	// HangUp ends the calls of a campaign at once on this node; nil leaves it to the
	// runner's next look.
	HangUp func(campaign string)
	// Dial makes the attempt of a contact for an agent who has seen him.
	Dial func(ctx context.Context, c campaigns.Campaign, k campaigns.Contact, agent string) error
	// Serves tells whether an agent has a skill; nil: each has all.
	Serves func(agent, skill string) bool
	// Publish is told what happens; nil tells nobody.
	Publish func(campaigns.Event)
	// Now is the clock; default time.Now.
	Now func() time.Time
}

// Service is what people do with campaigns.
type Service struct {
	cfg   Config
	shown *shown
}

// New fills what cfg leaves out.
func New(cfg Config) *Service {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Publish == nil {
		cfg.Publish = func(campaigns.Event) {}
	}
	if cfg.Lines == nil {
		cfg.Lines = func() []string { return nil }
	}
	if cfg.HangUp == nil {
		cfg.HangUp = func(string) {}
	}
	return &Service{cfg, &shown{to: map[int64]look{}}}
}

// Rules are those that hold for all campaigns.
func (s *Service) Rules() *campaigns.Rules { return s.cfg.Rules }

// InvalidError says all that is wrong with a campaign.
type InvalidError struct{ Wrong []campaignfile.Wrong }

func (e *InvalidError) Error() string {
	parts := make([]string, len(e.Wrong))
	for i, w := range e.Wrong {
		parts[i] = fmt.Sprintf("%s: %q is not %s", w.Path, w.Value, w.Want)
	}
	return "the campaign is not right: " + strings.Join(parts, "; ")
}

// check fills what a campaign leaves out and says what is wrong with it.
func (s *Service) check(c *campaigns.Campaign) error {
	c.ID = cmp.Or(c.ID, strings.ToLower(ulid.Make().String()))
	c.Mode = cmp.Or(c.Mode, campaigns.Agentless)
	c.Purpose = cmp.Or(c.Purpose, campaigns.Marketing) // the strictest
	c.Order = cmp.Or(c.Order, campaigns.AsListed)
	wrong := campaignfile.Check(*c)
	lines := s.cfg.Lines()
	if c.Line == "" && len(lines) > 0 {
		c.Line = lines[0]
	}
	for i, v := range c.Variants {
		if c.Mode == campaigns.Predictive && v.Abandoned == "" {
			wrong = append(wrong, campaignfile.Wrong{Path: fmt.Sprintf("variants[%d].abandoned", i), Want: "what is said to who answers when no agent is free"})
		}
	}
	known := len(lines) == 0
	for _, l := range lines {
		known = known || l == c.Line
	}
	if !known {
		wrong = append(wrong, campaignfile.Wrong{Path: "line", Value: c.Line, Want: "one of " + strings.Join(lines, ", ")})
	}
	if len(wrong) > 0 {
		return &InvalidError{wrong}
	}
	return nil
}

// Create keeps a new campaign, as a draft.
func (s *Service) Create(ctx context.Context, c campaigns.Campaign, by string) (campaigns.Campaign, error) {
	if err := s.check(&c); err != nil {
		return c, err
	}
	c.CreatedBy = by
	c, err := s.cfg.Store.AddCampaign(ctx, c)
	if err == nil {
		s.tell(c)
	}
	return c, err
}

// CreateFile keeps a new campaign of a campaigns/*.yaml. What is wrong with the text is a
// *FileError.
func (s *Service) CreateFile(ctx context.Context, text []byte, by string) (campaigns.Campaign, error) {
	c, problems := campaignfile.Parse(text)
	if len(problems) > 0 {
		lines := make([]string, len(problems))
		for i, p := range problems {
			lines[i] = fmt.Sprintf("line %d: %s", p.Line, p)
		}
		return c, &FileError{lines}
	}
	return s.Create(ctx, c, by)
}

// FileError says all that is wrong with a campaign's file.
type FileError struct{ Lines []string }

func (e *FileError) Error() string { return strings.Join(e.Lines, "; ") }

// Change replaces what a campaign says; c.Version is the one that was changed.
func (s *Service) Change(ctx context.Context, c campaigns.Campaign, by string) (campaigns.Campaign, error) {
	if err := s.check(&c); err != nil {
		return c, err
	}
	c, err := s.cfg.Store.ChangeCampaign(ctx, c, by)
	if err == nil {
		s.tell(c)
	}
	return c, err
}

// Get is one campaign.
func (s *Service) Get(ctx context.Context, id string) (campaigns.Campaign, error) {
	return s.cfg.Store.Campaign(ctx, id)
}

// List are the campaigns, the newest first.
func (s *Service) List(ctx context.Context) ([]campaigns.Campaign, error) {
	return s.cfg.Store.Campaigns(ctx)
}

// ErrEmpty is returned for a campaign that is started without anybody to call.
var ErrEmpty = errors.New("the campaign has no contacts that wait; import some first, or let it stay open for events")

// Start has a campaign's contacts called, from now or from its start on.
func (s *Service) Start(ctx context.Context, id string) (campaigns.Campaign, error) {
	c, err := s.cfg.Store.Campaign(ctx, id)
	if err != nil {
		return c, err
	}
	if err := s.check(&c); err != nil { // what it was kept with may no longer be there
		return c, err
	}
	if most := s.cfg.PerMinute; most > 0 && c.Limits().PerSecond*60 > float64(most) {
		return c, &InvalidError{[]campaignfile.Wrong{{
			Path: "per_second", Value: fmt.Sprint(c.Limits().PerSecond), Want: fmt.Sprintf("within the %d calls in a minute of outbound.max_calls_per_minute; change one of them", most),
		}}}
	}
	waiting, dialling, err := s.cfg.Store.ContactsLeft(ctx, id)
	if err != nil {
		return c, err
	}
	if c.State == campaigns.Draft && !waiting && !dialling && !c.Open {
		return c, ErrEmpty
	}
	return s.set(ctx, id, campaigns.Running, campaigns.Draft, campaigns.Paused)
}

// Pause begins no more calls; hangUp ends those in progress too.
func (s *Service) Pause(ctx context.Context, id string, hangUp bool) (campaigns.Campaign, error) {
	c, err := s.set(ctx, id, campaigns.Paused, campaigns.Running)
	if err == nil && hangUp {
		err = s.hangUp(ctx, id)
	}
	return c, err
}

// Resume goes on with a campaign that was paused.
func (s *Service) Resume(ctx context.Context, id string) (campaigns.Campaign, error) {
	return s.set(ctx, id, campaigns.Running, campaigns.Paused)
}

// Stop ends a campaign for good: nobody who waits is called. hangUp ends the calls in
// progress too.
func (s *Service) Stop(ctx context.Context, id string, hangUp bool) (campaigns.Campaign, error) {
	c, err := s.set(ctx, id, campaigns.Stopped, campaigns.Draft, campaigns.Running, campaigns.Paused)
	if err != nil {
		return c, err
	}
	if hangUp {
		if err := s.hangUp(ctx, id); err != nil {
			return c, err
		}
	}
	_, err = s.cfg.Store.Withdraw(ctx, id, string(campaigns.RefusedEnded))
	return c, err
}

func (s *Service) hangUp(ctx context.Context, id string) error {
	err := s.cfg.Store.HangUp(ctx, id)
	s.cfg.HangUp(id)
	return err
}

func (s *Service) set(ctx context.Context, id string, to campaigns.State, from ...campaigns.State) (campaigns.Campaign, error) {
	c, err := s.cfg.Store.SetState(ctx, id, to, from...)
	if err == nil {
		s.tell(c)
	}
	return c, err
}

func (s *Service) tell(c campaigns.Campaign) {
	s.cfg.Publish(campaigns.Event{Campaign: c.ID, Kind: "state", At: s.cfg.Now(), State: c.State})
}

// normal is how numbers in files are read.
func (s *Service) normal(text string) (string, bool) {
	n := s.cfg.Plan.Read(text)
	return n.Text, strings.HasPrefix(n.Text, "+")
}

// clocks are those that a contact is called by.
func (s *Service) clocks(k campaigns.Contact) string {
	if s.cfg.Rules == nil {
		return ""
	}
	return s.cfg.Rules.Clocks(k)
}

// Look shows the beginning of a file of contacts and guesses its columns.
func (s *Service) Look(r io.Reader) (contacts.Preview, error) { return contacts.Look(r, s.normal) }

// Import adds a file's contacts to a campaign, which may be running. mapping nil is
// guessed; bad takes the rows that were not added, and may be nil.
func (s *Service) Import(ctx context.Context, id string, r io.Reader, mapping *contacts.Mapping, language string, bad io.Writer) (contacts.Report, error) {
	intake, err := s.cfg.Store.Intake(ctx, id)
	if err != nil {
		return contacts.Report{}, err
	}
	report, err := contacts.Import(ctx, r, contacts.Options{Mapping: mapping, Normal: s.normal, Clocks: s.clocks, Language: language, Bad: bad}, intake.Add)
	err = errors.Join(err, intake.Close(ctx))
	if report.Added > 0 {
		s.cfg.Publish(campaigns.Event{Campaign: id, Kind: "contact", At: s.cfg.Now()})
	}
	return report, err
}

// ErrNumber is returned for what is no number that can be called.
var ErrNumber = errors.New("this is no telephone number that can be called")

// ErrFields is returned for a contact who is not as a row of a file may be.
var ErrFields = errors.New("the contact is not right")

// mostFields is how many a contact may have.
const mostFields = 100

// fits holds a contact to what holds for files.
func (s *Service) fits(k campaigns.Contact) error {
	if len(k.Fields) > mostFields {
		return fmt.Errorf("%w: it has more than %d fields", ErrFields, mostFields)
	}
	for name, v := range k.Fields {
		if len(name) > contacts.MaxField || len(v) > contacts.MaxField {
			return fmt.Errorf("%w: a field is longer than %d bytes", ErrFields, contacts.MaxField)
		}
	}
	if k.Zone != "" && s.cfg.Rules != nil && s.cfg.Rules.Clocks(campaigns.Contact{Zone: k.Zone}) != k.Zone {
		return fmt.Errorf("%w: %q is no time zone; write Asia/Shanghai, say", ErrFields, k.Zone)
	}
	return nil
}

// Add adds one contact; id 0 says that the campaign has the number already.
func (s *Service) Add(ctx context.Context, k campaigns.Contact) (id int64, err error) {
	var ok bool
	if k.Number, ok = s.normal(k.Number); !ok {
		return 0, ErrNumber
	}
	if err := s.fits(k); err != nil {
		return 0, err
	}
	k.Clocks = s.clocks(k)
	ids, err := s.cfg.Store.AddContacts(ctx, k.Campaign, []campaigns.Contact{k})
	if err != nil {
		return 0, err
	}
	s.cfg.Publish(campaigns.Event{Campaign: k.Campaign, Kind: "contact", At: s.cfg.Now()})
	return ids[0], nil
}

// triggerKeep is how long an event is remembered, so that the same one makes no second
// call.
const triggerKeep = 30 * 24 * time.Hour

// Trigger makes a contact due because something happened. The campaign of the trigger's
// name is called for it, within its windows. The same key makes no second call; wait is
// how long other events of the same contact are gathered before he is called.
func (s *Service) Trigger(ctx context.Context, name, key string, k campaigns.Contact, wait time.Duration) (id int64, again bool, err error) {
	var ok bool
	if k.Number, ok = s.normal(k.Number); !ok {
		return 0, false, ErrNumber
	}
	if err := s.fits(k); err != nil {
		return 0, false, err
	}
	key = cmp.Or(key, ulid.Make().String()) // without one each is an event of its own
	c, err := s.cfg.Store.Campaign(ctx, name)
	if err != nil {
		return 0, false, err
	}
	if c.State == campaigns.Stopped || c.State == campaigns.Done {
		return 0, false, fmt.Errorf("campaign %s is %s: %w", c.ID, c.State, store.ErrState)
	}
	k.Campaign, k.Clocks, k.Due = c.ID, s.clocks(k), s.cfg.Now().Add(max(wait, 0))
	id, again, err = s.cfg.Store.Triggered(ctx, name, key, k, triggerKeep)
	if err == nil && !again {
		s.cfg.Publish(campaigns.Event{Campaign: c.ID, Kind: "contact", At: s.cfg.Now()})
	}
	return id, again, err
}

// Status is where a campaign stands.
type Status struct {
	Campaign campaigns.Campaign   `json:"campaign"`
	Counts   store.CampaignCounts `json:"counts"`
	Refused  map[string]int       `json:"refused"`         // contacts that were not called, by reason
	Waits    *Waits               `json:"waits,omitempty"` // why it runs and begins no calls
}

// Status counts a campaign's contacts and attempts.
func (s *Service) Status(ctx context.Context, id string) (st Status, err error) {
	if st.Campaign, err = s.cfg.Store.Campaign(ctx, id); err != nil {
		return st, err
	}
	if st.Counts, err = s.cfg.Store.Counts(ctx, id); err != nil {
		return st, err
	}
	if st.Waits, err = s.Waits(ctx, st.Campaign); err != nil {
		return st, err
	}
	st.Refused, err = s.cfg.Store.RefusalCounts(ctx, id)
	return st, err
}

// Hours are what came of a campaign's attempts, by hour, variant and outcome.
func (s *Service) Hours(ctx context.Context, id string) ([]store.HourCount, error) {
	return s.cfg.Store.Hours(ctx, id, time.Time{})
}

// Contacts are a campaign's contacts, or those of a number.
func (s *Service) Contacts(ctx context.Context, f store.ContactFilter) ([]campaigns.Contact, error) {
	return s.cfg.Store.Contacts(ctx, f)
}

// History is all that happened to a contact.
type History struct {
	Contact  campaigns.Contact       `json:"contact"`
	Attempts []campaigns.Attempt     `json:"attempts"`
	Refusals []store.RefusalRow      `json:"refusals"`
	Consents []campaigns.Consent     `json:"consents"`
	Lists    []campaigns.Suppression `json:"lists"`
}

// History is all that happened to a contact.
func (s *Service) History(ctx context.Context, id int64) (h History, err error) {
	if h.Contact, err = s.cfg.Store.Contact(ctx, id); err != nil {
		return h, err
	}
	if h.Attempts, err = s.cfg.Store.Attempts(ctx, id); err != nil {
		return h, err
	}
	if h.Refusals, err = s.cfg.Store.Refusals(ctx, id); err != nil {
		return h, err
	}
	if h.Consents, err = s.cfg.Store.Consents(ctx, h.Contact.Number); err != nil {
		return h, err
	}
	h.Lists, err = s.cfg.Store.SuppressionsOf(ctx, h.Contact.Number)
	return h, err
}

// dryRunMost is how many contacts a dry run looks at: it shall answer while somebody
// waits.
const dryRunMost = 20000

// DryRun says what would happen at a time. Of a long list it looks at the first that are
// not over; seen is how many.
func (s *Service) DryRun(ctx context.Context, id string, at time.Time) (f campaigns.Forecast, seen int, err error) {
	c, err := s.cfg.Store.Campaign(ctx, id)
	if err != nil {
		return f, 0, err
	}
	var failed error
	f = s.cfg.Rules.DryRun(at, c, func(yield func(campaigns.Contact, campaigns.Facts) bool) {
		after := int64(0)
		for seen < dryRunMost {
			list, err := s.cfg.Store.Contacts(ctx, store.ContactFilter{Campaign: id, After: after, Limit: 1000})
			if err != nil || len(list) == 0 {
				failed = err
				return
			}
			for _, k := range list {
				after = k.ID
				seen++
				facts, err := s.cfg.Store.Facts(ctx, k, at)
				if err != nil {
					failed = err
					return
				}
				if !yield(k, facts) {
					return
				}
			}
		}
	})
	return f, seen, failed
}

// Withdraw takes a contact out that waits.
func (s *Service) Withdraw(ctx context.Context, contact int64, why string) error {
	return s.cfg.Store.WithdrawContact(ctx, contact, why)
}
