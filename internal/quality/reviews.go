package quality

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/oklog/ulid/v2"

	"hotline/dialog/moderation"
	"hotline/internal/call"
)

// The states of an Assessment.
const (
	Waiting  = "open" // for a reviewer
	Reviewed = "reviewed"
	Replied  = "replied"
)

// Assessment is a call's quality review.
type Assessment struct {
	ID      string `json:"id"`
	Call    string `json:"call"`
	Subject string `json:"subject" doc:"the agent's name, or bot"`
	Line    string `json:"line"`
	Sheet   string `json:"sheet"`
	Source  string `json:"source" enum:"sample,picked"`
	Week    string `json:"week" doc:"of the call, as 2026-W47"`
	State   string `json:"state" enum:"open,reviewed,replied"`
	// Found is the score of the rules, Score that of the review; nil: none.
	Found  *int  `json:"found,omitempty" doc:"the score of the rules alone, 0 to 100"`
	Score  *int  `json:"score,omitempty" doc:"that of the review, 0 to 100"`
	Passed *bool `json:"passed,omitempty"`

	Judged *Judged     `json:"judged,omitempty"`
	Review *Verdict    `json:"review,omitempty"`
	Reply  *AgentReply `json:"reply,omitempty"`

	MadeAt     time.Time `json:"made_at"`
	Reviewer   string    `json:"reviewer,omitempty"`
	ReviewedAt time.Time `json:"reviewed_at,omitzero"`
	RepliedAt  time.Time `json:"replied_at,omitzero"`
	Version    int       `json:"version"`
}

// Judged is the sheet as it was when the call was judged, and what the rules found.
type Judged struct {
	Sheet    Sheet     `json:"sheet"`
	Findings []Finding `json:"findings"`
}

// GivenMark is what a reviewer gives for an item.
type GivenMark struct {
	Item    string   `json:"item" maxLength:"64"`
	Points  *float64 `json:"points,omitempty" minimum:"0" maximum:"100" doc:"absent: it does not apply"`
	Comment string   `json:"comment,omitempty" maxLength:"2000"`
}

// Verdict is what a reviewer says.
type Verdict struct {
	Marks   []GivenMark `json:"marks" maxItems:"60"`
	Comment string      `json:"comment,omitempty" maxLength:"8000"`
}

// AgentReply is what the agent says to it.
type AgentReply struct {
	Agrees bool   `json:"agrees"`
	Text   string `json:"text,omitempty" maxLength:"8000"`
}

// Candidate is a call that could be looked at.
type Candidate struct {
	Call, Agent, Line string
	Lasted            time.Duration
}

// Store keeps assessments.
type Store interface {
	// QualityCandidates are the answered calls that ended in a time.
	QualityCandidates(ctx context.Context, from, to time.Time) ([]Candidate, error)
	// AddAssessment keeps a new one; false where the call has one of the same subject.
	AddAssessment(ctx context.Context, a Assessment) (bool, error)
	// PutAssessment keeps what has changed of one that was read at its version; its
	// error is ErrStale where somebody was faster.
	PutAssessment(ctx context.Context, a Assessment) error
	Assessment(ctx context.Context, id string) (Assessment, error)
	AssessmentOf(ctx context.Context, call, subject string) (Assessment, error)
	// Sampled counts those of a week by subject that the sample has drawn.
	Sampled(ctx context.Context, week string) (map[string]int, error)
	Call(ctx context.Context, id string) (call.Record, error)
	Turns(ctx context.Context, id string) ([]call.TurnRecord, error)
	Events(ctx context.Context, id string) ([]call.Event, error)
}

// Home is what a line's calls are judged by.
type Home struct {
	Sheets   Sheets
	Words    *moderation.Matcher
	In       func(language string) *moderation.Matcher // of another language than the line's
	Location *time.Location
}

// Config sets Reviews up.
type Config struct {
	Store Store
	Home  func(line string) (Home, bool)
	Now   func() time.Time // default time.Now
	Log   *slog.Logger     // default discards
}

// Errors of what people want.
var (
	ErrNoSheet  = errors.New("no sheet is for this call: see quality.yaml")
	ErrNotOver  = errors.New("the call is still going on, or was never answered")
	ErrItem     = errors.New("the sheet has no such item, or it has not so many points")
	ErrEmpty    = errors.New("nothing is said")
	ErrNoReview = errors.New("nobody has reviewed the call yet")
	ErrWeek     = errors.New("a week is written as 2026-W47")
)

// Reviews draws samples and keeps what people say. Its methods are safe for concurrent
// use.
type Reviews struct {
	cfg Config

	drawing sync.Mutex // one sample is drawn at a time
}

// New returns Reviews; nothing is drawn until Run or Draw.
func New(c Config) *Reviews {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Reviews{cfg: c}
}

