package e2e_test

import (
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/asr"
	"hotline/asr/onnx/onnxtest"
	asropenai "hotline/asr/openai"
	"hotline/asr/vad"
	"hotline/dialog"
	"hotline/dialog/engine"
	"hotline/dialog/knowledge"
	"hotline/internal/business"
	"hotline/internal/stand"
	"hotline/internal/testdata"
	"hotline/media"
)

// dictation is a value that is said with pauses, and what was said before it.
type dictation struct {
	pack   string
	before []string // turns
	texts  []string // in pieces between which 700 ms are silent: "|"
}

var dictations = map[string][]dictation{
	"zh": {
		{"retail-zh", []string{"帮我查一下物流"}, []string{"二零二六|一一一八|零零一七", "二零二六一一|一九零零三二", "零零|三二", "尾号是|零|零|一|七"}},
		{"retail-zh", []string{"帮我解锁账号"}, []string{"幺三九|幺二三四|五六七八", "一三八|零零|一三八|零零零"}},
		{"retail-zh", nil, []string{"我的订单号是|二零二六|一一一八|零零一七", "我要查物流，订单号是|二零二六|一一一九|零零三二"}},
		{"repair-zh", []string{"我要报修", "洗衣机", "不排水", "南湖区", "明天"}, []string{"翠苑小区|三栋|五零二", "望江花园|八号楼|二单元|三零一"}},
	},
	"en": {
		{"retail-en", []string{"Can you track my package?"}, []string{"one oh oh four|eight eight one seven", "eight|nine|three|two", "it's one oh|oh four|eight nine|three two"}},
		{"retail-en", []string{"My account's locked."}, []string{"six one seven|five five five|oh one four two"}},
		{"retail-en", nil, []string{"My order number is|one oh oh four|eight eight one seven"}},
	},
}

// Who pauses 700 ms inside a number or an address is not taken to have finished.
func TestPausesInsideNumbers(t *testing.T) {
	long(t)
	s := packs(t)
	testdata.Model(t, "vad/silero-v6")
	onnxtest.Start(t)
	silero, err := vad.OpenSilero(testdata.Model(t, "vad/silero-v6"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, silero.Close()) })
	speakers := map[string][]string{"zh": {"zm_yunxi", "zf_xiaobei", "zm_yunyang"}, "en": {"am_michael", "af_bella", "bm_george"}}
	said, cuts := 0, 0
	for language, list := range dictations {
		for _, d := range list {
			for _, speaker := range speakers[language] {
				for _, text := range d.texts {
					sound := utter(t, s, speaker, strings.ReplaceAll(text, "|", "[700ms]"))
					turns := turnsOf(t, s, silero, language, conversationOf(t, d), sound)
					said++
					if !assert.Len(t, turns, 1, "%s %s after %q: %q", speaker, text, d.before, turns) {
						cuts += len(turns) - 1
					}
				}
			}
		}
	}
	t.Logf("%d values dictated with pauses of 700 ms, cut %d times", said, cuts)
}

// conversationOf is the dialogue of a pack, as far as d needs it.
func conversationOf(t *testing.T, d dictation) dialog.Conversation {
	t.Helper()
	b, _ := business.Load(filepath.Join(testdata.Root(t), "examples", d.pack))
	require.NotEmpty(t, b.Lines)
	l := b.Lines[0]
	index, err := knowledge.New(l.Pairs(), l.KnowledgeOptions())
	require.NoError(t, err)
	e, err := engine.New(l.EngineConfig(knowledge.NewLive(index).Load))
	require.NoError(t, err)
	c, err := e.Begin(t.Context(), dialog.Facts{CallID: "pause", Language: l.Language, Caller: "13812345678", Now: time.Now()})
	require.NoError(t, err)
	turns := []dialog.Turn{{Kind: dialog.Opened, At: time.Now()}}
	for _, text := range d.before {
		turns = append(turns, dialog.Turn{Kind: dialog.Spoke, Text: text, Confidence: 1, At: time.Now()})
	}
	for _, turn := range turns {
		require.NoError(t, c.Reply(t.Context(), turn, func(dialog.Act) error { return nil }))
	}
	return c
}

// turnsOf has a call's recogniser hear sound and returns the turns that it made of it.
func turnsOf(t *testing.T, s *stand.Stand, silero *vad.Silero, language string, c dialog.Conversation, sound []int16) (turns []string) {
	t.Helper()
	decoder, err := asropenai.New(asropenai.Config{BaseURL: s.Worker(), Timeout: time.Minute})
	require.NoError(t, err)
	l := c.(dialog.Listener)
	r, err := asr.NewListener(asr.ListenerConfig{
		Options: asr.Options{
			Call: "pause", Language: language, Vocabulary: l.Vocabulary(), Patience: l.Patience, Suggest: l.Suggest,
			Expect: c.(dialog.Expecter).Expect, Unpaced: true, DecodeTimeout: time.Minute,
		},
		Detector: func(rate int) (asr.Detector, error) { return silero.New(rate) }, Decoder: decoder,
	})
	require.NoError(t, err)
	x := append(make([]int16, 4000), sound...)
	ring := &tape{samples: append(x, make([]int16, 3*8000)...)}
	require.NoError(t, r.Recognize(t.Context(), ring, func(h asr.Result) {
		if h.Kind == asr.Final || h.Kind == asr.Fault {
			turns = append(turns, h.Text)
		}
	}))
	return turns
}

// tape is sound as a source.
type tape struct{ samples []int16 }

func (x *tape) Rate() int { return 8000 }

func (x *tape) ReadFrame(f media.Frame) error {
	if len(x.samples) < len(f) {
		return io.EOF
	}
	x.samples = x.samples[copy(f, x.samples):]
	return nil
}
