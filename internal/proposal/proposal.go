// Package proposal keeps the wordings that are proposed for a business's questions:
// what callers said and were understood by later, and what a language model made of a
// question. People approve, move or refuse each; nothing is heard before that.
//
// # Concepts
//
// A look goes through the calls in the store ([History]), has dialog/grow propose, and
// puts the result in place of the open proposals. It happens by itself once a night
// where there were calls since, and whenever somebody asks for it. An approved wording
// is published by [kb.Base.Wordings], so it counts with the caller's next sentence, and
// can be taken back.
//
// # Concurrency
//
// A [Desk] may be used from any goroutine; looks of one business never overlap. Looks
// that were asked for are run by [Desk.Run], which starts nothing that outlives it.
package proposal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"hotline/dialog/grow"
	"hotline/dialog/knowledge"
	"hotline/internal/business"
	"hotline/internal/kb"
	"hotline/internal/store"
)

// Errors that a client can do something about.
var (
	ErrBusy    = errors.New("it is being looked through already")
	ErrNoModel = errors.New("no language model is set (llm.base_url)")
	ErrRefused = errors.New("it cannot be added")
)

// The sources of proposals.
const (
	FromCalls = "calls"
	FromModel = "model"
)

// Store is what a Desk keeps and reads.
type Store interface {
	Calls
	ReplaceProposals(ctx context.Context, business, source string, list []store.Proposal) (int, error)
	AddProposals(ctx context.Context, business, source string, list []store.Proposal) (int, error)
	Proposals(ctx context.Context, f store.ProposalFilter) (store.Page[store.Proposal], error)
	Proposal(ctx context.Context, business, id string) (store.Proposal, error)
	DecideProposal(ctx context.Context, p store.Proposal, to, by string) error
	CountProposals(ctx context.Context, business string) (map[string]int, error)
}

// Paraphraser writes other wordings of a question; llm.Client is one.
type Paraphraser interface {
	Paraphrase(ctx context.Context, language string, pair *knowledge.Pair, n int, near func(ctx context.Context, a, b string) (float64, error)) ([]string, error)
}

// Config is what a Desk works with. Store and Knowledge are required.
type Config struct {
	Store     Store
	Knowledge *kb.Base
	// Embedders compare meanings; none or one that fails: words and sound alone do.
	Embedders knowledge.Embedders
	Model     Paraphraser // nil: no paraphrases
	Log       *slog.Logger
	Now       func() time.Time
	// Hour of the night, in local time, at which it looks by itself; default 3.
	Hour int
	// Most proposals that are kept open of a business's calls, the best; default 2,000.
	Most int
	// Changed is told when proposals have changed; may be nil.
	Changed func(business string)
}

// Look is what the last look at a business's calls gave.
type Look struct {
	Looking  bool      `json:"looking" doc:"it is being looked through now"`
	At       time.Time `json:"at,omitzero" doc:"of the last look since the server began"`
	Turns    int       `json:"turns" doc:"that callers took"`
	Found    int       `json:"found" doc:"proposals that came of them"`
	Personal int       `json:"personal" doc:"turns left out: personal data"`
	Meaning  bool      `json:"meaning" doc:"meanings were compared, not words and sound alone"`
	Failed   string    `json:"failed,omitempty" doc:"why it came to nothing"`
	// Unanswered are what callers ask and no question answers, most asked first.
	Unanswered []grow.Unanswered `json:"unanswered"`
}

// Desk is where proposals lie until somebody decides. Make it with New.
type Desk struct {
	cfg    Config
	wanted chan string

	mu    sync.Mutex
	looks map[string]Look
}

// New makes a Desk; nothing is looked at before Run.
func New(c Config) *Desk {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Hour = cmp.Or(c.Hour, 3)
	c.Most = cmp.Or(c.Most, 2000)
	if c.Changed == nil {
		c.Changed = func(string) {}
	}
	const waiting = 16 // businesses that may wait for a look
	return &Desk{cfg: c, wanted: make(chan string, waiting), looks: map[string]Look{}}
}

