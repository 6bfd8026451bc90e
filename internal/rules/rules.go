// Package rules changes a business's rules from outside: it shows them as a form, says
// what is wrong with a changed one, writes it back into business.yaml, which is followed
// while calls go on, and keeps what was there before, so that it can be taken back.
package rules

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"hotline/internal/business"
	"hotline/internal/store"
)

// Store keeps the versions.
type Store interface {
	AddRuleVersion(ctx context.Context, v store.RuleVersion) (int64, error)
	DropRuleVersion(ctx context.Context, business string, version int64) error
	RuleVersions(ctx context.Context, business string, n int) ([]store.RuleVersion, error)
	RuleVersion(ctx context.Context, business string, version int64) (store.RuleVersion, error)
}

// Errors of changing rules.
var (
	ErrNoBusiness = errors.New("there is no such business")
	ErrStale      = errors.New("business.yaml has changed meanwhile; look at it as it is now")
	ErrWrong      = errors.New("the rules have errors")
	ErrNotLast    = errors.New("only the last change can be taken back")
)

// Book is the rules of the businesses of a server.
type Book struct {
	dirs  []string
	store Store

	mu sync.Mutex // one change at a time
}

// New returns the Book of folders.
func New(dirs []string, s Store) *Book { return &Book{dirs: slices.Clone(dirs), store: s} }

// EditVersion is a change as others see it.
type EditVersion struct {
	Version int64     `json:"version"`
	MadeAt  time.Time `json:"made_at"`
	MadeBy  string    `json:"made_by"`
	Changed []string  `json:"changed" doc:"places of business.yaml"`
	Undoes  int64     `json:"undoes,omitempty" doc:"the version that it takes back"`
	Now     bool      `json:"now" doc:"the file says so still"`
}

// EditProblem is one thing that is wrong, in both languages.
type EditProblem struct {
	Severity string `json:"severity" enum:"error,warning"`
	Field    string `json:"field" doc:"place of business.yaml: queue.overflow[0].after"`
	English  string `json:"en"`
	Chinese  string `json:"zh"`
}

// BookPage is a business's rules with what a form needs to know.
type BookPage struct {
	Business string         `json:"business"`
	Name     string         `json:"name"`
	Others   []string       `json:"businesses" doc:"that there are"`
	Stamp    string         `json:"stamp" doc:"of the file; to be given with a change"`
	Rules    business.Rules `json:"rules"`
	Lines    []string       `json:"lines"`
	Scenes   []string       `json:"scenes" doc:"of questions"`
	Kinds    []string       `json:"kinds" doc:"flows, which may have a head start"`
	Open     bool           `json:"open" doc:"people are there now"`
	Problems []EditProblem  `json:"problems"`
	Versions []EditVersion  `json:"versions" doc:"the newest first"`
}

// EditCheck is what a change would do.
type EditCheck struct {
	Changed  []string      `json:"changed" doc:"places of business.yaml that would be other"`
	Problems []EditProblem `json:"problems"`
}

func (b *Book) dir(key string) (string, error) {
	for _, d := range b.dirs {
		if key == "" || Key(d) == key {
			return d, nil
		}
	}
	return "", fmt.Errorf("%w: %q", ErrNoBusiness, key)
}

// Key is how a folder's business is called.
func Key(dir string) string { return filepath.Base(filepath.Clean(dir)) }

const shownVersions = 20

// Show shows a business's rules; the first one's for "".
func (b *Book) Show(ctx context.Context, key string) (BookPage, error) {
	dir, err := b.dir(key)
	if err != nil {
		return BookPage{}, err
	}
	data, err := business.SettingsFile(dir)
	if err != nil {
		return BookPage{}, err
	}
	biz, report := business.LoadWith(dir, data)
	s := BookPage{
		Business: Key(dir), Name: biz.Name, Others: []string{}, Stamp: business.Stamp(data), Rules: biz.Rules(), Lines: []string{}, Scenes: biz.Scenes(),
		Kinds: []string{}, Open: biz.Hours.Open(time.Now()), Problems: problems(report), Versions: []EditVersion{},
	}
	if s.Scenes == nil {
		s.Scenes = []string{}
	}
	for _, d := range b.dirs {
		s.Others = append(s.Others, Key(d))
	}
	for _, l := range biz.Lines {
		s.Lines = append(s.Lines, l.Name)
	}
	if biz.Flows != nil {
		s.Kinds = append(s.Kinds, biz.Flows.Names()...)
	}
	list, err := b.store.RuleVersions(ctx, s.Business, shownVersions)
	if err != nil {
		return BookPage{}, err
	}
	for _, v := range list {
		s.Versions = append(s.Versions, EditVersion{v.Version, v.MadeAt, v.MadeBy, v.Changed, v.Undoes, v.Stamp == s.Stamp})
	}
	return s, nil
}

