package assist

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAngerInOtherWords follows what customers may say when they have had enough, and
// what sounds like it and is calm: written from imagination before the rules were mended
// by it, so that it guards them and measures nothing. TestQuality measures.
func TestAngerInOtherWords(t *testing.T) {
	for _, language := range []string{"zh", "en"} {
		t.Run(language, func(t *testing.T) {
			line := pack(t, "retail-"+language)
			b, err := os.ReadFile(filepath.Join("testdata", "anger."+language+".tsv"))
			require.NoError(t, err)
			var f found
			for said := range strings.Lines(string(b)) {
				if strings.HasPrefix(said, "#") {
					continue
				}
				before, says, _ := strings.Cut(strings.TrimSpace(said), "\t")
				says, rises, ok := strings.Cut(says, "\t")
				require.True(t, ok, said)
				e := listen(t, line)
				assert.Empty(t, e.warn(t.Context(), caller(before)), before)
				w := e.warn(t.Context(), caller(says))
				f.note(rises != "-", has(w, Anger) || has(w, Complaint), says)
			}
			t.Logf("%s\n%s", &f, strings.Join(f.misses, "\n"))
			assert.LessOrEqual(t, f.wrong, 2)
			assert.GreaterOrEqual(t, f.right*10, (f.right+f.missed)*9)
		})
	}
}
