package desk

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"hotline/internal/event"
)

// RolloutRules are how many of a line's calls the bot takes, or of its callers who want
// something of one scene.
type RolloutRules struct {
	Line  string
	Scene string // "": all callers, before anything is asked
	Bot   int    // of 100
	// MinResolved is how many of the bot's calls must be resolved, of 1, over the last
	// Window (50) of them; under it the bot takes Fallback of 100. 0 is no limit.
	MinResolved float64
	Window      int
	Fallback    int
}

// defaultWindow is how many calls tell how well the bot does.
const defaultWindow = 50

// Errors of changing a rollout.
var (
	ErrNoLine  = errors.New("there is no such line")
	ErrPercent = errors.New("the bot takes 0 to 100 of 100 calls")
)

// Rollout decides which callers meet the bot. A caller meets it always or never while
// the percentage stays, and who meets it still does when the percentage grows.
type Rollout struct {
	hash     func(value string) (string, error) // keyed, hex
	settings Settings
	bus      *event.Bus
	share    *Share
	now      func() time.Time

	mu     sync.Mutex // guards the rest
	lines  []*lineRollout
	scenes map[string]sceneOf // of calls that the bot has now, by id
}

// sceneOf is the scene that a call's bot has taken last.
type sceneOf struct{ line, scene string }

// mostScenes bounds how many calls' scenes are known; no server has so many calls.
const mostScenes = 10_000

type lineRollout struct {
	rules   RolloutRules
	percent int
	since   time.Time
	by      string // who set it; "" the file, "fallback" the rules
	results []bool // of the last calls, the newest last
}

// NewRollout returns a Rollout of lines, each as its rules say; hash is keyed and
// gives hexadecimal digits.
func NewRollout(rules []RolloutRules, share *Share, hash func(string) (string, error), s Settings, bus *event.Bus, now func() time.Time) *Rollout {
	if now == nil {
		now = time.Now
	}
	if bus == nil {
		bus = &event.Bus{}
	}
	r := &Rollout{hash: hash, settings: s, bus: bus, share: share, now: now, scenes: map[string]sceneOf{}}
	r.SetRules(rules)
	return r
}

// SetRules changes the rules. A percentage that somebody has set stays where the rules
// say the same as before, and so does what was measured.
func (r *Rollout) SetRules(rules []RolloutRules) {
	r.mu.Lock()
	var lines []*lineRollout
	var changed []RolloutState
	first := len(r.lines) == 0
	for _, x := range rules {
		if x.Window == 0 {
			x.Window = defaultWindow
		}
		l := r.line(x.Line, x.Scene)
		switch {
		case l == nil:
			l = &lineRollout{rules: x, percent: x.Bot, since: r.now()}
			changed = append(changed, l.view())
		case l.rules.Bot != x.Bot:
			l = &lineRollout{rules: x, percent: x.Bot, since: r.now()}
			changed = append(changed, l.view())
		case l.rules != x:
			l.rules = x
			changed = append(changed, l.view())
		}
		lines = append(lines, l)
	}
	r.lines = lines
	r.mu.Unlock()
	if first {
		return
	}
	for _, v := range changed {
		r.bus.Publish(event.Event{Kind: "rollout.changed", At: r.now(), Data: v})
	}
}

// rolloutSetting is where what was set is kept, by line and scene.
func rolloutSetting(x RolloutRules) string {
	if x.Scene == "" {
		return "desk.rollout." + x.Line
	}
	return "desk.rollout." + x.Line + "/" + x.Scene
}

type rolloutSaved struct {
	Bot  int       `json:"bot"`  // what the file said then: another number there counts again
	Set  int       `json:"set"`  // what counts
	By   string    `json:"by"`   // who set it
	When time.Time `json:"when"` // since
}

// Restore brings back what was set, by somebody or by a fallback.
func (r *Rollout) Restore(ctx context.Context) error {
	if r.settings == nil {
		return nil
	}
	r.mu.Lock()
	lines := slices.Clone(r.lines)
	r.mu.Unlock()
	for _, l := range lines {
		text, ok, err := r.settings.Setting(ctx, rolloutSetting(l.rules))
		if err != nil {
			return err
		}
		var s rolloutSaved
		if !ok || json.Unmarshal([]byte(text), &s) != nil || s.Bot != l.rules.Bot {
			continue
		}
		r.mu.Lock()
		l.percent, l.by, l.since = s.Set, s.By, s.When
		r.mu.Unlock()
	}
	return nil
}

// line needs r.mu.
func (r *Rollout) line(name, scene string) *lineRollout {
	for _, l := range r.lines {
		if l.rules.Line == name && l.rules.Scene == scene {
			return l
		}
	}
	return nil
}

// Bot tells whether a caller meets the bot. number is his, id the call's, which stands
// for it where it is withheld.
func (r *Rollout) Bot(line, number, id string) bool {
	r.mu.Lock()
	percent := 100
	if l := r.line(line, ""); l != nil {
		percent = l.percent
	}
	r.mu.Unlock()
	percent = r.share.botPercent(percent)
	return r.takes(percent, line, number, id)
}

// BotScene tells whether the bot does what a caller whom it has met wants, by the scene
// that it belongs to. While the queue is long it does.
func (r *Rollout) BotScene(line, scene, number, id string) bool {
	r.mu.Lock()
	l := r.line(line, scene)
	percent := 100
	if l != nil {
		percent = l.percent
	}
	r.mu.Unlock()
	if l == nil {
		return true
	}
	bot := r.share.botWanted() || r.takes(percent, line+"\x00"+scene, number, id)
	r.mu.Lock()
	defer r.mu.Unlock()
	switch _, known := r.scenes[id]; {
	case !bot:
		delete(r.scenes, id)
	case known || len(r.scenes) < mostScenes:
		r.scenes[id] = sceneOf{line, scene}
	}
	return bot
}

