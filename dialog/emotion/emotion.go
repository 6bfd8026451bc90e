// Package emotion tells how a caller feels: from the words of a turn, with the
// voice as a modifier, and as a trajectory over the call.
//
// # Concepts
//
// A [Recognizer] reads one text: phrases of a lexicon (files in lexicon/, with
// negation and intensity) and a linear model over them and n-grams, whose weights
// are fitted to labelled sentences (weights/, see fit_test.go for how and from
// what). A [Tracker] follows one call: questions asked again, a mood that sinks,
// the voice against this caller's own baseline, and the risk of a complaint.
//
// A voice alone, loud, high or fast, never makes a caller angry: it only weighs
// what the words said.
//
// # Concurrency
//
// A Recognizer is safe for concurrent use. A Tracker is a small value of one call
// and may be copied; copies are independent.
package emotion

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"hotline/dialog/internal/lang"
)

// Label is a mood.
type Label string

// The moods.
const (
	Calm      Label = "calm"
	Confused  Label = "confused"
	Impatient Label = "impatient"
	Angry     Label = "angry"
	Sad       Label = "sad"
	Happy     Label = "happy"
)

// Labels are all moods, in the order of [Reading.Scores].
func Labels() []Label { return []Label{Calm, Confused, Impatient, Angry, Sad, Happy} }

const (
	calm = iota
	confused
	impatient
	angry
	sad
	happy
	moods
)

var names = [moods]Label{Calm, Confused, Impatient, Angry, Sad, Happy}

// Reading is how a turn felt.
type Reading struct {
	Label    Label
	Score    float64        // probability of Label, 0–1
	Scores   [moods]float64 // of all moods, in the order of Labels
	Evidence []string       // what it rests on, in the caller's words or as a name such as "asked again"
	// Sinking: the mood fell over the last two turns and is bad now. Only a
	// Tracker knows.
	Sinking bool
	// ComplaintRisk is how likely this caller is to complain elsewhere, 0–1; above
	// 0.6 somebody should look. A Tracker remembers what was said before.
	ComplaintRisk float64
	// Rises: so cross after a turn that was so much less. First: nothing was said before
	// that it could be held against. Only a Tracker knows.
	Rises, First bool
}

// Upset says whether VOICE's rules for upset callers apply: anger, or a mood that
// sinks over two turns.
func (r Reading) Upset() bool { return r.Label == Angry || r.Sinking }

// Cross is how probable it is that the caller is angry, and that he is angry or impatient.
func (r Reading) Cross() (anger, either float64) {
	return r.Scores[angry], r.Scores[angry] + r.Scores[impatient]
}

// Config of a Recognizer.
type Config struct {
	Language string // "zh", "en" and their regions; "" is Chinese
}

// A Recognizer reads texts of one language.
type Recognizer struct {
	chinese bool
	lexicon *lexicon
	model   *model
}

// New returns the recogniser of a language.
func New(c Config) (*Recognizer, error) {
	if c.Language == "" || lang.Chinese(c.Language) {
		return chinese()
	}
	return english()
}

// What is read of the embedded files never changes, so each language is read once.
var (
	chinese = sync.OnceValues(func() (*Recognizer, error) { return newRecognizer("zh") })
	english = sync.OnceValues(func() (*Recognizer, error) { return newRecognizer("en") })
)

func newRecognizer(name string) (*Recognizer, error) {
	r := &Recognizer{chinese: name == "zh"}
	var err error
	if r.lexicon, err = loadLexicon(name); err != nil {
		return nil, fmt.Errorf("reading the mood lexicon %s: %w", name, err)
	}
	if r.model, err = loadModel(name); err != nil {
		return nil, fmt.Errorf("reading the mood weights %s: %w", name, err)
	}
	return r, nil
}

// maxRunes bounds what is read of a text; a turn on the telephone is shorter.
const maxRunes = 400

// Read reads one text by its words alone. Who is cross with himself is not cross with
// us.
func (r *Recognizer) Read(text string) Reading {
	reading, _ := r.read(text)
	return reading
}

// read returns the found phrases, too.
func (r *Recognizer) read(text string) (Reading, []found) {
	reading, hits := r.readAll(text)
	if reading.Label == Angry || reading.Label == Impatient {
		if rest := lang.WithoutBlame(text); rest != text {
			return r.readAll(rest)
		}
	}
	return reading, hits
}

func (r *Recognizer) readAll(text string) (Reading, []found) {
	t := r.tokens(text)
	if len(t.words) == 0 {
		return Reading{Label: Calm, Score: 1, Scores: [moods]float64{calm: 1}}, nil
	}
	hits := r.lexicon.find(t)
	scores := r.model.scores(r.features(t, hits))
	best := most(scores)
	reading := Reading{Label: names[best], Score: scores[best], Scores: scores, Evidence: evidence(t, hits, best)}
	risk := 0.25*scores[angry] + 0.08*scores[impatient]
	denied := false
	for _, h := range hits {
		if !h.negated {
			risk = either(risk, h.entry.risk)
			denied = denied || h.entry.mood == calm && h.entry.strength == 3
		}
	}
	if denied { // "this is not a complaint"
		risk *= 0.4
	}
	reading.ComplaintRisk = risk
	return reading, hits
}

// either is the probability of a or b, if they were independent.
func either(a, b float64) float64 { return 1 - (1-a)*(1-b) }

// evidence are the phrases that speak for a mood, in their order.
func evidence(t tokens, hits []found, mood int) []string {
	var words []string
	for _, h := range hits {
		if h.entry.mood != mood && (mood != calm || !h.negated) || h.entry.mood == mood && h.negated {
			continue
		}
		if w := t.text(h.from, h.to); !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	return words
}

func softmax(z [moods]float64) [moods]float64 {
	most := slices.Max(z[:])
	sum := 0.0
	for i := range z {
		z[i] = math.Exp(z[i] - most)
		sum += z[i]
	}
	for i := range z {
		z[i] /= sum
	}
	return z
}