// problems are those of business.yaml.
func problems(r business.Report) []EditProblem {
	out := []EditProblem{}
	for _, p := range r.Problems {
		if p.File != business.File {
			continue
		}
		words := func(language string) string {
			message, cure := p.In(language)
			switch {
			case cure == "":
				return message
			case language == "zh":
				return message + "：" + cure
			default:
				return message + ": " + cure
			}
		}
		out = append(out, EditProblem{string(p.Severity), p.Field, words("en"), words("zh")})
	}
	return out
}

// wrong tells whether a report has an error of business.yaml that it had not before.
func wrong(now, before []EditProblem) bool {
	return slices.ContainsFunc(now, func(p EditProblem) bool { return p.Severity == string(business.Error) && !slices.Contains(before, p) })
}

// Check says what a change would do, and does nothing.
func (b *Book) Check(_ context.Context, key string, want business.Rules) (EditCheck, error) {
	dir, err := b.dir(key)
	if err != nil {
		return EditCheck{}, err
	}
	data, err := business.SettingsFile(dir)
	if err != nil {
		return EditCheck{}, err
	}
	e, err := business.EditRules(dir, data, want)
	if err != nil {
		return EditCheck{}, err
	}
	return EditCheck{some(e.Changed), problems(e.Report)}, nil
}

func some(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// Save writes changed rules into business.yaml. stamp is that of the file which they
// were made from.
func (b *Book) Save(ctx context.Context, key, stamp string, want business.Rules, by string) (EditCheck, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	dir, err := b.dir(key)
	if err != nil {
		return EditCheck{}, err
	}
	data, err := business.SettingsFile(dir)
	if err != nil {
		return EditCheck{}, err
	}
	if business.Stamp(data) != stamp {
		return EditCheck{}, ErrStale
	}
	e, err := business.EditRules(dir, data, want)
	if err != nil {
		return EditCheck{}, err
	}
	_, before := business.LoadWith(dir, data)
	done := EditCheck{some(e.Changed), problems(e.Report)}
	if wrong(done.Problems, problems(before)) {
		return done, ErrWrong
	}
	if len(e.Changed) == 0 {
		return done, nil
	}
	return done, b.put(ctx, dir, store.RuleVersion{Changed: e.Changed, MadeBy: by, Before: string(data), After: string(e.Text)})
}

// Undo takes the last change back.
func (b *Book) Undo(ctx context.Context, key string, version int64, by string) ([]string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	dir, err := b.dir(key)
	if err != nil {
		return nil, err
	}
	list, err := b.store.RuleVersions(ctx, Key(dir), 1)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 || list[0].Version != version {
		return nil, ErrNotLast
	}
	v, err := b.store.RuleVersion(ctx, Key(dir), version)
	if err != nil {
		return nil, err
	}
	data, err := business.SettingsFile(dir)
	if err != nil {
		return nil, err
	}
	if business.Stamp(data) != v.Stamp {
		return nil, ErrStale
	}
	return v.Changed, b.put(ctx, dir, store.RuleVersion{Changed: v.Changed, MadeBy: by, Undoes: version, Before: v.After, After: v.Before})
}

// put keeps a version and writes the file: what is in force can always be taken back.
func (b *Book) put(ctx context.Context, dir string, v store.RuleVersion) error {
	v.Business, v.Stamp = Key(dir), business.Stamp([]byte(v.After))
	n, err := b.store.AddRuleVersion(ctx, v)
	if err != nil {
		return err
	}
	if err := business.ReplaceSettings(dir, []byte(v.After)); err != nil {
		return errors.Join(err, b.store.DropRuleVersion(context.WithoutCancel(ctx), v.Business, n))
	}
	return nil
}
