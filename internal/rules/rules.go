// Package rules changes a business's settings from outside: its rules and lines
// (business.yaml), its score sheets (quality.yaml) and its sensitive words (moderation/).
// It shows them as a form, says what is wrong with a changed one, writes it back into its
// file, which is followed while calls go on, and keeps what was there before, so that it
// can be taken back. Each file has its own history.
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
	"hotline/internal/quality"
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
	ErrStale      = errors.New("the file has changed meanwhile; look at it as it is now")
	ErrWrong      = errors.New("the rules have errors")
	ErrNotLast    = errors.New("only the last change can be taken back")
	ErrNoFile     = errors.New("there is no such file of settings")
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
	Changed []string  `json:"changed" doc:"places of the file"`
	Undoes  int64     `json:"undoes,omitempty" doc:"the version that it takes back"`
	Now     bool      `json:"now" doc:"the file says so still"`
}

// EditProblem is one thing that is wrong, in both languages.
type EditProblem struct {
	Severity string `json:"severity" enum:"error,warning"`
	Field    string `json:"field" doc:"place of the file: queue.overflow[0].after"`
	Line     int    `json:"line,omitempty" doc:"of the file"`
	English  string `json:"en"`
	Chinese  string `json:"zh"`
}

// BookPage is a business's rules with what a form needs to know.
type BookPage struct {
	FormPage

	Rules  business.Rules    `json:"rules"`
	Lines  []string          `json:"lines"`
	Speak  map[string]string `json:"speak" doc:"languages of the lines, by their names"`
	Scenes []string          `json:"scenes" doc:"of questions"`
	Kinds  []string          `json:"kinds" doc:"flows, which may have a head start"`
	Open   bool              `json:"open" doc:"people are there now"`
}

// EditCheck is what a change would do.
type EditCheck struct {
	Changed  []string      `json:"changed" doc:"places of the file that would be other"`
	Problems []EditProblem `json:"problems"`
}

// folders are those of the businesses, and of others whose lines they answer.
func (b *Book) folders() []string {
	out := slices.Clone(b.dirs)
	for _, d := range b.dirs {
		biz, _ := business.Load(d)
		for _, home := range biz.Homes() {
			if !slices.ContainsFunc(out, func(o string) bool { return Key(o) == Key(home.Dir) }) {
				out = append(out, home.Dir)
			}
		}
	}
	return out
}

func (b *Book) dir(key string) (string, error) {
	for _, d := range b.dirs {
		if key == "" || Key(d) == key {
			return d, nil
		}
	}
	for _, d := range b.folders() {
		if Key(d) == key {
			return d, nil
		}
	}
	return "", fmt.Errorf("%w: %q", ErrNoBusiness, key)
}

// Key is how a folder's business is called.
func Key(dir string) string { return filepath.Base(filepath.Clean(dir)) }

// Files are those whose settings can be changed.
func Files() []string {
	out := []string{business.File, quality.File}
	for _, w := range business.WordSubjects() {
		out = append(out, business.WordFile(w))
	}
	return out
}

// history is what was changed in a file.
func (b *Book) history(dir, file string) History {
	h := History{Store: b.store, Of: Key(dir)}
	if file != business.File {
		h.Of += "/" + file
	}
	return h
}

// FormPage is what all forms show.
type FormPage struct {
	Business string        `json:"business"`
	Name     string        `json:"name"`
	Others   []string      `json:"businesses" doc:"that there are"`
	File     string        `json:"file"`
	Stamp    string        `json:"stamp" doc:"of the file; to be given with a change"`
	Problems []EditProblem `json:"problems"`
	Versions []EditVersion `json:"versions" doc:"the newest first"`
}

// page reads a file of a business.
func (b *Book) page(ctx context.Context, key, file string) (p FormPage, biz *business.Business, data []byte, err error) {
	dir, err := b.dir(key)
	if err != nil {
		return p, nil, nil, err
	}
	if data, err = business.SettingsFile(dir, file); err != nil {
		return p, nil, nil, err
	}
	biz, report := business.LoadWith(dir, file, data)
	p = FormPage{Business: Key(dir), Name: biz.Name, Others: []string{}, File: file, Stamp: business.Stamp(data), Problems: problems(report, file)}
	for _, d := range b.folders() {
		p.Others = append(p.Others, Key(d))
	}
	if p.Versions, err = b.history(dir, file).Shown(ctx, p.Stamp); err != nil {
		return p, nil, nil, err
	}
	return p, biz, data, nil
}

