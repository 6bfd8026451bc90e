package grow

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"time"

	"hotline/dialog/knowledge"
)

// Turn is one thing that a caller said.
type Turn struct {
	Text string
	// Pair is the id of the pair that it was answered by.
	Pair string
	// Asked marks a turn that was not understood: the reply asked back or gave up.
	Asked bool
	// Sure marks a Pair that a person gave.
	Sure bool
	// Label is what somebody called it; turns of one label want alike things.
	Label string
}

// Conversation is a caller's turns, in order.
type Conversation []Turn

// Options set how much is proposed. The zero value is what an owner wants.
type Options struct {
	// Least is the confidence below which nothing is proposed; default 0.6.
	Least float64
	// Limit bounds the proposals; default 20,000. The best stay.
	Limit int
	// MaxTurns bounds the turns that are looked at; default 50,000. A history that is
	// longer is taken from its beginning, so put the newest first.
	MaxTurns int
	// LeastUnanswered is how many callers must have asked what is not known; default 3.
	LeastUnanswered int
	// Workers bounds the goroutines that score; default as many as processors. A server
	// with calls in progress takes one.
	Workers int
}

func (o Options) withDefaults() Options {
	o.Least = cmp.Or(o.Least, 0.6)
	o.Limit = cmp.Or(o.Limit, 20000)
	o.MaxTurns = cmp.Or(o.MaxTurns, 50000)
	o.LeastUnanswered = cmp.Or(o.LeastUnanswered, 3)
	if o.Workers <= 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	return o
}

// Proposal is a wording for a pair.
type Proposal struct {
	Pair       string  `json:"pair"`
	Question   string  `json:"question"`   // the pair's own
	Wording    string  `json:"wording"`    // as a caller said it
	Count      int     `json:"count"`      // turns with this wording or one hardly different
	Alike      int     `json:"alike"`      // other proposals for the pair that are close to it
	Own        float64 `json:"own"`        // how likely the pair is by the wording alone
	Confidence float64 `json:"confidence"` // and by all evidence
	Novelty    float64 `json:"novelty"`    // 1: nothing like it stands at the pair
	Score      float64 `json:"score"`      // what they are ranked by
	Why        string  `json:"why"`        // "person", "later", "label", "score"; of a model "paraphrase"
}

// Unanswered is something that callers ask and no pair answers.
type Unanswered struct {
	Wording  string   `json:"wording"`            // the one in the middle
	Examples []string `json:"examples,omitempty"` // others, at most five
	Count    int      `json:"count"`
}

// Report is what a history gave.
type Report struct {
	Proposals  []Proposal   `json:"proposals"` // best first
	Unanswered []Unanswered `json:"unanswered"`

	Turns     int `json:"turns"`
	Wordings  int `json:"wordings"`  // different ones that were scored
	Personal  int `json:"personal"`  // turns left out: they hold personal data or numbers
	Asides    int `json:"asides"`    // turns left out: they ask nothing, or only go on with what was said before
	Empty     int `json:"empty"`     // turns left out: greetings, thanks, too short or too long
	Known     int `json:"known"`     // turns whose wording stands at a pair already
	Templates int `json:"templates"` // wordings left out: another one differs only in a filled-in place
	Alike     int `json:"alike"`     // wordings left out: hardly different from another one or from a variant
	Unsure    int `json:"unsure"`    // wordings left out: no pair is likely enough
	// Meaning says whether meanings were compared.
	Meaning bool `json:"meaning"`
}

// Propose finds wordings for pairs in a history. The embedder of ko, where there is
// one, is given as long as it needs; an embedder that fails is an error, because a
// history half compared would give other proposals each time.
func Propose(ctx context.Context, pairs []knowledge.Pair, ko knowledge.Options, history []Conversation, o Options) (Report, error) {
	o = o.withDefaults()
	var r Report
	g := gather(history, known(pairs), o.MaxTurns, &r)
	meaning, err := scored(ctx, pairs, ko, g, o.Workers)
	if err != nil {
		return r, err
	}
	r.Meaning = meaning
	judge(g)
	believe(g)
	r.Wordings = len(g)
	r.Proposals = choose(pairs, ko.Terms, g, o, &r)
	r.Unanswered = unanswered(g, o)
	return r, nil
}

// scored compares wordings with the pairs, and says whether meanings were compared.
func scored(ctx context.Context, pairs []knowledge.Pair, ko knowledge.Options, g []*said, workers int) (meaning bool, err error) {
	embedder := &bulk{next: ko.Embedder, workers: workers}
	if ko.Embedder != nil {
		ko.Embedder = embedder
	}
	ko.BuildWithin = 10 * time.Minute
	index, err := knowledge.New(pairs, ko) //nolint:contextcheck // BuildWithin bounds it
	if err != nil {
		return false, fmt.Errorf("reading the knowledge: %w", err)
	}
	if err := index.EmbedErr(); err != nil {
		return false, fmt.Errorf("comparing meanings: %w", err)
	}
	if index.Meaning() {
		embedder.kept = map[string][]float32{}
	}
	if err := score(ctx, index, g, workers); err != nil {
		return false, err
	}
	for _, s := range g {
		s.vector = slices.Clone(embedder.kept[index.Embedded(s.text)])
	}
	if index.Meaning() {
		err = centre(g)
	}
	return index.Meaning(), err
}

// likely is how likely a pair is meant.
type likely struct {
	pair string
	p    float64
	// How much the wording has in common with the nearest one of the pair.
	words, sound, meaning float64
	exact                 bool
}

// said is a wording and what is known of it.
type said struct {
	text   string // as it was said, without greeting
	folded string
	grams  []uint32
	count  int
	labels map[string]int
	later  map[string]int // pair that a later turn led to → callers
	given  map[string]int // pair that a person gave → times

	vector  []float32 // less the mean, length 1; nil without embedder
	found   []likely  // as the pairs' index has it, best first
	lexical float64   // how much the best shares with its nearest variant
	none    float64   // chance that no pair is meant
	best    likely    // after all evidence
	why     string
}

// believe brings in later turns and what people said.
func believe(all []*said) {
	for _, s := range all {
		was := s.best.pair
		for _, id := range sorted(s.later) {
			// One caller may have changed the subject; two who did the same have not.
			p := 1 - (1-s.chance(id))*math.Pow(0.55, float64(s.later[id]))
			if p > s.best.p || id == was {
				s.best, s.why = likely{pair: id, p: p}, "later"
			}
		}
		for _, id := range sorted(s.given) {
			const person = 0.95
			if p := max(person*float64(s.given[id])/float64(total(s.given)), s.chance(id)); s.why != "person" || p > s.best.p {
				s.best, s.why = likely{pair: id, p: p}, "person"
			}
		}
	}
}

func (s *said) chance(pair string) float64 {
	for _, l := range s.found {
		if l.pair == pair {
			return l.p
		}
	}
	return 0
}

// label is the one that most turns of the wording have.
func (s *said) label() string {
	best := ""
	for _, l := range sorted(s.labels) {
		if l != "" && (best == "" || s.labels[l] > s.labels[best]) {
			best = l
		}
	}
	return best
}
