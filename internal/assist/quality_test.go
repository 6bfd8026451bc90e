package assist

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hotline/asr/onnx/onnxtest"
	"hotline/dialog/knowledge"
	"hotline/internal/embed"

	"hotline/internal/testdata"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	withMeaning = flag.Bool("meaning", false, "compare meanings too, as a server with an embedding model does")
	showAll     = flag.Bool("explore", false, "list the misses of the measuring half too")
)

// exchange is a piece of a talk, and what should be noticed in it.
type exchange struct {
	asks, says, goesOn       string
	pairs                    []string // one of them answers
	promise, rises, sensible bool
}

func exchanges(t *testing.T, language string) (all []exchange) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "exchanges."+language+".tsv"))
	require.NoError(t, err)
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		require.Len(t, f, 7, line)
		x := exchange{says: f[2], promise: f[3] != "-", goesOn: f[4], rises: f[5] != "-", sensible: f[6] != "-"}
		if f[0] != "-" {
			x.asks, x.pairs = f[0], strings.Split(f[1], "|")
		}
		all = append(all, x)
	}
	return all
}

// found counts what was noticed, rightly or not, and what was not.
type found struct {
	right, wrong, missed int
	misses               []string
}

func (f *found) note(want, got bool, text string) {
	switch {
	case want && got:
		f.right++
	case got:
		f.wrong++
		f.misses = append(f.misses, "wrongly: "+text)
	case want:
		f.missed++
		f.misses = append(f.misses, "not: "+text)
	}
}

func (f *found) String() string {
	return fmt.Sprintf("precision %d of %d, recall %d of %d", f.right, f.right+f.wrong, f.right, f.right+f.missed)
}

// figures of one half of the talks.
type figures struct {
	asked, first, shown, silent  int // questions: the right answer is the first, among the three; nothing is shown
	offered                      int // answers that were shown, right or not
	besides                      int // answers shown beside what the customer says next
	promised, angered, sensitive found
	misses                       []string
}

// weigh has talks followed as calls are.
func weigh(t *testing.T, line Line, all []exchange) *figures {
	t.Helper()
	f := &figures{}
	for _, x := range all {
		e := listen(t, line)
		var noticed []Warning
		if x.asks != "" {
			noticed = append(noticed, e.warn(t.Context(), caller(x.asks))...)
			f.ask(e.suggest(t.Context(), caller(x.asks)), x)
		}
		says := e.warn(t.Context(), agent(x.says))
		f.promised.note(x.promise, has(says, Promised), x.says)
		before := has(noticed, Anger) || has(noticed, Complaint)
		goesOn := e.warn(t.Context(), caller(x.goesOn))
		if s := e.suggest(t.Context(), caller(x.goesOn)); s != nil {
			f.besides += len(s.Answers)
		}
		rises := has(goesOn, Anger) || has(goesOn, Complaint)
		switch {
		case before:
			f.angered.note(false, true, x.asks) // that he has a reason does not make him angry
		default:
			f.angered.note(x.rises, rises, x.goesOn)
		}
		noticed = append(append(noticed, says...), goesOn...)
		// That a complaint threatens is the graver word for anger: where he is angry, that is no
		// false alarm.
		threatens := has(noticed, Complaint) && (x.sensible || !x.rises)
		f.sensitive.note(x.sensible, threatens || has(noticed, Sensitive), x.asks+" / "+x.says+" / "+x.goesOn)
	}
	return f
}

func has(all []Warning, kind string) bool {
	return slices.ContainsFunc(all, func(w Warning) bool { return w.Kind == kind })
}

func (f *figures) ask(s *Suggestion, x exchange) {
	f.asked++
	var ids []string
	if s != nil {
		for _, a := range s.Answers {
			ids = append(ids, a.ID)
		}
		if s.Task != nil {
			ids = append(ids, "task "+s.Task.Flow)
		}
	}
	f.offered += len(ids)
	right := func(id string) bool { return slices.Contains(x.pairs, id) }
	switch {
	case len(ids) == 0:
		f.silent++
	case right(ids[0]):
		f.first++
		f.shown++
		return
	case slices.ContainsFunc(ids, right):
		f.shown++
		return
	}
	f.misses = append(f.misses, fmt.Sprintf("%s → %v, not %v", x.asks, ids, x.pairs))
}

// TestQuality measures what an agent is shown on talks that were written before the
// rules were read: docs/quality.md, "Helping agents".
func TestQuality(t *testing.T) {
	for _, language := range []string{"zh", "en"} {
		t.Run(language, func(t *testing.T) {
			line := pack(t, "retail-"+language)
			if *withMeaning {
				dir := testdata.Model(t, "embed/e5-small-zhen")
				onnxtest.Start(t)
				m, err := embed.Open(dir, embed.Options{})
				require.NoError(t, err)
				defer func() { require.NoError(t, m.Close()) }()
				index, err := line.Pairs().WithEmbedder(t.Context(), m, nil)
				require.NoError(t, err)
				line.Pairs = func() *knowledge.Index { return index }
			}
			var halves [2][]exchange
			for i, x := range exchanges(t, language) {
				halves[i%2] = append(halves[i%2], x)
			}
			for i, name := range []string{"tuning", "measuring"} {
				f := weigh(t, line, halves[i])
				t.Logf("%s: answers: %d questions, right first %d, among those shown %d, nothing shown %d, %d shown in all; %d beside the %d sentences after",
					name, f.asked, f.first, f.shown, f.silent, f.offered, f.besides, len(halves[i]))
				t.Logf("%s: promises: %s; anger: %s; words: %s", name, &f.promised, &f.angered, &f.sensitive)
				if i == 0 || *showAll {
					t.Log(strings.Join(slices.Concat(f.misses, f.promised.misses, f.angered.misses, f.sensitive.misses), "\n"))
				}
				assert.GreaterOrEqual(t, f.shown*10, f.asked*7)
				for _, n := range []found{f.promised, f.angered} {
					assert.GreaterOrEqual(t, n.right*2, n.right+n.wrong)
					assert.GreaterOrEqual(t, n.right*2, n.right+n.missed)
				}
			}
		})
	}
}