// drawEvery is how often Run sees whether the sample of the last week is complete.
const drawEvery = time.Hour

// Run draws the sample of each week when it is over, until ctx ends.
func (r *Reviews) Run(ctx context.Context) {
	timer := time.NewTimer(time.Minute)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		timer.Reset(drawEvery)
		if n, err := r.Draw(ctx, Week(r.cfg.Now().AddDate(0, 0, -7))); err != nil && ctx.Err() == nil {
			r.cfg.Log.Error("drawing the quality sample; it is tried again in an hour", "error", err)
		} else if n > 0 {
			r.cfg.Log.Info("quality_sample_drawn", "calls", n)
		}
	}
}

// Week is the week of a time by ISO 8601.
func Week(t time.Time) string {
	y, w := t.ISOWeek()
	return fmt.Sprintf("%d-W%02d", y, w)
}

// Days are the first moment of a week and of the one behind it.
func Days(week string, loc *time.Location) (from, to time.Time, err error) {
	var y, w int
	if n, err := fmt.Sscanf(week, "%4d-W%2d", &y, &w); err != nil || n != 2 || w < 1 || w > 53 || y < 1970 || y > 9999 {
		return from, to, ErrWeek
	}
	from = time.Date(y, 1, 4, 0, 0, 0, 0, loc) // it is always in the first week
	from = from.AddDate(0, 0, -(int(from.Weekday())+6)%7+7*(w-1))
	if Week(from) != week {
		return from, to, ErrWeek
	}
	return from, from.AddDate(0, 0, 7), nil
}

// Draw draws the sample of a week, as far as it is not drawn yet, and judges it by the
// rules. It returns how many calls came.
func (r *Reviews) Draw(ctx context.Context, week string) (drawn int, err error) {
	r.drawing.Lock()
	defer r.drawing.Unlock()
	// The weeks of all businesses begin within a day of each other.
	from, to, err := Days(week, time.UTC)
	if err != nil {
		return 0, err
	}
	list, err := r.cfg.Store.QualityCandidates(ctx, from.Add(-14*time.Hour), to.Add(14*time.Hour))
	if err != nil {
		return 0, err
	}
	have, err := r.cfg.Store.Sampled(ctx, week)
	if err != nil {
		return 0, err
	}
	groups := map[string][]Candidate{}
	for _, c := range list {
		groups[cmp.Or(c.Agent, Bot)] = append(groups[cmp.Or(c.Agent, Bot)], c)
	}
	for subject, calls := range groups {
		n, err := r.drawOf(ctx, week, subject, calls, have[subject])
		drawn += n
		if err != nil {
			return drawn, err
		}
	}
	return drawn, nil
}

func (r *Reviews) drawOf(ctx context.Context, week, subject string, calls []Candidate, have int) (drawn int, err error) {
	type ranked struct {
		Candidate

		rank   uint64
		wanted int
	}
	var order []ranked
	for _, c := range calls {
		home, ok := r.home(c.Line)
		if !ok || home.Sheets.For(c.Line, subject == Bot) == nil || c.Lasted < home.Sheets.Sample.Least {
			continue
		}
		wanted := home.Sheets.Sample.PerAgent
		if subject == Bot {
			wanted = home.Sheets.Sample.Bot
		}
		order = append(order, ranked{c, rank(home.Sheets.Sample.Seed, week, subject, c.Call), wanted})
	}
	slices.SortFunc(order, func(a, b ranked) int { return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.Call, b.Call)) })
	for _, c := range order {
		if have >= c.wanted {
			continue
		}
		_, added, err := r.add(ctx, c.Call, "sample", week)
		switch {
		case errors.Is(err, ErrNotOver), errors.Is(err, ErrNoSheet), errors.Is(err, errOtherWeek):
			continue
		case err != nil:
			return drawn, err
		}
		if added {
			have++
			drawn++
		}
	}
	return drawn, nil
}

// rank orders the calls of a week: whoever draws again with the same seed draws the same.
func rank(seed int64, week, subject, call string) uint64 {
	sum := sha256.Sum256([]byte(strings.Join([]string{fmt.Sprint(seed), week, subject, call}, "\n")))
	return binary.BigEndian.Uint64(sum[:])
}

func (r *Reviews) home(line string) (Home, bool) {
	h, ok := r.cfg.Home(line)
	if h.Location == nil {
		h.Location = time.Local
	}
	return h, ok
}

// Sheets are those of a line.
func (r *Reviews) Sheets(line string) (Sheets, bool) {
	h, ok := r.home(line)
	return h.Sheets, ok
}

// Pick has a call reviewed that somebody has chosen; the one that it has already is
// returned.
func (r *Reviews) Pick(ctx context.Context, id string) (Assessment, error) {
	a, _, err := r.add(ctx, id, "picked", "")
	return a, err
}

