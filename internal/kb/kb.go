// Package kb keeps the questions and answers of a running server: the files of each
// business's folder, what people wrote over them in the console, and the indexes of
// the lines, which follow both while calls go on.
//
// # Concepts
//
// The files are the base. An edit is a version in the store; the newest that is
// published stands in the file's place until it is written into the file
// ([Base.Write]). A file whose text has changed meanwhile is a conflict: what was
// published stays in force, both texts are kept, and a person decides
// ([Base.Resolve]). See docs/decisions/0015-console-edits-over-files.md.
//
// # Concurrency
//
// A [Base] may be used from any goroutine. Readers never wait: they see the last
// whole state. Changes of one business are made one after the other. [Base.Run]
// follows the files of the businesses whose lines are served ([Base.Serve]); nothing
// else starts a goroutine that outlives its call.
package kb

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"hotline/dialog/knowledge"
	"hotline/internal/audit"
	"hotline/internal/business"
	"hotline/internal/store"
)

// The errors that a client can do something about.
var (
	ErrNotFound = errors.New("there is no such question")
	ErrState    = errors.New("its state does not allow this")
	ErrConflict = errors.New("its file has changed since")
)

// InvalidError is a question or an import that breaks a rule.
type InvalidError struct{ Report business.Report }

func (e *InvalidError) Error() string { return e.Report.Err().Error() }

// Store keeps versions.
type Store interface {
	AddKnowledge(ctx context.Context, versions ...store.KnowledgeVersion) error
	KnowledgeHeads(ctx context.Context, business string) ([]store.KnowledgeVersion, error)
	KnowledgeVersions(ctx context.Context, business, pair string) ([]store.KnowledgeVersion, error)
	SetKnowledgeBase(ctx context.Context, versions []store.KnowledgeVersion, base func(store.KnowledgeVersion) string) error
}

// Line is a line with the index that answers it.
type Line struct {
	business.Line
	Live *knowledge.Live
}

// Config is what a Base works with. Store is required.
type Config struct {
	Store Store
	Audit func(audit.Entry) // nil: nobody keeps it
	Log   *slog.Logger      // default discards
	Now   func() time.Time  // default time.Now
	// Every is how soon a change of the files counts; default a second.
	Every time.Duration
	// Embedding is how long a change waits for the vectors of its new wordings before
	// it counts without; default 700 ms.
	Embedding time.Duration
}

// looks is how many times the files are looked at in Config.Every.
const looks = 3

// Base is the knowledge of all businesses.
type Base struct {
	cfg    Config
	shops  atomic.Pointer[[]*shop]
	turn   turn          // held by who changes which lines are served
	served chan struct{} // tells Run that others are
}

// shop is one business.
type shop struct {
	key   string // in the store
	dir   string // absolute
	home  atomic.Pointer[business.Business]
	lines atomic.Pointer[[]*line]
	turn  turn // held by who changes the business
	state atomic.Pointer[state]
}

// at is a line with its business as it is now.
func (s *shop) at(l *line) business.Line {
	out := l.Line.Line
	out.Home = s.home.Load()
	return out
}

// line is a line's index while it is renewed. Its fields need the shop's turn.
type line struct {
	Line
	embedder atomic.Pointer[knowledge.Embedder]
	turn     turn // held by who swaps the index
	vectors  *knowledge.Index
	rows     string // digest of what the index was built from
}

// state is a business's knowledge at one moment; it never changes.
type state struct {
	stamp string
	files []business.KnowledgeFile // as last read without errors
	heads map[string]head
	items []Item
	byID  map[string]int
	rows  []business.Row // in force
}

// head is a pair's newest version and that in force; either may be missing.
type head struct{ newest, inForce *store.KnowledgeVersion }

// New reads the businesses' stored edits and puts them into the lines' indexes.
func New(ctx context.Context, cfg Config, lines []Line) (*Base, error) {
	cfg.Every = cmp.Or(cfg.Every, time.Second)
	cfg.Embedding = cmp.Or(cfg.Embedding, 700*time.Millisecond)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Audit == nil {
		cfg.Audit = func(audit.Entry) {}
	}
	b := &Base{cfg: cfg, turn: newTurn(), served: make(chan struct{}, 1)}
	b.shops.Store(&[]*shop{})
	return b, b.Serve(ctx, lines)
}

func (b *Base) begin(ctx context.Context, s *shop) error {
	stamp, err := business.KnowledgeStamp(s.home.Load().Dir)
	if err != nil {
		return err
	}
	// At the start what could be read of a file counts: there is nothing older.
	files, err := business.ReadKnowledgeDir(s.home.Load().Dir)
	if err != nil {
		return err
	}
	heads, err := b.heads(ctx, s)
	if err != nil {
		return err
	}
	return b.put(ctx, s, &state{stamp: stamp, files: files, heads: heads})
}

