package engine_test

import (
	"bufio"
	"crypto/sha256"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/dialog/internal/packtest"
	"hotline/internal/testdata"
)

// opposites are questions that say the opposite of one another, and what each is to be
// answered with; "-" is nothing at once.
func opposites(t *testing.T, language string, held bool) map[string][]string {
	t.Helper()
	f, err := os.Open("../knowledge/testdata/opposites-" + language + ".tsv")
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	out := map[string][]string{}
	for sc := bufio.NewScanner(f); sc.Scan(); {
		text, ids, ok := strings.Cut(sc.Text(), "\t")
		if !ok {
			continue
		}
		if sum := sha256.Sum256([]byte(text)); (sum[0]%2 == 1) == held {
			out[text] = strings.Split(ids, "|")
		}
	}
	return out
}

// A question and its opposite are told apart: the wrong one of the two is not answered.
// One half was looked at when that was mended, the other was held back.
func TestOpposites(t *testing.T) {
	for _, language := range []string{"zh", "en"} {
		p, ok := packtest.Example(t, testdata.Root(t), "retail-"+language, language)
		require.True(t, ok)
		c := config(t, p)
		for _, held := range []bool{false, true} {
			asked := opposites(t, language, held)
			right, back, wrong := 0, 0, 0
			for text, ids := range asked {
				k := begin(t, c)
				k.open()
				note := k.say(text).note
				answered := note.KnowledgeID
				switch {
				case answered != "" && slices.Contains(ids, answered), answered == "" && slices.Contains(ids, "-"):
					right++
				case answered == "":
					back++
					t.Logf("%s: not answered (%s), want %v", text, note.Intent, ids)
				default:
					wrong++
					t.Logf("%s: answered %s %.2f, want %v", text, answered, note.Confidence, ids)
				}
			}
			t.Logf("%s, held back %v: %d asked, %d right, %d not answered, %d wrong", language, held, len(asked), right, back, wrong)
			assert.LessOrEqual(t, wrong*100, 20*len(asked), "%s, held back: %v", language, held)
		}
	}
}
