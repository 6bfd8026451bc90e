package desk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"hotline/internal/event"
)

// Level is how the work is divided between bot and people.
type Level string

// The levels.
const (
	Usual      Level = "usual"
	MoreBot    Level = "more_bot"    // the queue is long: the bot collects and offers a callback first
	MorePeople Level = "more_people" // agents are idle: more calls go straight to them
)

// Auto has the rules decide the level.
const Auto = "auto"

// ErrLevel is returned for a level that there is not.
var ErrLevel = errors.New("the share can be set to auto, usual, more_bot or more_people")

// ShareRules are when the level changes. Zero switches a part off.
type ShareRules struct {
	BusyWaiting, CalmWaiting int // callers who wait
	BusyWait, CalmWait       time.Duration
	IdleAgents               int // ready, with nobody waiting
	IdleBot                  int // of 100 calls, while people take more
	Least                    time.Duration
}

// filled is r with its defaults: it is calm again at half of what was busy.
func (r ShareRules) filled() ShareRules {
	if r.CalmWaiting == 0 {
		r.CalmWaiting = r.BusyWaiting / 2
	}
	if r.CalmWait == 0 {
		r.CalmWait = r.BusyWait / 2
	}
	if r.Least == 0 {
		r.Least = time.Minute
	}
	return r
}

// next is the level that follows on one which has lasted for a while. Between the two
// thresholds it stays as it is, and no level lasts shorter than Least: so a queue that
// sways about a threshold does not make callers' fates sway with it.
func (r ShareRules) next(level Level, lasted time.Duration, l Load) Level {
	if lasted < r.Least {
		return level
	}
	busy := r.BusyWaiting > 0 && l.Waiting >= r.BusyWaiting || r.BusyWait > 0 && l.Wait >= r.BusyWait
	calm := (r.BusyWaiting == 0 || l.Waiting <= r.CalmWaiting) && (r.BusyWait == 0 || l.Wait <= r.CalmWait)
	idle := r.IdleAgents > 0 && l.Waiting == 0 && l.Ready >= r.IdleAgents
	stillIdle := r.IdleAgents > 0 && l.Waiting == 0 && l.Ready > r.IdleAgents/2
	switch {
	case busy:
		return MoreBot
	case level == MoreBot && !calm:
		return MoreBot
	case idle:
		return MorePeople
	case level == MorePeople && stillIdle:
		return MorePeople
	default:
		return Usual
	}
}

// Settings keep small values over a restart.
type Settings interface {
	Setting(ctx context.Context, key string) (value string, ok bool, err error)
	SetSetting(ctx context.Context, key, value string) error
}

// shareSetting is where the mode is kept.
const shareSetting = "desk.share"

// Share divides the work.
type Share struct {
	settings Settings // nil: a restart forgets
	bus      *event.Bus
	now      func() time.Time

	mu    sync.Mutex // guards the rest
	rules ShareRules
	mode  string // Auto, or a level that somebody has set
	level Level
	since time.Time
	why   Load // when it changed
	by    string
}

// NewShare returns a Share at the usual level.
func NewShare(r ShareRules, s Settings, bus *event.Bus, now func() time.Time) *Share {
	if now == nil {
		now = time.Now
	}
	if bus == nil {
		bus = &event.Bus{}
	}
	return &Share{rules: r.filled(), settings: s, bus: bus, now: now, mode: Auto, level: Usual, since: now()}
}

// ShareState is what others see.
type ShareState struct {
	Mode  string    `json:"mode" enum:"auto,usual,more_bot,more_people" doc:"auto: the rules decide"`
	Level Level     `json:"level" enum:"usual,more_bot,more_people"`
	Since time.Time `json:"since"`
	By    string    `json:"by,omitempty" doc:"who set it; empty when the rules did"`
	// What the rules saw when it changed.
	Waiting int   `json:"waiting"`
	WaitS   int64 `json:"wait_s"`
	Ready   int   `json:"ready"`
}

// State is the present one.
func (s *Share) State() ShareState {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state()
}

func (s *Share) state() ShareState {
	return ShareState{
		Mode: s.mode, Level: s.level, Since: s.since, By: s.by, Waiting: s.why.Waiting, WaitS: int64(s.why.Wait / time.Second), Ready: s.why.Ready,
	}
}

// Level is the present one.
func (s *Share) Level() Level {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.level
}

// Restore brings back what somebody had set.
func (s *Share) Restore(ctx context.Context) error {
	if s.settings == nil {
		return nil
	}
	mode, ok, err := s.settings.Setting(ctx, shareSetting)
	if err != nil || !ok {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mode = mode; mode != Auto {
		s.level = Level(mode)
	}
	return nil
}

// Observe lets the rules look at how much there is to do.
func (s *Share) Observe(l Load) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mode != Auto {
		return
	}
	s.change(s.rules.next(s.level, s.now().Sub(s.since), l), l, "")
}

// change needs s.mu.
func (s *Share) change(level Level, l Load, by string) {
	if level == s.level {
		return
	}
	s.level, s.since, s.why, s.by = level, s.now(), l, by
	s.bus.Publish(event.Event{Kind: "share.changed", At: s.since, Data: s.state()})
}

// Set has somebody decide in place of the rules, until he sets Auto again.
func (s *Share) Set(ctx context.Context, mode, by string) error {
	if mode != Auto && !slices.Contains([]Level{Usual, MoreBot, MorePeople}, Level(mode)) {
		return fmt.Errorf("%w, not to %q", ErrLevel, mode)
	}
	if s.settings != nil {
		if err := s.settings.SetSetting(ctx, shareSetting, mode); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mode, s.by = mode, by
	before := s.level
	if mode != Auto {
		s.change(Level(mode), s.why, by)
	}
	if s.level == before { // the mode is news, too
		s.bus.Publish(event.Event{Kind: "share.changed", At: s.now(), Data: s.state()})
	}
	return nil
}

// SetRules changes the rules; the level follows them from the next look on.
func (s *Share) SetRules(r ShareRules) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = r.filled()
}

// botWanted tells whether the bot is to take more than usual.
func (s *Share) botWanted() bool { return s != nil && s.Level() == MoreBot }

// botPercent is how many of 100 calls the bot takes, of those that the rollout gives it.
func (s *Share) botPercent(rollout int) int {
	if s == nil {
		return rollout
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.level != MorePeople || s.rules.IdleBot == 0 {
		return rollout
	}
	return min(rollout, s.rules.IdleBot)
}
