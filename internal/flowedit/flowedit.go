// Package flowedit lets people change the tasks of businesses while the server runs, and
// try a text before it counts.
//
// # Concepts
//
// The files of flows/ are what counts: an edit replaces the file at once or not at all,
// and only if it is the one that the edit was made from ([ConflictError] otherwise). A text
// with an error, or one that breaks what refers to it, is not written
// ([InvalidError]). Every text is kept in the store with its author, and what stood in
// the file before when somebody else wrote it. A trial ([Editor.Try],
// [Editor.Dialogs]) holds conversations with the real engine over a text that is not
// saved; places are taken in memory only, and other systems are asked for what they
// know and told nothing. See docs/decisions/0017-flows-are-edited-in-their-files.md.
//
// # Concurrency
//
// An [Editor] may be used from any goroutine. Changes are made one after the other;
// trials run beside calls, a few at once. It starts no goroutine.
package flowedit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"hotline/dialog"
	"hotline/dialog/engine"
	"hotline/internal/business"
	"hotline/internal/store"
)

// The errors that a client can do something about.
var (
	ErrNotFound = errors.New("there is no such task")
	ErrExists   = errors.New("there is a task of that name")
	ErrName     = errors.New("a name is letters, digits, - and _, up to 64 of them")
	ErrSystems  = errors.New("only an administrator may change which other systems a task asks")
	ErrLong     = errors.New("the text is too long")
	ErrNoTrial  = errors.New("nothing can be tried here")
)

// maxText bounds a task's file, in bytes.
const maxText = 256 << 10

// InvalidError is a text that would not run, or that breaks what refers to the task.
type InvalidError struct {
	Problems []business.Problem // the errors
}

func (e *InvalidError) Error() string { return e.Problems[0].String() }

// ConflictError is an edit whose file has changed on disk meanwhile.
type ConflictError struct{ Now business.FlowFile }

func (e *ConflictError) Error() string { return business.ErrFlowChanged.Error() }

// Unwrap is for errors.Is.
func (e *ConflictError) Unwrap() error { return business.ErrFlowChanged }

// Store keeps versions.
type Store interface {
	AddFlowVersions(ctx context.Context, versions ...store.FlowVersion) error
	FlowHeads(ctx context.Context, business string) ([]store.FlowVersion, error)
	FlowVersions(ctx context.Context, business, file string) ([]store.FlowVersion, error)
}

// EngineOf makes the dialogue engine of a line of a business that nobody talks to but
// who tries it.
type EngineOf func(ctx context.Context, l business.Line, effects engine.Effects, now func() time.Time) (dialog.Engine, error)

// Config is what an Editor works with. Store is required.
type Config struct {
	Dirs   []string // the businesses' folders
	Store  Store
	Engine EngineOf       // nil: nothing can be tried
	Ask    engine.Effects // asks other systems what they know, in trials; nil: they do not answer
}

// Editor changes tasks and tries them.
type Editor struct {
	cfg    Config
	turn   chan struct{} // held by who changes a file
	trials chan struct{} // bounds the trials at once
	kept   *trials
}

// maxTrials bounds the trials at once: calls need the cores, and an engine that is tried
// has one clock.
const maxTrials = 1

// New makes an editor.
func New(cfg Config) *Editor {
	return &Editor{cfg: cfg, turn: make(chan struct{}, 1), trials: make(chan struct{}, maxTrials), kept: &trials{}}
}

// Document is a task with its text.
type Document struct {
	business.FlowView
	Text   string
	Digest string   // names the file that the text is of; "" where there is none
	On     []string // the lines that it can be tried on
}

// Deleted is a task that was taken away in the console and can be brought back.
type Deleted struct {
	Business, Name, Title, File string
	Author                      string
	At                          time.Time
	N                           int // of the version that has its text
}

// FlowViews are the tasks of all businesses, as they stand in their folders.
func (e *Editor) FlowViews(ctx context.Context) ([]business.FlowView, error) {
	return business.FlowFolders(e.cfg.Dirs).FlowViews(ctx)
}

