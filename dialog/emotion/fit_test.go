package emotion

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"hotline/internal/testdata"
)

var (
	fit     = flag.Bool("fit", false, "fit the weights and write weights/*.bin")
	explore = flag.Bool("explore", false, "cross-validate settings of the fit on the tuning halves")
)

var shared = map[string]string{"zh": "emotion/zh_cped_dev.csv", "en": "emotion/en_goemotions_dev.csv"}

// halves are the tuning and measuring sentences of a language.
func halves(tb testing.TB, language string) (tune, measurePhone, measureShared []labelled) {
	tb.Helper()
	t, mp := readLabelled(tb, "testdata/telephone_"+language+".csv", telephone)
	s, ms := readLabelled(tb, testdata.Shared(tb, shared[language]), elsewhere)
	return append(t, s...), mp, ms
}

// settings of a fit.
type settings struct {
	shares        [domains]float64
	balance       float64
	dense, sparse float64 // strengths of the priors
	trust         float64 // in the lexicon, before any data
}

var chosen = map[string]settings{
	"zh": {shares: [domains]float64{8, 1, 0}, balance: 1, dense: 4, sparse: 1.5, trust: 1},
	"en": {shares: [domains]float64{8, 1, 0.15}, balance: 1, dense: 4, sparse: 1.5, trust: 1},
}

// lexiconPrior is what a phrase says before any data: its mood, by its strength;
// denied, rather calm, or for gladness the opposite.
func lexiconPrior(trust float64) map[uint32][moods]float64 {
	prior := map[uint32][moods]float64{hash(kindShape, "again"): {impatient: 0.7 * trust}, hash(kindShape, "no phrase"): {calm: 1.2 * trust}}
	for m := range moods {
		for s := 1; s <= 3; s++ {
			v := [...]float64{0, 0.5, 1.6, 2.4}[s] * trust
			if m == calm {
				v *= 0.5
			}
			var w, n [moods]float64
			w[m] = v
			if m == happy {
				n[impatient], n[angry], n[sad] = v/2, v/2, v/2
			} else {
				n[calm] = v / 2
			}
			prior[phraseID(kindPhrase, m, s)] = w
			prior[phraseID(kindNegated, m, s)] = n
		}
	}
	return prior
}

func fitWith(r *Recognizer, set []labelled, s settings) (weights map[uint32][moods]float64, isDense map[uint32]bool) {
	isDense = map[uint32]bool{hash(kindBias): true}
	prior := lexiconPrior(s.trust)
	for id := range prior {
		isDense[id] = true
	}
	f := fitter{prior: prior, epochs: 200, strength: func(id uint32) float64 {
		switch {
		case id == hash(kindBias):
			return 0.1
		case isDense[id]:
			return s.dense
		default:
			return s.sparse
		}
	}}
	samples := weigh(set, func(text string) []feature {
		t := r.tokens(text)
		return r.features(t, r.lexicon.find(t))
	}, s.shares, s.balance)
	return f.fit(samples), isDense
}

// plainModel is a plain logistic regression on n-grams of the raw text.
func plainModel(set []labelled, chinese bool, shares [domains]float64, balance, lambda float64) func(string) int {
	features := func(text string) []feature { return plainFeatures(text, chinese) }
	f := fitter{epochs: 60, strength: func(id uint32) float64 {
		if id == hash(kindBias) {
			return 1e-3
		}
		return lambda
	}}
	w := f.fit(weigh(set, features, shares, balance))
	return func(text string) int { return pick(w, features(text)) }
}

func TestFit(t *testing.T) {
	if !*fit {
		t.Skip("with -fit the weights are written")
	}
	for _, language := range []string{"zh", "en"} {
		r := untrained(t, language)
		tune, _, _ := halves(t, language)
		tune = append(tune, readPacks(t, language)...)
		w, isDense := fitWith(r, tune, chosen[language])
		dense, small := map[uint32][moods]float64{}, map[uint32][moods]float64{}
		for id, v := range w {
			if isDense[id] {
				dense[id] = v
			} else {
				small[id] = v
			}
		}
		if err := os.WriteFile("weights/"+language+".bin", encodeModel(dense, small), 0o644); err != nil {
			t.Fatal(err)
		}
		fmt.Println(language, len(dense), "dense and", len(small), "n-grams")
	}
}

// untrained reads the lexicon alone.
func untrained(tb testing.TB, language string) *Recognizer {
	tb.Helper()
	l, err := loadLexicon(language)
	if err != nil {
		tb.Fatal(err)
	}
	return &Recognizer{chinese: language == "zh", lexicon: l}
}

func TestExplore(t *testing.T) {
	if !*explore {
		t.Skip("with -explore settings are compared")
	}
	for _, language := range []string{"zh", "en"} {
		r := untrained(t, language)
		tune, _, _ := halves(t, language)
		calmQuestions := readPacks(t, language)
		folds := 3
		cross := func(train func(set []labelled) func(string) int) (phone, other confusion) {
			for k := range folds {
				var in, out []labelled
				for i, s := range tune {
					if i%folds == k {
						out = append(out, s)
					} else {
						in = append(in, s)
					}
				}
				read := train(in)
				for _, s := range out {
					if s.domain == telephone {
						phone[s.mood][read(s.text)]++
					} else {
						other[s.mood][read(s.text)]++
					}
				}
			}
			return phone, other
		}
		for _, b := range []struct{ domain, balance, lambda float64 }{{1, 0, 1}, {1, 1, 1}, {1, 1, 0.3}, {8, 1, 1}, {8, 1, 0.3}} {
			p, o := cross(func(set []labelled) func(string) int {
				return plainModel(set, language == "zh", [domains]float64{b.domain, 1}, b.balance, b.lambda)
			})
			fmt.Printf("%s baseline %v: telephone %.3f, shared %.3f\n", language, b, p.macro(), o.macro())
		}
		for _, s := range []settings{
			{[domains]float64{8, 1, 0.5}, 1, 4, 5, 1},
			{[domains]float64{8, 1, 0.5}, 1, 4, 2, 1},
			{[domains]float64{8, 1, 0.5}, 1, 4, 1, 1},
			{[domains]float64{8, 1, 0.5}, 1, 4, 0.5, 1},
			{[domains]float64{8, 1, 1}, 1, 4, 1, 1},
			{[domains]float64{8, 1, 0.5}, 0.85, 4, 1, 1},
			{[domains]float64{8, 1, 0.5}, 1, 15, 1, 1},
			{[domains]float64{8, 1, 0.5}, 1, 1, 1, 1},
		} {
			p, o := cross(func(set []labelled) func(string) int {
				w, _ := fitWith(r, append(set, calmQuestions...), s)
				return func(text string) int {
					t := r.tokens(text)
					return pick(w, r.features(t, r.lexicon.find(t)))
				}
			})
			fmt.Printf("%s %+v: telephone %.3f, shared %.3f\n", language, s, p.macro(), o.macro())
		}
	}
}
