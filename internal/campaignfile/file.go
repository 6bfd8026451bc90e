// Package campaignfile reads campaigns/*.yaml, where a business writes down whom it calls
// for what, in which words and when.
//
// # Concurrency
//
// The package keeps no state.
package campaignfile

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"hotline/campaigns"
	"hotline/internal/strict"
)

// file is a campaign as it is written.
type file struct {
	ID       string            `yaml:"id"`
	Name     string            `yaml:"name"`
	Line     string            `yaml:"line"`
	Trunk    string            `yaml:"trunk"`
	From     string            `yaml:"from"`
	FromName string            `yaml:"from_name"`
	Purpose  campaigns.Purpose `yaml:"purpose"`
	Mode     campaigns.Mode    `yaml:"mode"`
	Skill    string            `yaml:"skill"`
	Variants []variant         `yaml:"variants"`

	// A campaign with one wording may write it without variants.
	Greeting  string `yaml:"greeting"`
	Task      string `yaml:"task"`
	Voicemail string `yaml:"voicemail"`
	SMS       string `yaml:"sms"`
	Abandoned string `yaml:"abandoned"`

	Windows windows `yaml:"windows"`
	Start   moment  `yaml:"start"`
	End     moment  `yaml:"end"`

	Priority    int              `yaml:"priority"`
	Concurrency int              `yaml:"concurrency"`
	PerSecond   float64          `yaml:"per_second"`
	Order       campaigns.Order  `yaml:"order"`
	Attempts    int              `yaml:"attempts"`
	Retry       map[string]retry `yaml:"retry"`
	Caps        caps             `yaml:"caps"`
	Goals       []goal           `yaml:"goals"`
	Ring        time.Duration    `yaml:"ring"`
	OptOut      string           `yaml:"opt_out"`
	Open        bool             `yaml:"open"`
	CostPerGoal float64          `yaml:"cost_per_goal"`
}

type variant struct {
	Name      string `yaml:"name"`
	Weight    int    `yaml:"weight"`
	Greeting  string `yaml:"greeting"`
	Task      string `yaml:"task"`
	Voicemail string `yaml:"voicemail"`
	SMS       string `yaml:"sms"`
	Abandoned string `yaml:"abandoned"`
}

type windows struct {
	Daily     spans     `yaml:"daily"`
	Weekdays  spans     `yaml:"weekdays"`
	Weekend   spans     `yaml:"weekend"`
	Monday    spans     `yaml:"monday"`
	Tuesday   spans     `yaml:"tuesday"`
	Wednesday spans     `yaml:"wednesday"`
	Thursday  spans     `yaml:"thursday"`
	Friday    spans     `yaml:"friday"`
	Saturday  spans     `yaml:"saturday"`
	Sunday    spans     `yaml:"sunday"`
	Holidays  []holiday `yaml:"holidays"`
	Zone      string    `yaml:"zone"`
}

type holiday struct {
	Name string `yaml:"name"`
	From date   `yaml:"from"`
	To   date   `yaml:"to"`
	Open spans  `yaml:"open"`
}

type retry struct {
	After time.Duration `yaml:"after"`
	Times int           `yaml:"times"`
}

type caps struct {
	PerDay      int `yaml:"per_day"`
	PerWeek     int `yaml:"per_week"`
	PerCampaign int `yaml:"per_campaign"`
}

type goal struct {
	Name        string `yaml:"name"`
	Slot        string `yaml:"slot"`
	Value       string `yaml:"value"`
	Transferred bool   `yaml:"transferred"`
	Score       int    `yaml:"score"`
}

// idForm is what a campaign's id may be: it stands in addresses and file names.
var idForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

// GoodID tells whether a campaign may have this id.
func GoodID(id string) bool { return idForm.MatchString(id) }

// Parse reads a campaign and returns all that is wrong with it, with its line.
func Parse(data []byte) (c campaigns.Campaign, problems []strict.Problem) {
	c, problems, _ = Read(data)
	return c, problems
}

// Read is Parse, and where each key stands.
func Read(data []byte) (c campaigns.Campaign, problems []strict.Problem, lines strict.Lines) {
	n, p := strict.Parse(data)
	if p != nil {
		return c, []strict.Problem{*p}, nil
	}
	var f file
	problems, lines = n.Decode(&f)
	c = f.campaign()
	for _, w := range Check(c) {
		problems = append(problems, strict.Problem{Code: strict.BadValue, Line: lines.Of(w.Path), Column: 1, Path: w.Path, Value: w.Value, Want: w.Want})
	}
	slices.SortStableFunc(problems, func(a, b strict.Problem) int { return a.Line - b.Line })
	return c, problems, lines
}