// Deleted are the tasks that were taken away in the console, and whose files did not come
// back.
func (e *Editor) Deleted(ctx context.Context) ([]Deleted, error) {
	var out []Deleted
	for _, dir := range e.cfg.Dirs {
		heads, err := e.cfg.Store.FlowHeads(ctx, keyOf(dir))
		if err != nil {
			return nil, err
		}
		for _, v := range heads {
			if v.State != store.FlowDeleted {
				continue
			}
			if now, err := business.ReadFlowFile(dir, v.File); err != nil || now.Digest != "" {
				continue // somebody put it there again
			}
			b, _ := business.Load(dir)
			d := Deleted{Business: b.Name, Name: stem(v.File), Title: stem(v.File), File: v.File, Author: v.Author, At: v.At, N: v.N}
			if f, ok := business.ParseFlow(v.Body); ok {
				d.Title = cmp.Or(f.Title, d.Title)
			}
			out = append(out, d)
		}
	}
	return out, nil
}

// keyOf names a business in the store, as the knowledge's versions do.
func keyOf(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	return filepath.Base(dir)
}

func stem(file string) string {
	return strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
}

// place is where a task stands, or stood.
type place struct {
	b      *business.Business
	report business.Report
	dir    string
	file   string // "flows/track.yaml"
	view   business.FlowView
	there  bool
	now    business.FlowFile
}

// find is the task of that name, of the business of that name or of the first that has
// it; one that was deleted is found by its file's.
func (e *Editor) find(ctx context.Context, of, name string) (place, error) {
	var gone place
	for _, dir := range e.cfg.Dirs {
		if err := ctx.Err(); err != nil {
			return place{}, err
		}
		b, report := business.Load(dir)
		if of != "" && b.Name != of {
			continue
		}
		p := place{b: b, report: report, dir: dir}
		views := b.FlowViews(report)
		i := slices.IndexFunc(views, func(v business.FlowView) bool { return v.Name == name })
		if i < 0 {
			i = slices.IndexFunc(views, func(v business.FlowView) bool { return stem(v.File) == name })
		}
		if i >= 0 {
			p.view, p.file, p.there = views[i], views[i].File, true
			var err error
			p.now, err = business.ReadFlowFile(dir, p.file)
			return p, err
		}
		heads, err := e.cfg.Store.FlowHeads(ctx, keyOf(dir))
		if err != nil {
			return p, err
		}
		for _, v := range heads {
			if gone.b == nil && stem(v.File) == name {
				gone, gone.file = p, v.File
			}
		}
	}
	if gone.b != nil {
		return gone, nil
	}
	return place{}, fmt.Errorf("%s: %w", name, ErrNotFound)
}

// Open is a task with its text.
func (e *Editor) Open(ctx context.Context, of, name string) (Document, error) {
	p, err := e.find(ctx, of, name)
	if err != nil {
		return Document{}, err
	}
	if !p.there {
		return Document{}, fmt.Errorf("%s was deleted: %w", name, ErrNotFound)
	}
	return p.document(), nil
}

func (p place) document() Document {
	d := Document{FlowView: p.view, Text: p.now.Text, Digest: p.now.Digest}
	for _, l := range p.lines() {
		d.On = append(d.On, l.Name)
	}
	return d
}

// lines are those that the business itself answers.
func (p place) lines() (out []business.Line) {
	for _, l := range p.b.Lines {
		if l.Home == p.b {
			out = append(out, l)
		}
	}
	return out
}

// Check is the task as it would be with a text: its graph and what is wrong, elsewhere
// in the folder as well.
func (e *Editor) Check(ctx context.Context, of, name, text string) (business.FlowView, []business.Problem, error) {
	p, err := e.find(ctx, of, name)
	if err != nil {
		return business.FlowView{}, nil, err
	}
	if len(text) > maxText {
		return business.FlowView{}, nil, ErrLong
	}
	_, view, broken := p.with(&text)
	return view, broken, nil
}