// Run looks where somebody asked, and at night, until ctx ends.
func (d *Desk) Run(ctx context.Context) {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	nights := map[string]string{}
	for {
		select {
		case <-ctx.Done():
			return
		case key := <-d.wanted:
			d.look(ctx, key)
		case <-tick.C:
			now := d.cfg.Now()
			for _, key := range d.cfg.Knowledge.Businesses() {
				if day := now.Format(time.DateOnly); now.Hour() == d.cfg.Hour && nights[key] != day && d.begin(key) == nil {
					nights[key] = day
					d.look(ctx, key)
				}
			}
		}
	}
}

// Ask wants a business's calls looked through soon.
func (d *Desk) Ask(business string) error {
	key, err := d.cfg.Knowledge.Key(business)
	if err != nil {
		return err
	}
	if err := d.begin(key); err != nil {
		return err
	}
	select {
	case d.wanted <- key:
		return nil
	default:
		d.ended(key, Look{Failed: ErrBusy.Error()})
		return ErrBusy
	}
}

func (d *Desk) begin(key string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	l := d.looks[key]
	if l.Looking {
		return ErrBusy
	}
	l.Looking = true
	d.looks[key] = l
	return nil
}

func (d *Desk) ended(key string, l Look) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.looks[key] = l
}

// Last is what the last look gave.
func (d *Desk) Last(business string) (Look, error) {
	key, err := d.cfg.Knowledge.Key(business)
	if err != nil {
		return Look{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.looks[key], nil
}

// look goes through a business's calls. begin went before.
func (d *Desk) look(ctx context.Context, key string) {
	const limit = 30 * time.Minute
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	l, err := d.propose(ctx, key)
	if err != nil {
		l = Look{Failed: err.Error()}
		d.cfg.Log.Warn("the calls could not be looked through for wordings", "business", key, "error", err)
	} else {
		d.cfg.Log.Info("the calls were looked through for wordings", "business", key, "turns", l.Turns, "proposals", l.Found)
	}
	l.At = d.cfg.Now()
	d.ended(key, l)
	d.cfg.Changed(key)
}

func (d *Desk) propose(ctx context.Context, key string) (Look, error) {
	out := Look{Unanswered: []grow.Unanswered{}}
	lines, rows, err := d.lines(key)
	if err != nil {
		return out, err
	}
	best := map[string]store.Proposal{}
	known := map[string]bool{} // the sentences that begin tasks stand elsewhere
	for _, r := range rows {
		known[r.ID] = true
	}
	for _, l := range lines {
		history, err := History(ctx, d.cfg.Store, l.Name, 0)
		if err != nil {
			return out, err
		}
		if len(history) == 0 {
			continue
		}
		r, err := grow.Propose(ctx, l.PairsOf(rows), d.options(l), history, grow.Options{Limit: d.cfg.Most, Workers: 1})
		if err != nil && ctx.Err() == nil && d.options(l).Embedder != nil {
			d.cfg.Log.Warn("wordings are compared by words and sound only", "line", l.Name, "error", err)
			o := d.options(l)
			o.Embedder, o.Reuse = nil, nil
			r, err = grow.Propose(ctx, l.PairsOf(rows), o, history, grow.Options{Limit: d.cfg.Most, Workers: 1})
		}
		if err != nil {
			return out, err
		}
		out.Turns, out.Personal, out.Meaning = out.Turns+r.Turns, out.Personal+r.Personal, out.Meaning || r.Meaning
		const most = 50
		out.Unanswered = append(out.Unanswered, r.Unanswered[:min(most, len(r.Unanswered))]...)
		for _, p := range r.Proposals {
			if !known[p.Pair] {
				continue
			}
			id := p.Pair + "\n" + p.Wording
			if was, ok := best[id]; !ok || p.Score > was.Score {
				best[id] = kept(p)
			}
		}
	}
	list := make([]store.Proposal, 0, len(best))
	for _, p := range best {
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b store.Proposal) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Pair, b.Pair), cmp.Compare(a.Wording, b.Wording))
	})
	out.Found, err = d.cfg.Store.ReplaceProposals(ctx, key, FromCalls, list[:min(d.cfg.Most, len(list))])
	return out, err
}