func (f file) campaign() campaigns.Campaign {
	c := campaigns.Campaign{
		ID: f.ID, Name: f.Name, Line: f.Line, Trunk: f.Trunk, From: f.From, FromName: f.FromName, Purpose: f.Purpose, Mode: f.Mode, Skill: f.Skill,
		Windows: f.Windows.windows(), Start: f.Start.Time, End: f.End.Time, Priority: f.Priority, Concurrency: f.Concurrency, PerSecond: f.PerSecond,
		Order: f.Order, Attempts: f.Attempts, Caps: campaigns.Caps(f.Caps), Ring: f.Ring, OptOut: f.OptOut, Open: f.Open, CostPerGoal: f.CostPerGoal,
	}
	if c.Purpose == "" {
		c.Purpose = campaigns.Marketing // the strictest
	}
	if c.Mode == "" {
		c.Mode = campaigns.Agentless
	}
	if c.Order == "" {
		c.Order = campaigns.AsListed
	}
	for _, v := range f.Variants {
		c.Variants = append(c.Variants, campaigns.Variant(v))
	}
	if len(f.Variants) == 0 {
		c.Variants = []campaigns.Variant{{Name: "a", Greeting: f.Greeting, Task: f.Task, Voicemail: f.Voicemail, SMS: f.SMS, Abandoned: f.Abandoned}}
	}
	for _, g := range f.Goals {
		c.Goals = append(c.Goals, campaigns.Goal(g))
	}
	for outcome, r := range f.Retry {
		if c.Retry == nil {
			c.Retry = map[campaigns.Outcome]campaigns.Retry{}
		}
		c.Retry[campaigns.Outcome(outcome)] = campaigns.Retry(r)
	}
	return c
}

func (w windows) windows() campaigns.Windows {
	out := campaigns.Windows{Zone: w.Zone}
	groups := [7]spans{w.Weekend, w.Weekdays, w.Weekdays, w.Weekdays, w.Weekdays, w.Weekdays, w.Weekend}
	for i, own := range [7]spans{w.Sunday, w.Monday, w.Tuesday, w.Wednesday, w.Thursday, w.Friday, w.Saturday} {
		for _, s := range []spans{own, groups[i], w.Daily} { // a day's own entry goes before
			if s != nil {
				out.Days[i] = s
				break
			}
		}
	}
	for _, h := range w.Holidays {
		out.Holidays = append(out.Holidays, campaigns.Holiday{Name: h.Name, First: h.From.Time, Last: h.To.Time, Open: h.Open})
	}
	return out
}

// Wrong is one thing that is wrong with a campaign.
type Wrong struct {
	Path  string // of the key, as in the file
	Value string
	Want  string
}