// with is the folder with another text of the task, nil for none, how the task is
// then, and the errors elsewhere that are not there now.
func (p place) with(text *string) (*business.Business, business.FlowView, []business.Problem) {
	b, report := business.LoadOver(p.dir, business.Overlay{p.file: text})
	view := business.FlowView{Business: b.Name, Language: b.Language, File: p.file, Name: stem(p.file), Title: stem(p.file)}
	for _, v := range b.FlowViews(report) {
		if v.File == p.file {
			view = v
		}
	}
	return b, view, newErrors(p.report, report, p.file)
}

// newErrors are the errors outside a file that after has and before has not.
func newErrors(before, after business.Report, file string) (out []business.Problem) {
	key := func(p business.Problem) string { return p.File + "\x00" + p.Code + "\x00" + p.Message }
	had := map[string]int{}
	for _, p := range before.Problems {
		had[key(p)]++
	}
	for _, p := range after.Problems {
		if p.Severity != business.Error || p.File == file {
			continue
		}
		if had[key(p)]--; had[key(p)] < 0 {
			out = append(out, p)
		}
	}
	return out
}

// Edit is a change that somebody makes.
type Edit struct {
	Business, Name string
	By, Note       string
	Digest         string // of the file that the change was made from; "" for none
	Systems        bool   // he may change which other systems are asked
}