// takes tells whether a caller is one of percent of 100 by the dice of a line or scene.
func (r *Rollout) takes(percent int, dice, number, id string) bool {
	if percent >= 100 {
		return true
	}
	if number == "" {
		number = id
	}
	return r.bucket(dice+"\x00"+number) < percent
}

// bucket is a caller's number from 0 to 99, always the same.
func (r *Rollout) bucket(value string) int {
	text, err := r.hash(value)
	b, bad := hex.DecodeString(text[:min(8, len(text))])
	if err != nil || bad != nil || len(b) < 4 {
		return 0 // the bot takes him
	}
	n := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	return int(uint64(n) * 100 >> 32)
}

// Over tells that a call has ended. Where the bot took it, it counts for its line, and
// for the last scene that the bot did: when too few of the last ones were resolved the
// bot takes fewer, until somebody decides otherwise.
func (r *Rollout) Over(ctx context.Context, line, id string, took, resolved bool) error {
	r.mu.Lock()
	of, known := r.scenes[id]
	delete(r.scenes, id)
	r.mu.Unlock()
	if !took {
		return nil
	}
	err := r.outcome(ctx, line, "", resolved)
	if known {
		err = errors.Join(err, r.outcome(ctx, of.line, of.scene, resolved))
	}
	return err
}

func (r *Rollout) outcome(ctx context.Context, line, scene string, resolved bool) error {
	r.mu.Lock()
	l := r.line(line, scene)
	if l == nil || l.rules.MinResolved == 0 {
		r.mu.Unlock()
		return nil
	}
	l.results = append(l.results, resolved)
	if n := len(l.results) - l.rules.Window; n > 0 {
		l.results = slices.Delete(l.results, 0, n)
	}
	under := len(l.results) == l.rules.Window && l.rate() < l.rules.MinResolved && l.percent > l.rules.Fallback
	r.mu.Unlock()
	if !under {
		return nil
	}
	return r.set(ctx, line, scene, l.rules.Fallback, byFallback)
}

// byFallback is who set a percentage when the rules did.
const byFallback = "fallback"

// rate needs the Rollout's mu.
func (l *lineRollout) rate() float64 {
	n := 0
	for _, ok := range l.results {
		if ok {
			n++
		}
	}
	return float64(n) / float64(max(1, len(l.results)))
}

// Set changes how many calls of a line, or of one of its scenes, the bot takes. What was
// measured so far is forgotten.
func (r *Rollout) Set(ctx context.Context, line, scene string, percent int, by string) error {
	return r.set(ctx, line, scene, percent, by)
}

func (r *Rollout) set(ctx context.Context, line, scene string, percent int, by string) error {
	if percent < 0 || percent > 100 {
		return ErrPercent
	}
	r.mu.Lock()
	l := r.line(line, scene)
	if l == nil {
		r.mu.Unlock()
		return fmt.Errorf("%w: %q", ErrNoLine, strings.TrimSpace(line+" "+scene))
	}
	l.percent, l.since, l.by = percent, r.now(), by
	v := l.view() // with what was measured
	l.results = nil
	saved, err := json.Marshal(rolloutSaved{Bot: l.rules.Bot, Set: percent, By: by, When: l.since})
	key := rolloutSetting(l.rules)
	r.mu.Unlock()
	r.bus.Publish(event.Event{Kind: "rollout.changed", At: v.Since, Data: v})
	if r.settings == nil || err != nil {
		return err
	}
	if err := r.settings.SetSetting(ctx, key, string(saved)); err != nil {
		return fmt.Errorf("it counts now, but a restart would not find it: %w", err)
	}
	return nil
}

// RolloutState is a line's as others see it.
type RolloutState struct {
	Line        string    `json:"line"`
	Scene       string    `json:"scene,omitempty" doc:"of questions; empty: all callers of the line"`
	Bot         int       `json:"bot" doc:"of 100 calls"`
	File        int       `json:"file" doc:"what business.yaml says"`
	Since       time.Time `json:"since"`
	By          string    `json:"by,omitempty" doc:"who set it; fallback: the rules, since too few calls were resolved"`
	Resolved    float64   `json:"resolved" doc:"of the calls measured, of 1"`
	Measured    int       `json:"measured" doc:"calls"`
	MinResolved float64   `json:"min_resolved"`
	Window      int       `json:"window"`
	Fallback    int       `json:"fallback"`
}

func (l *lineRollout) view() RolloutState {
	return RolloutState{
		Line: l.rules.Line, Scene: l.rules.Scene, Bot: l.percent, File: l.rules.Bot, Since: l.since, By: l.by, Resolved: l.rate(), Measured: len(l.results),
		MinResolved: l.rules.MinResolved, Window: l.rules.Window, Fallback: l.rules.Fallback,
	}
}

// Lines are all lines, in order.
func (r *Rollout) Lines() []RolloutState {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := []RolloutState{}
	for _, l := range r.lines {
		out = append(out, l.view())
	}
	slices.SortFunc(out, func(a, b RolloutState) int {
		return cmp.Or(strings.Compare(a.Line, b.Line), strings.Compare(a.Scene, b.Scene))
	})
	return out
}
