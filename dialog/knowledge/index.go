package knowledge

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"hotline/dialog/internal/lang"
)

// Options are how an Index is built and used. The zero value is a Chinese index
// without embeddings.
type Options struct {
	Language string // "zh" (default) or "en"
	// Synonyms are the business's own words of the same meaning, a group each.
	Synonyms [][]string
	// Terms are the business's own names (products, brands), most important first.
	Terms []string
	// Goods are what the business sells, beside the things that everybody knows.
	Goods []string
	// NotOurs is what others have.
	NotOurs NotOurs
	// Embedder is optional. New asks it for the vectors of all texts; where that
	// fails, the index does without.
	Embedder Embedder
	// Reuse is an index whose vectors serve for texts that have not changed.
	Reuse *Index
	// EmbedWithin bounds the embedding of a query; default 100 ms: on cores
	// that are busy decoding a query takes three times as long as on idle ones, and an
	// index that goes without its meaning asks back or does not know.
	EmbedWithin time.Duration
	// BuildWithin bounds the embedding of all texts in New; default 60 s.
	BuildWithin time.Duration
	// Now is the clock; default time.Now.
	Now func() time.Time
}

// Index finds pairs. It never changes.
type Index struct {
	o        Options
	analyser analyser
	pairs    []Pair
	byID     map[string]int
	variants []variant
	first    []int32 // variant of each pair, and behind the last one
	lex, snd inverted
	meaning  *vectors // nil without
	words    weights  // without vectors
	meant    weights  // with
	repairer *repairer
	goods    *goods
	vocab    []string
	guard    *guard
	scratch  *sync.Pool
	embedErr error
}

// variant is one wording of a pair.
type variant struct {
	pair     int32
	text     string
	folded   string
	bare     string
	core     string
	tokens   []uint32
	affirmed []uint32
	negated  bool
	units    []lang.Unit
	lex, snd float32 // weight of all terms
}

// inverted is an inverted index over variants and pairs.
type inverted struct {
	ids      map[uint64]int32
	weight   []float32 // rarity
	variants [][]int32
	pairs    [][]posting
}

// posting is a pair that has a term in some of its wordings, or in its answer only.
type posting struct {
	pair     int32
	variants int32   // number of wordings
	share    float32 // of the pair's wordings
}

