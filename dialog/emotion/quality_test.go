package emotion

import (
	"encoding/csv"
	"fmt"
	"os"
	"strings"
	"testing"

	"hotline/internal/testdata"
)

// What is published in docs/quality.md: on sentences that nobody tuned to, the
// recogniser beats a plain linear model on n-grams, fitted to the same sentences,
// by five points of macro-F1, on the telephone and elsewhere.
func TestQuality(t *testing.T) {
	for _, language := range []string{"zh", "en"} {
		tune, phone, other := halves(t, language)
		r, err := New(Config{Language: language})
		if err != nil {
			t.Fatal(err)
		}
		ours := func(text string) int {
			label := r.Read(text).Label
			for m, n := range names {
				if n == label {
					return m
				}
			}
			return -1
		}
		type model struct {
			name  string
			plain bool
			read  func(string) int
		}
		zh := language == "zh"
		models := []model{
			{"ours", false, ours},
			{"n-grams, plain", true, plainModel(tune, zh, [domains]float64{1, 1}, 0, 1)},
			{"n-grams, classes and sources balanced", false, plainModel(tune, zh, [domains]float64{8, 1}, 1, 0.3)},
		}
		if *explore {
			models = append(models, model{"n-grams, classes balanced", false, plainModel(tune, zh, [domains]float64{1, 1}, 1, 1)})
		}
		for _, set := range []struct {
			name      string
			sentences []labelled
			ahead     float64 // of the best n-gram model
		}{{"telephone", phone, 0.05}, {"shared/emotion", other, -0.02}} {
			mine, plain, best := 0.0, 0.0, 0.0
			for _, m := range models {
				var c confusion
				for _, s := range set.sentences {
					c[s.mood][m.read(s.text)]++
				}
				f := c.macro()
				t.Logf("%s, %s: %s: macro-F1 %.1f, accuracy %.1f", language, set.name, m.name, 100*f, 100*c.accuracy())
				switch {
				case m.name == "ours":
					mine = f
					t.Logf("\n%s", c.table())
				case m.plain:
					plain = f
					best = max(best, f)
				default:
					best = max(best, f)
				}
			}
			if mine < plain+0.05 {
				t.Errorf("%s, %s: %.1f is not five points above the plain model's %.1f", language, set.name, 100*mine, 100*plain)
			}
			if mine < best+set.ahead {
				t.Errorf("%s, %s: %.1f against the best n-gram model's %.1f", language, set.name, 100*mine, 100*best)
			}
		}
	}
}

// Customers who ask are calm: a bot that apologises to all of them is no help.
func TestCustomers(t *testing.T) {
	for _, set := range []struct{ language, path string }{{"zh", "intents/jddc_train.csv"}, {"en", "intents/banking77_train.csv"}} {
		r, err := New(Config{Language: set.language})
		if err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(testdata.Shared(t, set.path))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		rows, err := csv.NewReader(f).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		count := map[Label]int{}
		for _, row := range rows[1:] {
			tracker := NewTracker(r, Thresholds{})
			count[tracker.Next(Turn{Text: row[0]}).Label]++
		}
		n := len(rows) - 1
		t.Logf("%s: %d lines, %v", set.path, n, count)
		if count[Angry]*200 > n || count[Calm]*100 < n*85 {
			t.Errorf("%s: of %d lines %v", set.path, n, count)
		}
	}
}

// table writes the counts as Markdown, a row for each true mood.
func (c *confusion) table() string {
	var b strings.Builder
	b.WriteString("| said ↓ read → |")
	for _, n := range names {
		fmt.Fprintf(&b, " %s |", n)
	}
	b.WriteString(" F1 |\n|---|" + strings.Repeat("---|", moods+1) + "\n")
	for m, n := range names {
		f, ok := c.f1(m)
		if !ok {
			continue
		}
		fmt.Fprintf(&b, "| %s |", n)
		for k := range names {
			fmt.Fprintf(&b, " %d |", c[m][k])
		}
		fmt.Fprintf(&b, " %.0f |\n", 100*f)
	}
	return b.String()
}