// Check says what is wrong with a campaign, however it was written.
func Check(c campaigns.Campaign) (wrong []Wrong) {
	bad := func(path, value, want string, args ...any) {
		wrong = append(wrong, Wrong{path, value, fmt.Sprintf(want, args...)})
	}
	if c.ID != "" && !GoodID(c.ID) {
		bad("id", c.ID, "small letters, digits, - and _, at most 64")
	}
	if strings.TrimSpace(c.Name) == "" {
		bad("name", c.Name, "what the campaign is called")
	}
	if !slices.Contains([]campaigns.Purpose{campaigns.Service, campaigns.Reminder, campaigns.Survey, campaigns.Marketing}, c.Purpose) {
		bad("purpose", string(c.Purpose), "service, reminder, survey or marketing")
	}
	if !slices.Contains([]campaigns.Mode{campaigns.Agentless, campaigns.Preview, campaigns.Progressive, campaigns.Predictive}, c.Mode) {
		bad("mode", string(c.Mode), "agentless, preview, progressive or predictive")
	}
	if c.Mode != campaigns.Agentless && c.Skill == "" {
		bad("skill", "", "the skill of the agents who talk, in this mode")
	}
	if !slices.Contains([]campaigns.Order{campaigns.AsListed, campaigns.Newest, campaigns.Ranked}, c.Order) {
		bad("order", string(c.Order), "listed, newest or ranked")
	}
	for path, n := range map[string]float64{
		"concurrency": float64(c.Concurrency), "per_second": c.PerSecond, "attempts": float64(c.Attempts), "ring": float64(c.Ring), "cost_per_goal": c.CostPerGoal,
		"caps.per_day": float64(c.Caps.PerDay), "caps.per_week": float64(c.Caps.PerWeek), "caps.per_campaign": float64(c.Caps.PerCampaign),
	} {
		if n < 0 {
			bad(path, strconv.FormatFloat(n, 'g', -1, 64), "0 or more")
		}
	}
	if c.OptOut != "" && (len(c.OptOut) != 1 || !strings.ContainsAny(c.OptOut, "0123456789*#")) {
		bad("opt_out", c.OptOut, "one key: a digit, * or #")
	}
	if c.Mode == campaigns.Predictive && c.OptOut == "" {
		bad("opt_out", "", "a key against more calls, in predictive mode: who finds nobody is offered it")
	}
	if c.PerSecond > maxPerSecond {
		bad("per_second", strconv.FormatFloat(c.PerSecond, 'g', -1, 64), "at most %d", maxPerSecond)
	}
	if c.Concurrency > maxConcurrency {
		bad("concurrency", strconv.Itoa(c.Concurrency), "at most %d", maxConcurrency)
	}
	if !c.Start.IsZero() && !c.End.IsZero() && !c.End.After(c.Start) {
		bad("end", c.End.Format(time.RFC3339), "later than start")
	}
	if z := c.Windows.Zone; z != "" {
		if _, err := time.LoadLocation(z); err != nil || z == "Local" {
			bad("windows.zone", z, "a time zone such as Asia/Shanghai")
		}
	}
	if len(c.Variants) == 0 {
		bad("variants", "", "at least one")
	}
	names := map[string]bool{}
	for i, v := range c.Variants {
		at := fmt.Sprintf("variants[%d].", i)
		if len(c.Variants) == 1 && v.Name == "a" {
			at = ""
		}
		switch {
		case strings.TrimSpace(v.Name) == "":
			bad(at+"name", "", "a name for the variant")
		case names[v.Name]:
			bad(at+"name", v.Name, "a name that no other variant has")
		}
		names[v.Name] = true
		if strings.TrimSpace(v.Greeting) == "" {
			bad(at+"greeting", "", "what is said first: who calls, that it is a machine where one speaks, and why")
		} else if c.Mode.MachineSpeaks() && !campaigns.SaysMachine(v.Greeting) {
			bad(at+"greeting", v.Greeting, "words that say that a machine calls, such as 智能助手 or an automated assistant")
		}
		if c.Mode == campaigns.Predictive && v.Abandoned != "" && c.OptOut != "" && !campaigns.SaysKey(v.Abandoned, c.OptOut) {
			bad(at+"abandoned", v.Abandoned, "words that offer the key %s against more calls", c.OptOut)
		}
		if v.Weight < 0 {
			bad(at+"weight", strconv.Itoa(v.Weight), "0 or more")
		}
	}
	for i, g := range c.Goals {
		if g.Name == "" || g.Slot == "" && !g.Transferred && g.Score == 0 {
			bad(fmt.Sprintf("goals[%d]", i), g.Name, "a name, and one of slot, transferred, score")
		}
	}
	for o, r := range c.Retry {
		if !slices.Contains(outcomes, o) {
			bad("retry."+string(o), string(o), "one of %s", listed(outcomes))
		}
		if r.After < time.Minute && r.Times > 0 {
			bad("retry."+string(o)+".after", r.After.String(), "at least 1m: people are not rung again at once")
		}
	}
	return wrong
}

// What a campaign may ask for at most.
const (
	maxPerSecond   = 100
	maxConcurrency = 10000
)

var outcomes = []campaigns.Outcome{
	campaigns.Person, campaigns.Voicemail, campaigns.Fax, campaigns.Screening, campaigns.Menu, campaigns.Announcement, campaigns.Busy, campaigns.NoAnswer,
	campaigns.Silence, campaigns.Declined, campaigns.Abandoned, campaigns.Failed, campaigns.Interrupted,
}

func listed(list []campaigns.Outcome) string {
	words := make([]string, len(list))
	for i, o := range list {
		words[i] = string(o)
	}
	return strings.Join(words, ", ")
}
