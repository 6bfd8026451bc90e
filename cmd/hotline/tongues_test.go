package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Who talks with callers of another language is helped by the line on which they go on,
// and where there is none by the line's own knowledge and that language's words.
func TestHelpInTheCallersLanguage(t *testing.T) {
	root := t.TempDir()
	for name, data := range map[string]string{
		"shop/business.yaml": `name: 云帆数码
language: zh
lines:
  - {name: main, numbers: ["8000"], default: true, other_languages: [english], greeting: 请讲。, disclosure: {text: 我是智能助手，通话会录音。}}
  - {name: english, business: ../en, from: hotline}
  - {name: alone, numbers: ["8002"], greeting: 请讲。, disclosure: {text: 我是智能助手，通话会录音。}}
`,
		"shop/knowledge/faq.csv":      "问题,答案\n几点开门,早上九点。\n",
		"en/business.yaml":            "name: Cloud\nlanguage: en\nlines: [{name: hotline, greeting: Hello., disclosure: {text: An automated assistant. Calls are recorded.}}]\n",
		"en/knowledge/faq.csv":        "question,answer\nWhen are you open?,From nine.\n",
		"en/moderation/insults.txt":   "blithering\n",
		"shop/moderation/insults.txt": "大坏蛋\n",
	} {
		require.NoError(t, os.MkdirAll(filepath.Join(root, filepath.Dir(name)), 0o750))
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(data), 0o600))
	}
	bs, err := loadBots([]string{filepath.Join(root, "shop")}, senses{}, trial(), nil, slog.New(slog.DiscardHandler))
	require.NoError(t, err)

	l, ok := bs.helped("main")
	require.True(t, ok)
	english, ok := l.In("en")
	require.True(t, ok)
	assert.Equal(t, "en", english.Language)
	assert.Equal(t, 1, english.Pairs().Len())
	assert.Equal(t, "en", english.Pairs().Language())
	assert.NotEmpty(t, english.Words.Find("you blithering man"))
	assert.NotEmpty(t, bs.earsOf("main").In("en").Find("you blithering man"), "supervisors hear the same words")
	home, ok := bs.judgedBy("main")
	require.True(t, ok)
	assert.NotEmpty(t, home.In("en").Find("you blithering man"), "and reviews judge by them")

	l, ok = bs.helped("alone")
	require.True(t, ok)
	reception, ok := l.In("en")
	require.True(t, ok)
	assert.Equal(t, "en", reception.Language)
	assert.Equal(t, "zh", reception.Pairs().Language(), "what there is")
	assert.Empty(t, reception.Words.Find("you blithering man"), "those are another business's")
	assert.NotNil(t, reception.Words)
	_, ok = l.In("fr")
	assert.False(t, ok)
}