func (b *Base) heads(ctx context.Context, s *shop) (map[string]head, error) {
	list, err := b.cfg.Store.KnowledgeHeads(ctx, s.key)
	if err != nil {
		return nil, err
	}
	heads := map[string]head{}
	for _, v := range list {
		h := heads[v.Pair]
		if h.newest == nil || v.N > h.newest.N {
			h.newest = &v
		}
		if inForce(v.State) && (h.inForce == nil || v.N > h.inForce.N) {
			h.inForce = &v
		}
		heads[v.Pair] = h
	}
	return heads, nil
}

func inForce(state string) bool {
	return state == store.KnowledgePublished || state == store.KnowledgeWithdrawn
}

// put makes st the business's state and brings the indexes up to date. The caller has
// the shop's turn, or is alone.
func (b *Base) put(ctx context.Context, s *shop, st *state) error {
	settled := s.settle(st)
	if err := b.renew(ctx, s, st.rows); err != nil {
		return err
	}
	s.state.Store(st)
	if len(settled) == 0 {
		return nil
	}
	// Noted late it is found again at the next look.
	if err := b.cfg.Store.SetKnowledgeBase(ctx, settled, digest); err != nil {
		return err
	}
	return nil
}

// renew builds the indexes of the lines whose pairs are others now.
func (b *Base) renew(ctx context.Context, s *shop, rows []business.Row) error {
	var wg sync.WaitGroup
	lines := *s.lines.Load()
	errs := make([]error, len(lines))
	for i, l := range lines {
		wg.Go(func() { errs[i] = b.renewLine(ctx, l, s.at(l), rows) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (b *Base) renewLine(ctx context.Context, l *line, at business.Line, rows []business.Row) error {
	pairs, o := at.PairsOf(rows), at.KnowledgeOptions()
	now := digestOf(pairs, o)
	if now == l.rows {
		return nil
	}
	o.Now = b.cfg.Now
	x, err := knowledge.New(pairs, o) //nolint:contextcheck // without an embedder it asks nobody
	if err != nil {
		return fmt.Errorf("line %s: %w", l.Name, err)
	}
	leave, err := l.turn.take(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if e := l.embedder.Load(); e != nil {
		within, cancel := context.WithTimeout(ctx, b.cfg.Embedding)
		defer cancel()
		if better, err := x.WithEmbedder(within, *e, l.vectors); err == nil {
			x, l.vectors = better, better
		} else {
			b.cfg.Log.Warn("the changed knowledge is compared by words and sound until its meaning is known", "line", l.Name, "error", err)
		}
	}
	l.rows = now
	l.Live.Swap(x)
	return nil
}

func digestOf(pairs []knowledge.Pair, o knowledge.Options) string {
	data, err := json.Marshal([]any{pairs, o.Terms, o.Goods, o.NotOurs, o.Synonyms})
	if err != nil {
		return "" // plain fields always marshal
	}
	return string(data)
}

// learn gives a line's index vectors as soon as the embedder answers, and again
// whenever a change had to go without. What an edit took over of what was learned before
// is learned anew once the edits rest.
func (b *Base) learn(ctx context.Context, l *line, e knowledge.Embedder) {
	pause := b.cfg.Every
	var seen *knowledge.Index
	for ctx.Err() == nil {
		switch x := l.Live.Load(); {
		case !x.Meaning() && x.Len() > 0:
			if err := b.teach(ctx, l, e); err != nil {
				b.cfg.Log.Debug("no embeddings yet", "line", l.Name, "error", err)
				pause = min(2*pause, time.Minute)
			} else {
				pause = b.cfg.Every
			}
		case !x.Settled() && x == seen:
			if err := b.settleLine(ctx, l, x); err != nil && ctx.Err() == nil {
				b.cfg.Log.Warn("what was edited is not learned together with the rest yet", "line", l.Name, "error", err)
			}
		}
		seen = l.Live.Load()
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

func (b *Base) teach(ctx context.Context, l *line, e knowledge.Embedder) error {
	// Thousands of wordings take a while, in which nobody's change shall wait.
	from := l.Live.Load()
	better, err := from.WithEmbedder(ctx, e, nil)
	if err != nil {
		return err
	}
	leave, err := l.turn.take(ctx)
	if err != nil {
		return err
	}
	defer leave()
	l.vectors = better
	l.embedder.Store(&e)
	if l.Live.Load() != from {
		// It changed meanwhile: what is new of it is little.
		if better, err = l.Live.Load().WithEmbedder(ctx, e, better); err != nil {
			return err
		}
		l.vectors = better
	}
	l.Live.Swap(better)
	b.cfg.Log.Info("the knowledge is compared by meaning too", "line", l.Name, "questions", better.Len(), "wordings", better.Variants())
	return nil
}

// settleLine has a line's index learn all its pairs anew, unless it changes meanwhile.
func (b *Base) settleLine(ctx context.Context, l *line, x *knowledge.Index) error {
	settled, err := x.Settle(ctx)
	if err != nil {
		return fmt.Errorf("line %s: %w", l.Name, err)
	}
	leave, err := l.turn.take(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if l.Live.Load() == x {
		l.vectors = settled
		l.Live.Swap(settled)
	}
	return nil
}

// follow reads the business's files again when they changed and have been left alone
// since the last look: an editor empties a file before it writes it.
func (b *Base) follow(ctx context.Context, s *shop) {
	tick := time.NewTicker(b.cfg.Every / looks)
	defer tick.Stop()
	seen, failed := "", ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		stamp, err := business.KnowledgeStamp(s.home.Load().Dir)
		if err == nil && stamp == seen && stamp != s.state.Load().stamp && stamp != failed {
			if err = b.Reload(ctx, s.key); err != nil {
				failed = stamp
			}
		}
		seen = stamp
		if err != nil && ctx.Err() == nil {
			b.cfg.Log.Warn("the knowledge on disk cannot be used, the old stays", "business", s.home.Load().Dir, "error", err)
		}
	}
}

// Reload reads the files of a business. Of a file with errors the older text stays.
func (b *Base) Reload(ctx context.Context, key string) error {
	s, release, err := b.take(ctx, key)
	if err != nil {
		return err
	}
	defer release()
	return b.reload(ctx, s)
}

func (b *Base) reload(ctx context.Context, s *shop) error {
	stamp, err := business.KnowledgeStamp(s.home.Load().Dir)
	if err != nil {
		return err
	}
	files, err := business.ReadKnowledgeDir(s.home.Load().Dir)
	if err != nil {
		return err
	}
	old := s.state.Load()
	for i, f := range files {
		// Whoever wants the questions of a file gone deletes it; an empty one is being
		// written.
		if f.Report.Errors() == 0 && len(f.Rows) > 0 {
			continue
		}
		for _, p := range f.Report.Problems {
			if p.Severity == business.Error || len(f.Rows) == 0 {
				b.cfg.Log.Warn("a file of the knowledge has an error, its older text stays", "business", s.home.Load().Dir, "file", p.File, "line", p.Line, "problem", p.String())
			}
		}
		files[i].Rows = nil
		if j := slices.IndexFunc(old.files, func(o business.KnowledgeFile) bool { return o.Name == f.Name }); j >= 0 {
			files[i].Rows = old.files[j].Rows
		}
	}
	if err := b.put(ctx, s, &state{stamp: stamp, files: files, heads: old.heads}); err != nil {
		return err
	}
	b.cfg.Log.Info("the knowledge was read again", "business", s.home.Load().Dir, "questions", len(s.state.Load().rows))
	return nil
}

// Rehome takes a business that was read again: its tasks begin by other sentences, its
// own words are others. What it says itself comes from the files of knowledge as ever.
func (b *Base) Rehome(ctx context.Context, home *business.Business) error {
	dir, err := filepath.Abs(home.Dir)
	if err != nil {
		return fmt.Errorf("the folder of the business: %w", err)
	}
	s, release, err := b.take(ctx, filepath.Base(dir))
	if err != nil {
		return err
	}
	defer release()
	s.home.Store(home)
	return b.renew(ctx, s, s.state.Load().rows)
}

// take waits for the right to change a business.
func (b *Base) take(ctx context.Context, key string) (*shop, func(), error) {
	s, err := b.shop(key)
	if err != nil {
		return nil, nil, err
	}
	leave, err := s.turn.take(ctx)
	if err != nil {
		return nil, nil, err
	}
	return s, leave, nil
}

// shop is the business of a key; "" is the first.
func (b *Base) shop(key string) (*shop, error) {
	for _, s := range *b.shops.Load() {
		if key == "" || s.key == key {
			return s, nil
		}
	}
	return nil, fmt.Errorf("business %s: %w", key, ErrNotFound)
}

// rowOf is the text of a version.
func rowOf(v store.KnowledgeVersion) business.Row {
	var r business.Row
	if err := json.Unmarshal([]byte(v.Body), &r); err != nil {
		return business.Row{ID: v.Pair, Question: v.Pair}
	}
	r.ID = v.Pair
	return r
}

// absent is the digest of what is not there.
const absent = "absent"

// digest is what a version leaves in the file.
func digest(v store.KnowledgeVersion) string {
	if v.State == store.KnowledgeWithdrawn {
		return absent
	}
	return rowOf(v).Digest()
}

func fileDigest(r *business.Row) string {
	if r == nil {
		return absent
	}
	return r.Digest()
}

func folded(s string) string { return strings.ToLower(business.Fold(s)) }
