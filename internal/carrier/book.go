// Package carrier keeps the trunks of a running server: those of its settings
// (hotline.yaml, HOTLINE_TRUNKS_…) and, over them, what an administrator changed in the
// console. It shows them as a form without their passwords, says what is wrong with a
// changed one, puts it in force, and keeps what was there before, so that it can be taken
// back. See docs/decisions/0021-trunks-of-the-console-go-over-the-settings.md.
package carrier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"hotline/internal/business"
	"hotline/internal/config"
	"hotline/internal/rules"
	"hotline/internal/store"
)

// Config is what a Book works with. Store and Put are required.
type Config struct {
	Settings []config.Trunk // as the settings have them
	Node     string         // whose trunks they are, of several servers with one database
	Store    rules.Store    // keeps the versions, sealed
	// Put has these be the trunks from now on, all of them or none.
	Put func([]config.Trunk) error
	// Line tells whether a line has a name or a number.
	Line func(nameOrNumber string) bool
}

// Book is the trunks of a server.
type Book struct {
	cfg Config
	mu  sync.Mutex // one change at a time
}

// New returns the Book of a server.
func New(c Config) *Book { return &Book{cfg: c} }

// Where a trunk is set.
const (
	Settings = "settings" // in hotline.yaml or the environment
	Changed  = "changed"  // there, and changed in the console
	Console  = "console"  // in the console alone
)

// TrunkPage is the trunks as a form, with what it needs to know.
type TrunkPage struct {
	rules.FormPage

	Trunks   []TrunkForm       `json:"trunks" doc:"in force, without their passwords"`
	Settings []TrunkForm       `json:"settings" doc:"as hotline.yaml has them, those that were taken out here included"`
	Origins  map[string]string `json:"origins" doc:"by name: settings, changed or console"`
	Secrets  []string          `json:"secrets" doc:"names of those that have a password"`
}

// kept is what the console says over the settings.
type kept struct {
	Removed []string    `json:"removed,omitempty"` // of the settings
	Trunks  []TrunkForm `json:"trunks,omitempty"`  // in place of those of their names, or beside them
}

func (k kept) named(name string) (TrunkForm, bool) {
	if i := slices.IndexFunc(k.Trunks, func(t TrunkForm) bool { return t.Name == name }); i >= 0 {
		return k.Trunks[i], true
	}
	return TrunkForm{}, false
}

func (b *Book) history() rules.History {
	return rules.History{Store: b.cfg.Store, Of: "/trunks/" + b.cfg.Node}
}

// current is what the console says now, and the text that it is kept as.
func (b *Book) current(ctx context.Context) (k kept, text string, err error) {
	v, err := b.history().Last(ctx)
	if err != nil {
		return k, "", err
	}
	k, err = read(v.After)
	return k, v.After, err
}

func read(text string) (k kept, err error) {
	if text == "" {
		return k, nil
	}
	if err := json.Unmarshal([]byte(text), &k); err != nil {
		return k, fmt.Errorf("read the trunks of the console: %w", err)
	}
	return k, nil
}

// inForce are the trunks of the settings with what the console says over them.
func (b *Book) inForce(k kept) (out []config.Trunk, origins map[string]string) {
	origins = map[string]string{}
	for _, t := range b.cfg.Settings {
		if slices.Contains(k.Removed, t.Name) {
			continue
		}
		origins[t.Name] = Settings
		if f, ok := k.named(t.Name); ok {
			secret := t.Password
			if t, origins[t.Name] = f.settings(), Changed; t.Password == "" {
				t.Password = secret
			}
		}
		out = append(out, t)
	}
	for _, f := range k.Trunks {
		if _, ok := b.setting(f.Name); !ok {
			out, origins[f.Name] = append(out, f.settings()), Console
		}
	}
	return out, origins
}

func (b *Book) setting(name string) (config.Trunk, bool) {
	if i := slices.IndexFunc(b.cfg.Settings, func(t config.Trunk) bool { return t.Name == name }); i >= 0 {
		return b.cfg.Settings[i], true
	}
	return config.Trunk{}, false
}

// InForce are the trunks as settings and console have them.
func (b *Book) InForce(ctx context.Context) ([]config.Trunk, error) {
	out, _, err := b.Origins(ctx)
	return out, err
}

// Origins are the trunks in force, and where each is set.
func (b *Book) Origins(ctx context.Context) (list []config.Trunk, origins map[string]string, err error) {
	k, _, err := b.current(ctx)
	if err != nil {
		return nil, nil, err
	}
	list, origins = b.inForce(k)
	return list, origins, nil
}

// Show shows the trunks.
func (b *Book) Show(ctx context.Context) (TrunkPage, error) {
	k, text, err := b.current(ctx)
	if err != nil {
		return TrunkPage{}, err
	}
	now, origins := b.inForce(k)
	p := TrunkPage{
		FormPage: rules.FormPage{Others: []string{}, File: "trunks", Stamp: business.Stamp([]byte(text))},
		Trunks:   []TrunkForm{}, Settings: []TrunkForm{}, Origins: origins, Secrets: []string{},
	}
	for _, t := range now {
		p.Trunks = append(p.Trunks, formOf(t))
		if t.Password != "" {
			p.Secrets = append(p.Secrets, t.Name)
		}
	}
	for _, t := range b.cfg.Settings {
		p.Settings = append(p.Settings, formOf(t))
	}
	p.Problems = b.problems(p.Trunks, now, nil)
	p.Versions, err = b.history().Shown(ctx, p.Stamp)
	return p, err
}

// plan is what a form asks for.
type plan struct {
	kept  kept
	force []config.Trunk // in the order of the form
	check rules.EditCheck
}