// lock takes the turn to change files.
func (e *Editor) lock(ctx context.Context) (func(), error) {
	select {
	case e.turn <- struct{}{}:
		return func() { <-e.turn }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// hold finds a task that nobody else changes until its turn is given back.
func (e *Editor) hold(ctx context.Context, edit Edit) (place, func(), error) {
	unlock, err := e.lock(ctx)
	if err != nil {
		return place{}, nil, err
	}
	p, err := e.find(ctx, edit.Business, edit.Name)
	if err != nil {
		unlock()
		return place{}, nil, err
	}
	return p, unlock, nil
}

// Save writes a text into the task's file.
func (e *Editor) Save(ctx context.Context, edit Edit, text string) (Document, error) {
	p, unlock, err := e.hold(ctx, edit)
	if err != nil {
		return Document{}, err
	}
	defer unlock()
	return e.save(ctx, p, edit, text)
}

var goodName = regexp.MustCompile(`^[\p{L}\p{N}_-]{1,64}$`)

// Create writes a new task from a template.
func (e *Editor) Create(ctx context.Context, edit Edit, title, template string) (Document, error) {
	if !goodName.MatchString(edit.Name) {
		return Document{}, ErrName
	}
	unlock, err := e.lock(ctx)
	if err != nil {
		return Document{}, err
	}
	defer unlock()
	for _, dir := range e.cfg.Dirs {
		b, report := business.Load(dir)
		if edit.Business != "" && b.Name != edit.Business {
			continue
		}
		p := place{b: b, report: report, dir: dir, file: business.FlowDir + "/" + edit.Name + ".yaml"}
		for _, v := range b.FlowViews(report) {
			if strings.EqualFold(v.Name, edit.Name) || strings.EqualFold(stem(v.File), edit.Name) {
				return Document{}, fmt.Errorf("%s: %w", edit.Name, ErrExists)
			}
		}
		text, err := fill(b, template, edit.Name, title)
		if err != nil {
			return Document{}, err
		}
		edit.Digest = ""
		return e.save(ctx, p, edit, text)
	}
	return Document{}, fmt.Errorf("the business %s: %w", edit.Business, ErrNotFound)
}

// Restore brings the text of an older version back, also of a task that was deleted.
func (e *Editor) Restore(ctx context.Context, edit Edit, n int) (Document, error) {
	p, unlock, err := e.hold(ctx, edit)
	if err != nil {
		return Document{}, err
	}
	defer unlock()
	list, err := e.cfg.Store.FlowVersions(ctx, keyOf(p.dir), p.file)
	if err != nil {
		return Document{}, err
	}
	i := slices.IndexFunc(list, func(v store.FlowVersion) bool { return v.N == n })
	if i < 0 {
		return Document{}, fmt.Errorf("version %d of %s: %w", n, edit.Name, ErrNotFound)
	}
	return e.save(ctx, p, edit, list[i].Body)
}

// save writes text into p's file. The caller has the turn.
func (e *Editor) save(ctx context.Context, p place, edit Edit, text string) (Document, error) {
	if len(text) > maxText {
		return Document{}, ErrLong
	}
	if p.now.Digest != edit.Digest {
		return Document{}, &ConflictError{p.now}
	}
	b, view, broken := p.with(&text)
	var wrong []business.Problem
	for _, q := range view.Problems {
		if q.Severity == business.Error {
			wrong = append(wrong, q.Problem)
		}
	}
	if wrong = append(wrong, broken...); len(wrong) > 0 {
		return Document{}, &InvalidError{wrong}
	}
	if !edit.Systems && asksMore(p.now.Text, text) {
		return Document{}, ErrSystems
	}
	if text == p.now.Text && p.now.Digest != "" {
		return p.document(), nil
	}
	if err := e.keep(ctx, p, store.FlowVersion{State: store.FlowSaved, Body: text, Author: edit.By, Note: edit.Note}); err != nil {
		return Document{}, err
	}
	var err error
	p.now, err = business.WriteFlowFile(p.dir, p.file, text, edit.Digest)
	if errors.Is(err, business.ErrFlowChanged) {
		return Document{}, &ConflictError{p.now}
	}
	p.b, p.view = b, view
	return p.document(), err
}

// Delete takes a task away; its text stays among the versions.
func (e *Editor) Delete(ctx context.Context, edit Edit) (Deleted, error) {
	p, unlock, err := e.hold(ctx, edit)
	if err != nil {
		return Deleted{}, err
	}
	defer unlock()
	if !p.there {
		return Deleted{}, fmt.Errorf("%s was deleted: %w", edit.Name, ErrNotFound)
	}
	if p.now.Digest != edit.Digest {
		return Deleted{}, &ConflictError{p.now}
	}
	if _, _, broken := p.with(nil); len(broken) > 0 {
		return Deleted{}, &InvalidError{broken}
	}
	if err := e.keep(ctx, p, store.FlowVersion{State: store.FlowDeleted, Body: p.now.Text, Author: edit.By, Note: edit.Note}); err != nil {
		return Deleted{}, err
	}
	if err := business.RemoveFlowFile(p.dir, p.file, edit.Digest); err != nil {
		return Deleted{}, err
	}
	list, err := e.cfg.Store.FlowVersions(ctx, keyOf(p.dir), p.file)
	if err != nil || len(list) == 0 {
		return Deleted{}, err
	}
	return Deleted{Business: p.b.Name, Name: stem(p.file), Title: p.view.Title, File: p.file, Author: edit.By, At: list[0].At, N: list[0].N}, nil
}

// keep adds a version, behind what stands in the file where nobody keeps that yet.
func (e *Editor) keep(ctx context.Context, p place, v store.FlowVersion) error {
	list, err := e.cfg.Store.FlowVersions(ctx, keyOf(p.dir), p.file)
	if err != nil {
		return err
	}
	v.Business, v.File, v.N = keyOf(p.dir), p.file, 1
	if len(list) > 0 {
		v.N = list[0].N + 1
	}
	var add []store.FlowVersion
	if p.now.Digest != "" && (len(list) == 0 || list[0].State == store.FlowDeleted || list[0].Body != p.now.Text) {
		add = append(add, store.FlowVersion{Business: v.Business, File: v.File, N: v.N, State: store.FlowFile, Body: p.now.Text})
		v.N++
	}
	return e.cfg.Store.AddFlowVersions(ctx, append(add, v)...)
}

// Versions are those of a task, newest first, and the text of its file where that is none
// of them.
func (e *Editor) Versions(ctx context.Context, of, name string) ([]store.FlowVersion, business.FlowFile, error) {
	p, err := e.find(ctx, of, name)
	if err != nil {
		return nil, business.FlowFile{}, err
	}
	list, err := e.cfg.Store.FlowVersions(ctx, keyOf(p.dir), p.file)
	return list, p.now, err
}