func kept(p grow.Proposal) store.Proposal {
	return store.Proposal{Pair: p.Pair, Wording: p.Wording, Why: p.Why, Confidence: p.Confidence, Score: p.Score, Said: p.Count, Alike: p.Alike}
}

func (d *Desk) lines(key string) ([]kb.Line, []business.Row, error) {
	lines, err := d.cfg.Knowledge.Lines(key)
	if err != nil {
		return nil, nil, err
	}
	rows, err := d.cfg.Knowledge.Rows(key)
	return lines, rows, err
}

func (d *Desk) options(l kb.Line) knowledge.Options {
	o := l.KnowledgeOptions()
	if e := d.cfg.Embedders.In(l.Language); e != nil && l.Live.Load().Meaning() {
		o.Embedder, o.Reuse = e, l.Live.Load()
	}
	return o
}

// Paraphrase has the language model propose up to n wordings of a question, and keeps
// those that pass what callers' wordings must pass.
func (d *Desk) Paraphrase(ctx context.Context, business, pair string, n int) (added int, err error) {
	if d.cfg.Model == nil {
		return 0, ErrNoModel
	}
	key, err := d.cfg.Knowledge.Key(business)
	if err != nil {
		return 0, err
	}
	lines, rows, err := d.lines(key)
	if err != nil {
		return 0, err
	}
	for _, l := range lines {
		pairs := l.PairsOf(rows)
		at := slices.IndexFunc(pairs, func(p knowledge.Pair) bool { return p.ID == pair })
		if at < 0 {
			continue
		}
		o := d.options(l)
		list, err := Paraphrases(ctx, d.cfg.Model, l.Language, pairs, at, n, o)
		if err != nil {
			return 0, err
		}
		var put []store.Proposal
		for _, p := range list {
			put = append(put, kept(p))
		}
		added, err = d.cfg.Store.AddProposals(ctx, key, FromModel, put)
		if err == nil {
			d.cfg.Changed(key)
		}
		return added, err
	}
	return 0, fmt.Errorf("%s: %w", pair, kb.ErrNotFound)
}

// Paraphrases has a model write other wordings of one pair of pairs.
func Paraphrases(ctx context.Context, m Paraphraser, language string, pairs []knowledge.Pair, at, n int, o knowledge.Options) ([]grow.Proposal, error) {
	p := &pairs[at]
	texts, err := m.Paraphrase(ctx, language, p, n, Nearness(o.Embedder))
	if err != nil {
		return nil, fmt.Errorf("paraphrasing %s: %w", p.ID, err)
	}
	candidates := make([]grow.Candidate, 0, len(texts))
	for _, t := range texts {
		candidates = append(candidates, grow.Candidate{Pair: p.ID, Wording: t})
	}
	return grow.Screen(ctx, pairs, o, candidates, grow.Options{Workers: 1})
}

// Nearness compares two wordings by an embedder; nil where there is none.
func Nearness(e knowledge.Embedder) func(ctx context.Context, a, b string) (float64, error) {
	if e == nil {
		return nil
	}
	return func(ctx context.Context, a, b string) (float64, error) {
		vs, err := e.Embed(ctx, []string{a, b})
		if err != nil {
			return 0, err
		}
		if len(vs) != 2 || len(vs[0]) != len(vs[1]) {
			return 0, errors.New("as many vectors as texts are needed")
		}
		sum := 0.0
		for i := range vs[0] {
			sum += float64(vs[0][i]) * float64(vs[1][i])
		}
		return sum, nil
	}
}

// HasModel says whether there is a language model for paraphrases.
func (d *Desk) HasModel() bool { return d.cfg.Model != nil }
