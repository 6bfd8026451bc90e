package assist

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hotline/internal/call"
	"hotline/internal/event"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestDraftsOfOthersCalls drafts the wrap-ups of calls that were written beside the rules,
// and of others (new) that were written before they were run; with -explore it prints them,
// to be read: docs/quality.md, "Helping agents".
func TestDraftsOfOthersCalls(t *testing.T) {
	for _, name := range []string{"zh", "en", "new.zh", "new.en"} {
		language := name[len(name)-2:]
		line := pack(t, "retail-"+language)
		b, err := os.ReadFile(filepath.Join("testdata", "calls."+name+".txt"))
		require.NoError(t, err)
		_, text, _ := strings.Cut(string(b), "\n") // the first line says what it is
		for i, talk := range strings.Split(text, "---\n") {
			db := &records{record: call.Record{ID: "C", Line: "main", Language: line.Language}}
			for sentence := range strings.Lines(talk) {
				who, said, _ := strings.Cut(strings.TrimSpace(sentence), " ")
				db.turns = append(db.turns, call.TurnRecord{Speaker: map[string]string{"C": "caller", "A": "agent", "B": "bot"}[who], Text: said})
			}
			a := New(Config{Bus: &event.Bus{}, Records: db, Line: func(string) (Line, bool) { return line, true }})
			d, err := a.Draft(t.Context(), "C")
			require.NoError(t, err)
			if *showAll {
				t.Logf("%s %d\n%s\n→\n%s\n", name, i+1, talk, d.Summary)
			}
			assert.NotEmpty(t, d.Wanted, talk)
			assert.LessOrEqual(t, len(d.Wanted), maxWanted)
			assert.NotEmpty(t, append(d.Told, d.Open...), talk)
		}
	}
}
