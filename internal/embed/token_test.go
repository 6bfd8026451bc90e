package embed

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const tinyUnigram = "#unigram\t0\t2\t1\t3\t-20\n" +
	"P\t0\t\nP\t0\t\nP\t0\t\nP\t0\t\n" + // 0–3: the special ones
	"P\t-1\t\u2581\n" + // 4
	"P\t-2\t\u2581我\n" + // 5
	"P\t-2\t的\n" + // 6
	"P\t-3\t快递\n" + // 7
	"P\t-5\t快\n" + // 8
	"P\t-5\t递\n" + // 9
	"P\t-2\tab\n" + // 10
	"P\t-3\ta\n" + // 11
	"N\t12288\t32\n" + // an ideographic space is a space
	"N\t65345\t97\n" // a wide a is an a

func unigramOf(tb testing.TB, text string) (*unigram, error) {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "tokenizer.tsv")
	require.NoError(tb, os.WriteFile(path, []byte(text), 0o600))
	return loadUnigram(path)
}

func TestUnigram(t *testing.T) {
	u, err := unigramOf(t, tinyUnigram)
	require.NoError(t, err)
	for text, want := range map[string][]int64{
		"我的快递":     {0, 5, 6, 7, 2},
		"我的快":      {0, 5, 6, 8, 2},
		"  我  的 ":  {0, 5, 4, 6, 2}, // spaces are joined, those at the ends go
		"我\u3000的": {0, 5, 4, 6, 2},
		"ａb":       {0, 4, 10, 2},
		"我?的":      {0, 5, 3, 6, 2},
		"":         {0, 2},
		"   ":      {0, 2},
	} {
		assert.Equal(t, want, u.encode(text, 20), "%q", text)
	}
	assert.Equal(t, []int64{0, 5, 6, 2}, u.encode("我的快递快递", 4), "cut, the end marker stays")
}

func TestBrokenTokenizers(t *testing.T) {
	for _, text := range []string{"", "#unigram\t0\t2\t1\t3\t-20\n", "P\tx\ty\n", "#unigram\t0\tx\t1\t3\t-20\n", strings.Replace(tinyUnigram, "\t3\t", "\t99\t", 1), "N\tx\ty\n"} {
		_, err := unigramOf(t, text)
		require.Error(t, err, "%q", text)
	}
	path := filepath.Join(t.TempDir(), "vocab.txt")
	require.NoError(t, os.WriteFile(path, []byte("hello\n"), 0o600))
	_, err := loadWordPiece(path)
	require.ErrorContains(t, err, "not a BERT vocabulary")
}

func TestWordPiece(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vocab.txt")
	require.NoError(t, os.WriteFile(path, []byte("[PAD]\n[UNK]\n[CLS]\n[SEP]\nun\n##aff\n##able\n,\ncafe\n我\nplay\n"), 0o600))
	w, err := loadWordPiece(path)
	require.NoError(t, err)
	for text, want := range map[string][]int64{
		"Unaffable, Café":        {2, 4, 5, 6, 7, 8, 3},
		"我我":                     {2, 9, 9, 3},
		"playing":                {2, 1, 3}, // a rest that is not known spoils the word
		"":                       {2, 3},
		strings.Repeat("x", 200): {2, 1, 3},
	} {
		assert.Equal(t, want, w.encode(text, 20), "%q", text)
	}
	assert.Equal(t, []int64{2, 9, 9, 3}, w.encode("我我我我", 4))
}

// Whatever callers say, the tokens stay within the model's bounds.
func FuzzEncode(f *testing.F) {
	u, err := unigramOf(f, tinyUnigram)
	require.NoError(f, err)
	for _, s := range []string{"我的快递", "a\xffb", strings.Repeat("的", 9000), "\u2581\u2581"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, limit := range []int{2, 5, 256} {
			ids := u.encode(text, limit)
			require.LessOrEqual(t, len(ids), limit)
			for _, id := range ids {
				require.True(t, id >= 0 && id < int64(len(u.score)))
			}
		}
		require.True(t, !utf8.ValidString(text) || utf8.ValidString(cut(text, 4)))
	})
}
