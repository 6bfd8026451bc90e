package sherpa

import (
	"os"
	"strings"
	"testing"
	"time"

	sherpa "github.com/k2-fsa/sherpa-onnx-go/sherpa_onnx"
	"github.com/stretchr/testify/require"

	"hotline/asr"
)

func TestSenseVoiceTags(t *testing.T) {
	m := &Model{o: Options{Name: "sense-voice"}, layout: Layout{Kind: SenseVoice}}
	for _, c := range []struct {
		in   sherpa.OfflineRecognizerResult
		want asr.Transcript
	}{
		{
			sherpa.OfflineRecognizerResult{Text: "我要投诉。", Lang: "<|zh|>", Emotion: "<|ANGRY|>", Event: "<|Speech|>"},
			asr.Transcript{Text: "我要投诉。", Language: "zh", Emotion: "angry", Confidence: 0.8},
		},
		{
			sherpa.OfflineRecognizerResult{Text: "<|en|><|HAPPY|><|Speech|><|withitn|>Thank you."},
			asr.Transcript{Text: "Thank you.", Language: "en", Emotion: "happy", Confidence: 0.8},
		},
		{
			sherpa.OfflineRecognizerResult{Lang: "<|nospeech|>", Emotion: "<|EMO_UNKNOWN|>", Event: "<|BGM|>"},
			asr.Transcript{NoSpeech: 0.7},
		},
		{
			sherpa.OfflineRecognizerResult{Text: "咳", Event: "<|Cough|>"},
			asr.Transcript{Text: "咳", Language: "zh", NoSpeech: 0.7, Confidence: 0.8 * 0.51},
		},
	} {
		got := m.transcript(&c.in, "", time.Second)
		c.want.Engine = "sense-voice"
		require.InDelta(t, c.want.Confidence, got.Confidence, 1e-9)
		got.Confidence = c.want.Confidence
		require.Equal(t, c.want, got)
	}
}

func TestTransducerScores(t *testing.T) {
	m := &Model{layout: Layout{Kind: Transducer}}
	got := m.transcript(&sherpa.OfflineRecognizerResult{Text: "什么时候发货", YsLogProbs: []float32{-0.1, -0.3, -0.2}}, "zh", time.Second)
	require.InDelta(t, -0.2, got.LogProb, 1e-6)
	require.InDelta(t, 0.82, got.Confidence, 0.01)
}

func TestBytesOfPrivate(t *testing.T) {
	word := "犇"
	private := strings.Builder{}
	for _, b := range []byte(word) {
		private.WriteRune(rune(0xE000) + rune(b))
	}
	require.Equal(t, "牛犇a", bytesOfPrivate("牛"+private.String()+"a"))
	require.Equal(t, "abc", bytesOfPrivate("abc"))
	require.Equal(t, "a", bytesOfPrivate("a\ue0e7"), "half a character is dropped")
}

func FuzzSplitTags(f *testing.F) {
	f.Add("<|zh|><|NEUTRAL|>你好<|")
	f.Fuzz(func(t *testing.T, s string) {
		plain, tags := splitTags(s)
		n := len(plain)
		for _, g := range tags {
			_ = g
			n += 4
		}
		if n > len(s) {
			t.Errorf("%q became %q and %q", s, plain, tags)
		}
	})
}

func TestHotwordsReachTheConfig(t *testing.T) {
	path, err := writeHotwords([]string{"七天无理由", " ", "twin  tub\n washer"})
	require.NoError(t, err)
	defer os.Remove(path)
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "七天无理由\ntwin tub washer\n", string(b))

	l := Layout{Kind: Transducer, Encoder: "e", Decoder: "d", Joiner: "j", Tokens: "t", BPEVocabulary: "v"}
	c := l.config(Options{Threads: 1, HotwordScore: 1.5}, "", path)
	require.Equal(t, "modified_beam_search", c.DecodingMethod)
	require.Equal(t, path, c.HotwordsFile)
	require.Equal(t, "cjkchar+bpe", c.ModelConfig.ModelingUnit)
	require.Equal(t, "greedy_search", l.config(Options{}, "", "").DecodingMethod)
}
