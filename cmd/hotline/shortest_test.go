package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/asr/onnx/onnxtest"
	"hotline/internal/acceptance"
	"hotline/internal/config"
	"hotline/internal/testdata"
)

// Whoever tries a hotline says the plainest things first: "refund", 坏了. They drown easily
// among hundreds of rare questions. Each of the list is answered by one of the pairs or
// tasks beside it, or asked back with one; a few may be missed, fewer by meaning.
func TestShortestWishes(t *testing.T) {
	for _, tt := range []struct {
		language     string
		meaning      bool
		right, asked int // of a hundred, at least and at most
	}{
		{"zh", false, 98, 4},
		{"en", false, 98, 5},
		{"zh", true, 98, 4},
		{"en", true, 98, 4},
	} {
		name := tt.language + " by words"
		if tt.meaning {
			name = tt.language + " by meaning"
		}
		t.Run(name, func(t *testing.T) {
			var by senses
			c := config.Default()
			c.Models, c.Business = testdata.ModelPath(t), []string{filepath.Join(testdata.Root(t), "examples", "retail-"+tt.language)}
			if tt.meaning {
				if os.Getenv("HOTLINE_E2E") == "" && os.Getenv("HOTLINE_E2E_LONG") == "" {
					t.Skip("embeds a shop: HOTLINE_E2E=1, or make e2e-long")
				}
				onnxtest.Start(t)
				testdata.Model(t, "embed/e5-small-zhen")
				testdata.Model(t, "embed/minilm-l6-en")
				c.Data.Dir = t.TempDir()
				var done func()
				by, done = patiently(t.Context(), c, discard())
				defer done()
			}
			b, now, err := officeBot(c, "", by)
			require.NoError(t, err)
			a := &asker{bot: b, now: now}
			raw, err := os.ReadFile(filepath.Join(testdata.Root(t), "internal", "acceptance", "testdata", "short-"+tt.language+".tsv"))
			require.NoError(t, err)
			var all, right, asked int
			for line := range strings.SplitSeq(strings.TrimSpace(string(raw)), "\n") {
				wish, ids, _ := strings.Cut(line, "\t")
				o, err := a.ask(t.Context(), acceptance.Question{Text: wish})
				require.NoError(t, err)
				r := o.Replies[0]
				all++
				named := []string{r.Intent}
				if r.Does == acceptance.Person {
					named = []string{"person"}
				}
				for id := range strings.SplitSeq(r.ID, "|") {
					named = append(named, strings.TrimPrefix(id, "flow-"))
				}
				back := r.Does == acceptance.Which || r.Does == acceptance.Confirm || r.Does == acceptance.Ways
				switch {
				case !slices.ContainsFunc(strings.Fields(ids), func(id string) bool { return slices.Contains(named, id) }):
					t.Logf("%s: %s %s (%.2f): %s", wish, r.Does, r.ID, r.Confidence, r.Said)
					continue
				case back:
					asked++
					t.Logf("%s: asked back: %s (%.2f)", wish, r.ID, r.Confidence)
				}
				right++
			}
			require.Greater(t, all, 100)
			t.Logf("%d of %d right, %d of them asked back", right, all, asked)
			assert.GreaterOrEqual(t, 100*right, tt.right*all)
			assert.LessOrEqual(t, 100*asked, tt.asked*all)
		})
	}
}