var errOtherWeek = errors.New("the call is of another week where its business is")

// add judges a call and keeps that. week is what it must be of, "" for any.
func (r *Reviews) add(ctx context.Context, id, source, week string) (a Assessment, added bool, err error) {
	rec, err := r.cfg.Store.Call(ctx, id)
	if err != nil {
		return a, false, err
	}
	if rec.EndedAt.IsZero() || rec.AnsweredAt.IsZero() {
		return a, false, ErrNotOver
	}
	home, known := r.home(rec.Line)
	if !known {
		return a, false, ErrNoSheet
	}
	of := Week(rec.EndedAt.In(home.Location))
	if week != "" && of != week {
		return a, false, errOtherWeek
	}
	subject := Subject(rec)
	sheet := home.Sheets.For(rec.Line, subject == Bot)
	if sheet == nil {
		return a, false, ErrNoSheet
	}
	turns, err := r.cfg.Store.Turns(ctx, id)
	if err != nil {
		return a, false, err
	}
	events, err := r.cfg.Store.Events(ctx, id)
	if err != nil {
		return a, false, err
	}
	a = Assessment{
		ID: ulid.Make().String(), Call: id, Subject: subject, Line: rec.Line, Sheet: sheet.Name, Source: source, Week: of, State: Waiting,
		Judged: &Judged{*sheet, Score(*sheet, Record{Call: rec, Turns: turns, Events: events, Words: home.Words, In: home.In})},
		MadeAt: r.cfg.Now().UTC().Truncate(time.Millisecond), Version: 1,
	}
	if n, known := Total(*sheet, a.Judged.Findings); known {
		a.Found = &n
	}
	if added, err = r.cfg.Store.AddAssessment(ctx, a); err != nil || added {
		return a, added, err
	}
	a, err = r.cfg.Store.AssessmentOf(ctx, id, subject)
	return a, false, err
}

// Judge keeps what a reviewer says; what he leaves out stays as the rules found it. It can
// be changed until the agent replies.
func (r *Reviews) Judge(ctx context.Context, id string, version int, by string, review Verdict) (Assessment, error) {
	a, err := r.cfg.Store.Assessment(ctx, id)
	if err != nil {
		return a, err
	}
	final := slices.Clone(a.Judged.Findings)
	for i := range review.Marks {
		m := &review.Marks[i]
		m.Comment = strings.TrimSpace(m.Comment)
		at := slices.IndexFunc(final, func(f Finding) bool { return f.Item == m.Item })
		item := slices.IndexFunc(a.Judged.Sheet.Items, func(it SheetItem) bool { return it.ID == m.Item })
		if at < 0 || item < 0 {
			return a, fmt.Errorf("%w: %s", ErrItem, m.Item)
		}
		f, it := &final[at], a.Judged.Sheet.Items[item]
		if m.Points == nil {
			f.State = NotApplicable
			continue
		}
		p := *m.Points
		if math.IsNaN(p) || p < 0 || p > float64(it.Points) {
			return a, fmt.Errorf("%w: %s", ErrItem, m.Item)
		}
		f.Points, f.State = p, Partly
		if p == 0 {
			f.State = Failed
		} else if p == float64(it.Points) {
			f.State = Good
		}
	}
	score, known := Total(a.Judged.Sheet, final)
	if !known {
		return a, ErrEmpty
	}
	passed := score >= a.Judged.Sheet.Pass
	review.Comment = strings.TrimSpace(review.Comment)
	a.Review, a.Score, a.Passed, a.Reviewer, a.ReviewedAt = &review, &score, &passed, by, r.cfg.Now().UTC().Truncate(time.Millisecond)
	a.State, a.Version, a.Reply, a.RepliedAt = Reviewed, version, nil, time.Time{}
	if err := r.cfg.Store.PutAssessment(ctx, a); err != nil {
		return a, err
	}
	a.Version++
	return a, nil
}

// Answer keeps what the agent says to a review.
func (r *Reviews) Answer(ctx context.Context, id string, version int, reply AgentReply) (Assessment, error) {
	a, err := r.cfg.Store.Assessment(ctx, id)
	switch {
	case err != nil:
		return a, err
	case a.State == Waiting:
		return a, ErrNoReview
	}
	reply.Text = strings.TrimSpace(reply.Text)
	if !reply.Agrees && utf8.RuneCountInString(reply.Text) == 0 {
		return a, ErrEmpty
	}
	a.Reply, a.RepliedAt, a.State, a.Version = &reply, r.cfg.Now().UTC().Truncate(time.Millisecond), Replied, version
	if err := r.cfg.Store.PutAssessment(ctx, a); err != nil {
		return a, err
	}
	a.Version++
	return a, nil
}