// New builds the index of pairs. It takes a second for tens of thousands of
// variants, and as long as the embedder needs for texts not in Options.Reuse.
func New(pairs []Pair, o Options) (*Index, error) {
	if o.Language == "" {
		o.Language = "zh"
	}
	if o.EmbedWithin <= 0 {
		o.EmbedWithin = 100 * time.Millisecond
	}
	if o.BuildWithin <= 0 {
		o.BuildWithin = time.Minute
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	x := &Index{o: o, pairs: slices.Clone(pairs), byID: make(map[string]int, len(pairs)), guard: &guard{}}
	if lang.Chinese(o.Language) {
		x.analyser = newChinese(o.Synonyms)
	} else {
		x.analyser = newEnglish(o.Synonyms)
	}
	x.repairer, x.goods = newRepairer(lang.Chinese(o.Language)), newGoods(lang.Chinese(o.Language), o.Goods, o.NotOurs.Goods)
	var lexTerms, sndTerms, answers [][]term
	for i := range x.pairs {
		p := &x.pairs[i]
		if err := p.check(); err != nil {
			return nil, fmt.Errorf("knowledge: %w", err)
		}
		if _, ok := x.byID[p.ID]; ok {
			return nil, fmt.Errorf("knowledge: the id %s is used twice", p.ID)
		}
		x.byID[p.ID] = i
		x.goods.learn(p)
		seen := map[string]bool{}
		x.first = append(x.first, int32(len(x.variants)))
		for j := -1; j < len(p.Variants); j++ {
			text := p.Question
			if j >= 0 {
				text = p.Variants[j]
			}
			a := x.analyser.analyse(text)
			if a.folded == "" || seen[a.folded] {
				continue
			}
			seen[a.folded] = true
			x.repairer.learn(a.folded)
			x.variants = append(x.variants, variant{pair: int32(i), text: text, folded: a.folded, bare: a.bare, core: a.core, tokens: a.tokens, affirmed: a.affirmed, negated: a.polarity.denies(), units: a.units})
			lexTerms = append(lexTerms, a.terms)
			sndTerms = append(sndTerms, a.grams)
		}
		answers = append(answers, x.analyser.analyse(p.about()).terms)
	}
	x.first = append(x.first, int32(len(x.variants)))
	x.words, x.meant = weightsFor(o.Language, false), weightsFor(o.Language, true)
	x.lex = x.invert(lexTerms, answers, func(v *variant) *float32 { return &v.lex })
	x.snd = x.invert(sndTerms, nil, func(v *variant) *float32 { return &v.snd })
	x.scratch = &sync.Pool{New: func() any { return newScratch(len(x.variants), len(x.pairs)) }}
	x.vocab = vocabulary(x.pairs, o.Terms, lang.Chinese(o.Language))
	x.o.Reuse = nil // not to keep a chain of old indexes alive
	if o.Embedder != nil {
		ctx, cancel := context.WithTimeout(context.Background(), o.BuildWithin)
		defer cancel()
		x.embedErr = x.embed(ctx, o.Embedder, o.Reuse)
	}
	return x, nil
}

// WithEmbedder returns a copy of x which also compares meanings; x stays as it is.
// It takes as long as the embedder needs for texts that reuse does not hold, so a
// server builds without, answers, and swaps the copy in when it is there.
func (x *Index) WithEmbedder(ctx context.Context, e Embedder, reuse *Index) (*Index, error) {
	y := *x
	y.guard = &guard{}
	y.o.Embedder = e
	if reuse == nil {
		reuse = x
	}
	if err := y.embed(ctx, e, reuse); err != nil {
		return nil, err
	}
	return &y, nil
}

// Settled says that nothing which was learned of the pairs depends on what they were
// before an edit: New and WithEmbedder take over what another index has learned, so that
// an edit is heard at once.
func (x *Index) Settled() bool { return x.meaning == nil || x.meaning.learned.settled }

// Settle returns a copy of x that has learned all its pairs anew, which takes a second
// for ten thousand wordings.
func (x *Index) Settle(ctx context.Context) (*Index, error) {
	m := *x.meaning
	if m.learned = m.learn(ctx, x); m.learned == nil {
		return nil, fmt.Errorf("learning the knowledge: %w", context.Cause(ctx))
	}
	y := *x
	y.guard, y.meaning = &guard{}, &m
	return &y, nil
}

// EmbedErr tells why New went on without the embedder; nil when it did not.
func (x *Index) EmbedErr() error { return x.embedErr }

// Meaning says whether the index compares meanings.
func (x *Index) Meaning() bool { return x.meaning != nil }

// Language is the index's language.
func (x *Index) Language() string { return x.o.Language }

// Len is the number of pairs, Variants that of their wordings.
func (x *Index) Len() int { return len(x.pairs) }

// Variants is the number of wordings of all pairs.
func (x *Index) Variants() int { return len(x.variants) }

// Pair returns the pair with id.
func (x *Index) Pair(id string) (Pair, bool) {
	i, ok := x.byID[id]
	if !ok {
		return Pair{}, false
	}
	return x.pairs[i], true
}

// Pairs calls yield for each pair.
func (x *Index) Pairs(yield func(Pair) bool) {
	for i := range x.pairs {
		if !yield(x.pairs[i]) {
			return
		}
	}
}

// invert fills an inverted index; weights are multiplied by rarity over pairs.
func (x *Index) invert(terms, answers [][]term, total func(*variant) *float32) inverted {
	in := inverted{ids: map[uint64]int32{}}
	id := func(t term) int32 {
		i, ok := in.ids[t.id]
		if !ok {
			i = int32(len(in.weight))
			in.ids[t.id] = i
			in.weight = append(in.weight, t.weight)
			in.variants = append(in.variants, nil)
			in.pairs = append(in.pairs, nil)
		}
		return i
	}
	wordings := make([]float32, len(x.pairs))
	for v, ts := range terms {
		pair := x.variants[v].pair
		wordings[pair]++
		for _, t := range ts {
			i := id(t)
			in.variants[i] = append(in.variants[i], int32(v))
			if ps := in.pairs[i]; len(ps) > 0 && ps[len(ps)-1].pair == pair {
				ps[len(ps)-1].variants++
				continue
			}
			in.pairs[i] = append(in.pairs[i], posting{pair: pair, variants: 1})
		}
	}
	n := float64(len(x.pairs))
	for i := range in.weight {
		in.weight[i] *= rarity(n, float64(len(in.pairs[i])))
	}
	for v, ts := range terms {
		sum := total(&x.variants[v])
		for _, t := range ts {
			*sum += in.weight[in.ids[t.id]]
		}
	}
	// answers come last: they tell what a pair is about, not how rare a word is
	for pair, ts := range answers {
		for _, t := range ts {
			i, known := in.ids[t.id]
			if !known {
				i = id(t)
				in.weight[i] *= rarity(n, 1)
			}
			if !slices.ContainsFunc(in.pairs[i], func(p posting) bool { return p.pair == int32(pair) }) {
				in.pairs[i] = append(in.pairs[i], posting{pair: int32(pair)})
			}
		}
	}
	for i := range in.pairs {
		for k := range in.pairs[i] {
			p := &in.pairs[i][k]
			p.share = float32(math.Sqrt(float64(p.variants) / float64(max(wordings[p.pair], 1))))
		}
	}
	return in
}

// rarity is 1 for what one pair in n has, and falls towards 0.
func rarity(n, df float64) float32 {
	return float32(math.Log(1+n/max(df, 1)) / math.Log(1+max(n, 1)))
}