// Show shows a business's rules; the first one's for "".
func (b *Book) Show(ctx context.Context, key string) (BookPage, error) {
	p, biz, _, err := b.page(ctx, key, business.File)
	if err != nil {
		return BookPage{}, err
	}
	s := BookPage{FormPage: p, Rules: biz.Rules(), Lines: []string{}, Speak: map[string]string{}, Scenes: biz.Scenes(), Kinds: []string{}, Open: biz.Hours.Open(time.Now())}
	if s.Scenes == nil {
		s.Scenes = []string{}
	}
	for _, l := range biz.Lines {
		s.Lines = append(s.Lines, l.Name)
		s.Speak[l.Name] = l.Language
	}
	if biz.Flows != nil {
		s.Kinds = append(s.Kinds, biz.Flows.Names()...)
	}
	return s, nil
}

// problems are those of a file.
func problems(r business.Report, file string) []EditProblem {
	out := []EditProblem{}
	for _, p := range r.Problems {
		if p.File != file {
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
		out = append(out, EditProblem{string(p.Severity), p.Field, p.Line, words("en"), words("zh")})
	}
	return out
}

// wrong tells whether there is an error that was not there before.
func wrong(now, before []EditProblem) bool {
	same := func(p EditProblem) func(EditProblem) bool {
		return func(q EditProblem) bool { return p.Field == q.Field && p.English == q.English }
	}
	return slices.ContainsFunc(now, func(p EditProblem) bool {
		return p.Severity == string(business.Error) && !slices.ContainsFunc(before, same(p))
	})
}

// Check says what a change would do, and does nothing.
func (b *Book) Check(_ context.Context, key string, want business.Rules) (EditCheck, error) {
	dir, err := b.dir(key)
	if err != nil {
		return EditCheck{}, err
	}
	data, err := business.SettingsFile(dir, business.File)
	if err != nil {
		return EditCheck{}, err
	}
	e, err := business.EditRules(dir, data, want)
	if err != nil {
		return EditCheck{}, err
	}
	return EditCheck{some(e.Changed), problems(e.Report, business.File)}, nil
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
	return b.change(ctx, key, business.File, stamp, by, func(dir string, data []byte) (business.Edited, error) {
		return business.EditRules(dir, data, want)
	})
}

// change writes a file as edit makes it of what it was.
func (b *Book) change(ctx context.Context, key, file, stamp, by string, edit func(dir string, data []byte) (business.Edited, error)) (EditCheck, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	dir, err := b.dir(key)
	if err != nil {
		return EditCheck{}, err
	}
	data, err := business.SettingsFile(dir, file)
	if err != nil {
		return EditCheck{}, err
	}
	if business.Stamp(data) != stamp {
		return EditCheck{}, ErrStale
	}
	e, err := edit(dir, data)
	if err != nil {
		return EditCheck{}, err
	}
	_, before := business.LoadWith(dir, file, data)
	done := EditCheck{some(e.Changed), problems(e.Report, file)}
	if wrong(done.Problems, problems(before, file)) {
		return done, ErrWrong
	}
	if len(e.Changed) == 0 {
		return done, nil
	}
	return done, b.put(ctx, dir, file, store.RuleVersion{Changed: e.Changed, MadeBy: by, Before: string(data), After: string(e.Text)})
}

// Undo takes the last change of a file back.
func (b *Book) Undo(ctx context.Context, key, file string, version int64, by string) ([]string, error) {
	if !slices.Contains(Files(), file) {
		return nil, fmt.Errorf("%w: %q", ErrNoFile, file)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	dir, err := b.dir(key)
	if err != nil {
		return nil, err
	}
	v, err := b.history(dir, file).Undoable(ctx, version)
	if err != nil {
		return nil, err
	}
	data, err := business.SettingsFile(dir, file)
	if err != nil {
		return nil, err
	}
	if business.Stamp(data) != v.Stamp {
		return nil, ErrStale
	}
	return v.Changed, b.put(ctx, dir, file, store.RuleVersion{Changed: v.Changed, MadeBy: by, Undoes: version, Before: v.After, After: v.Before})
}

// put keeps a version and writes the file: what is in force can always be taken back.
// Where there was no file before its first change, there is none after that was undone.
func (b *Book) put(ctx context.Context, dir, file string, v store.RuleVersion) error {
	var data []byte
	if v.After != "" {
		data = []byte(v.After)
	}
	return b.history(dir, file).Keep(ctx, v, func() error { return business.ReplaceSettings(dir, file, data) })
}
