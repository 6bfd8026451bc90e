package acceptance_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/dialog"
	"hotline/internal/acceptance"
)

func write(t *testing.T, text string) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), "f.tsv")
	require.NoError(t, os.WriteFile(p, []byte(text), 0o600))
	return p
}

func TestRead(t *testing.T) {
	list, err := acceptance.Read(write(t, "几点开门\t营业时间\t告诉时间\n\nany jobs?\toutside\tdeclines\n"))
	require.NoError(t, err)
	require.Len(t, list, 2)
	assert.False(t, list[0].Outside)
	assert.True(t, list[1].Outside)
	for text, want := range map[string]string{
		"a\tb\n":             "f.tsv:1: 2 columns",
		"\tb\tc\n":           "f.tsv:1: no question",
		"a\tb\tc\na\tb\tc\n": "f.tsv:2: the question \"a\" is there twice",
	} {
		_, err := acceptance.Read(write(t, text))
		require.ErrorContains(t, err, want)
	}
	_, err = acceptance.ReadVerdicts(write(t, "a\tanswer:b\tmaybe\n"))
	assert.ErrorContains(t, err, `"maybe"`)
}

// outcome is a question and the bot's replies, the last the one that counts.
func outcome(text string, outside bool, replies ...acceptance.Reply) acceptance.Outcome {
	return acceptance.Outcome{Question: acceptance.Question{Text: text, Outside: outside}, Replies: replies}
}

func answered(id string, confidence float64) acceptance.Reply {
	return acceptance.Reply{Does: acceptance.Answered, ID: id, Confidence: confidence}
}

func asked(does, id string, confidence float64) acceptance.Reply {
	first := id
	for i, r := range id {
		if r == '|' {
			first = id[:i]
		}
	}
	return acceptance.Reply{Does: does, ID: id, Candidates: []dialog.Candidate{{ID: first, Score: confidence}}}
}

func TestJudge(t *testing.T) {
	v, err := acceptance.ReadVerdicts(write(t, `q1	answer:a	right
q2	answer:a	wrong	gap
q2	none	right
q3	answer:b	wrong	retrieval
q3	answer:a	right
q4	flow:t	right
q5	answer:a	wrong
q6	person	right
q7	answer:a	wrong	outside
`))
	require.NoError(t, err)
	f, list := v.Judge([]acceptance.Outcome{
		outcome("q1", false, answered("a", 0.9)),
		outcome("q2", false, answered("a", 0.8)),
		outcome("q2", false, asked(acceptance.Rephrase, "a", 0.1), asked(acceptance.Ways, "a", 0.1)),
		outcome("q3", false, asked(acceptance.Which, "b|a", 0.5), answered("a", 0.9)),
		outcome("q4", false, asked(acceptance.Confirm, "flow-t", 0.6)),
		outcome("q5", false, asked(acceptance.Confirm, "a", 0.6)),
		outcome("q6", false, acceptance.Reply{Does: acceptance.Person, Confidence: 1}),
		outcome("q7", true, answered("a", 0.7)),
		outcome("q8", true, asked(acceptance.Rephrase, "", 0)),
		outcome("q9", false, answered("new", 0.7)),
	})
	var verdicts []string
	for _, j := range list {
		verdicts = append(verdicts, j.Verdict)
	}
	assert.Equal(t, []string{"right", "wrong", "refused", "right", "asked back", "wrong", "right", "wrong", "right", "unjudged"}, verdicts)
	assert.Equal(t, "answer:new", list[9].Missing)
	assert.Equal(t, 8, f.Inside)
	assert.Equal(t, 2, f.Outside)
	assert.Equal(t, 4, f.Direct, "q1, q2, q6, q9")
	assert.Equal(t, 2, f.Right)
	assert.Equal(t, 2, f.Back)
	assert.Equal(t, 1, f.OutsideAnswered)
	assert.Equal(t, 2, f.None)
	assert.Equal(t, 5, f.Success, "q1, q2 refused twice, q3, q6, q8")
	assert.Equal(t, 1, f.Unjudged)
	assert.InDelta(t, 0.5, f.Coverage(), 1e-9)
	assert.InDelta(t, 0.4, f.Precision(), 1e-9)
	// in order of confidence: q6 right, q1 right, q2 wrong, q7 outside, q9 wrong, q4 right, q5 wrong (seven in scope
	// with q3's first candidate), …
	assert.InDelta(t, 0.25, f.CoverageAt95, 1e-9)
	assert.InDelta(t, 3.0/8, f.At85, 1e-9)
}

func TestKey(t *testing.T) {
	r := acceptance.Recorded("x", "which", "knowledge", "", "?", 0, []dialog.Candidate{{ID: "a", Score: .5}, {ID: "flow-b", Score: .3}}, "", false)
	assert.Equal(t, "a|flow-b", r.ID)
	assert.False(t, r.Direct())
	key, score := r.Candidate()
	assert.Equal(t, "answer:a", key)
	assert.InDelta(t, 0.5, score, 1e-9)
	assert.Equal(t, "flow:track", acceptance.Recorded("x", "track", "flow", "track", "", 1, nil, "track", false).Key())
	assert.Equal(t, "person", acceptance.Recorded("x", "person", "command", "", "", 1, nil, "", true).Key())
	assert.Equal(t, "other:robot", acceptance.Recorded("x", "robot", "command", "", "", 1, nil, "", false).Key())
	assert.Equal(t, "flow:b", acceptance.KeyOf("flow-b"))
}