// planned reads a form over what is kept.
func (b *Book) planned(was kept, want []TrunkForm) plan {
	before, _ := b.inForce(was)
	named := func(name string) (config.Trunk, bool) {
		if i := slices.IndexFunc(before, func(t config.Trunk) bool { return t.Name == name }); i >= 0 && name != "" {
			return before[i], true
		}
		return config.Trunk{}, false
	}
	p := plan{check: rules.EditCheck{Changed: []string{}}}
	given := map[string]bool{} // a new password
	anew := map[int]bool{}     // the password is to be typed again
	for i, f := range want {
		set, inSettings := b.setting(f.Name)
		if f.AsSettings && inSettings {
			p.force = append(p.force, set)
			continue
		}
		given[f.Name] = f.Password != ""
		own, theirs := f.Password, []string(nil) // whose servers have seen the password
		if old, ok := named(f.Was); ok && own == "" {
			if k, had := was.named(f.Was); had && k.Password != "" || f.Was != f.Name || !inSettings {
				own, theirs = old.Password.Reveal(), old.Proxy
			}
		}
		f.Password = own
		t := f.settings()
		if own == "" && inSettings {
			t.Password, theirs = set.Password, set.Proxy
			if k, had := was.named(f.Name); had && k.Password == "" { // it goes there already
				theirs = slices.Concat(theirs, k.Proxy)
			}
		}
		anew[i] = t.Password != "" && !given[f.Name] && elsewhere(theirs, t.Proxy)
		p.force = append(p.force, t)
		if inSettings && own == "" && len(different(formOf(set), formOf(t))) == 0 {
			continue
		}
		f.Was, f.AsSettings = "", false
		p.kept.Trunks = append(p.kept.Trunks, f)
	}
	for _, t := range b.cfg.Settings {
		if !slices.ContainsFunc(want, func(f TrunkForm) bool { return f.Name == t.Name }) {
			p.kept.Removed = append(p.kept.Removed, t.Name)
		}
	}
	p.check.Problems = b.problems(want, p.force, anew)
	for _, t := range p.force {
		old, ok := named(t.Name)
		if !ok {
			p.check.Changed = append(p.check.Changed, t.Name)
			continue
		}
		for _, key := range different(formOf(old), formOf(t)) {
			p.check.Changed = append(p.check.Changed, t.Name+"."+key)
		}
		if given[t.Name] || old.Password != t.Password {
			p.check.Changed = append(p.check.Changed, t.Name+".password")
		}
	}
	for _, t := range before {
		if !slices.ContainsFunc(p.force, func(o config.Trunk) bool { return o.Name == t.Name }) {
			p.check.Changed = append(p.check.Changed, t.Name)
		}
	}
	return p
}

// Check says what a change would do, and does nothing.
func (b *Book) Check(ctx context.Context, want []TrunkForm) (rules.EditCheck, error) {
	was, _, err := b.current(ctx)
	if err != nil {
		return rules.EditCheck{}, err
	}
	return b.planned(was, want).check, nil
}

// One is a trunk of a form with the password that it would have, to be tried.
func (b *Book) One(ctx context.Context, f TrunkForm) (config.Trunk, rules.EditCheck, error) {
	was, _, err := b.current(ctx)
	if err != nil {
		return config.Trunk{}, rules.EditCheck{}, err
	}
	p := b.planned(was, []TrunkForm{f})
	return p.force[0], rules.EditCheck{Changed: []string{}, Problems: p.check.Problems}, nil
}

// Save puts other trunks in force. stamp is that of the page which they were made from.
func (b *Book) Save(ctx context.Context, stamp string, want []TrunkForm, by string) (rules.EditCheck, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	was, text, err := b.current(ctx)
	if err != nil {
		return rules.EditCheck{}, err
	}
	if business.Stamp([]byte(text)) != stamp {
		return rules.EditCheck{}, rules.ErrStale
	}
	p := b.planned(was, want)
	if slices.ContainsFunc(p.check.Problems, func(q rules.EditProblem) bool { return q.Severity == string(business.Error) }) {
		return p.check, rules.ErrWrong
	}
	if len(p.check.Changed) == 0 {
		return p.check, nil
	}
	err = b.put(ctx, p.kept, store.RuleVersion{Changed: p.check.Changed, MadeBy: by, Before: text})
	if errors.Is(err, rules.ErrWrong) {
		p.check.Problems = append(p.check.Problems, rules.EditProblem{Severity: string(business.Error), Field: "trunks", English: err.Error(), Chinese: err.Error()})
	}
	return p.check, err
}

// Undo takes the last change back.
func (b *Book) Undo(ctx context.Context, version int64, by string) ([]string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	v, err := b.history().Undoable(ctx, version)
	if err != nil {
		return nil, err
	}
	k, err := read(v.Before)
	if err != nil {
		return nil, err
	}
	return v.Changed, b.put(ctx, k, store.RuleVersion{Changed: v.Changed, MadeBy: by, Undoes: version, Before: v.After})
}

// put keeps a version and has it count: what is in force can always be taken back.
func (b *Book) put(ctx context.Context, k kept, v store.RuleVersion) error {
	if len(k.Removed)+len(k.Trunks) > 0 {
		text, err := json.Marshal(k)
		if err != nil {
			return fmt.Errorf("keep the trunks: %w", err)
		}
		v.After = string(text)
	}
	now, _ := b.inForce(k)
	return b.history().Keep(ctx, v, func() error {
		if err := b.cfg.Put(now); err != nil {
			return fmt.Errorf("%w: %w", rules.ErrWrong, err)
		}
		return nil
	})
}
