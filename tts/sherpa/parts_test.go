package sherpa

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"hotline/tts"
)

// Whatever comes, the native code gets pieces that it can bear.
func TestPartsAreBearable(t *testing.T) {
	m := &Model{layout: &layout{kind: Kokoro, language: "English and Chinese"}}
	words := &Model{layout: &layout{kind: VitsWords, language: "Chinese"}}
	for _, text := range []string{
		strings.Repeat("b", 5000), strings.Repeat("好", 3000), strings.Repeat("a.", 2000), strings.Repeat("9", 3000), strings.Repeat("x-", 900) + "。",
		"\xff\xfe好\x00", strings.Repeat("w ", 2000), "www." + strings.Repeat("abc", 300) + ".com",
	} {
		for _, p := range words.parts(tts.Utterance{Text: text, Language: "zh"}) {
			require.LessOrEqual(t, len([]rune(p)), maxHan) // letters have become Chinese
		}
		for _, p := range m.parts(tts.Utterance{Text: text, Language: "zh"}) {
			require.LessOrEqual(t, len([]rune(p)), maxPart)
			for w := range strings.FieldsSeq(p) {
				if w[0] < 0x80 {
					require.LessOrEqual(t, len([]rune(w)), maxWord)
				}
			}
		}
	}
	require.Empty(t, m.parts(tts.Utterance{Text: "😀 。"}))
	require.Equal(t, []string{"尾号四四幺七。"}, m.parts(tts.Utterance{Text: "尾号4417。", Language: "zh"}))
}
