package asr_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/asr"
	"hotline/asr/asrtest"
)

// event is a result and when, on the line's clock, it was emitted.
type event struct {
	asr.Result
	At time.Duration
}

// listen plays line in real time (a bubble's) to a listener and returns what it
// emitted.
func listen(t *testing.T, line *asrtest.Line, cfg asr.ListenerConfig) []event {
	t.Helper()
	var events []event
	synctest.Test(t, func(t *testing.T) {
		cfg.Detector = line.Detector
		l, err := asr.NewListener(cfg)
		require.NoError(t, err)
		start := time.Now()
		require.NoError(t, l.Recognize(t.Context(), line.Source(), func(r asr.Result) {
			events = append(events, event{r, time.Since(start)})
		}))
	})
	return events
}

func kinds(es []event) string {
	names := map[asr.Kind]string{
		asr.SpeechStart: "start", asr.SpeechPause: "pause", asr.SpeechResume: "resume",
		asr.Partial: "partial", asr.Final: "final", asr.Fault: "fault",
	}
	var s []string
	for _, e := range es {
		s = append(s, names[e.Kind])
	}
	return strings.Join(s, " ")
}

func last(es []event) event { return es[len(es)-1] }

func TestTurn(t *testing.T) {
	line := new(asrtest.Line).Silence(time.Second).Voice(900 * time.Millisecond).Silence(2 * time.Second)
	d := &asrtest.Decoder{Delay: 150 * time.Millisecond, Answer: asrtest.Say("什么时候发货", 0.95), Busy: true}
	es := listen(t, line, asr.ListenerConfig{Decoder: d, Options: asr.Options{Call: "c", Language: "zh"}})
	require.Equal(t, "start pause partial final", kinds(es))
	require.LessOrEqual(t, es[0].At, 1100*time.Millisecond, "the start is told within 100 ms")
	require.InDelta(t, 1.0, es[0].Start.Seconds(), 0.041)
	require.InDelta(t, 1.9, last(es).End.Seconds(), 0.021)
	require.Equal(t, "什么时候发货", last(es).Text)
	require.LessOrEqual(t, last(es).At, 1900*time.Millisecond+500*time.Millisecond, "a whole question ends half a second after it")
	require.NotZero(t, last(es).Prosody.LevelDB)
	require.InDelta(t, 200, last(es).Prosody.PitchHz, 3)
	require.InDelta(t, 0.9, last(es).Prosody.VoicedFor.Seconds(), 0.05)

	s := d.Segments()
	require.Len(t, s, 1)
	require.Equal(t, "c", s[0].Call)
	require.True(t, s[0].Urgent)
	length := time.Duration(len(s[0].Samples)) * time.Second / 8000
	require.GreaterOrEqual(t, length, 900*time.Millisecond+280*time.Millisecond+180*time.Millisecond, "the sound before the start goes along")
	require.LessOrEqual(t, length, 1600*time.Millisecond)
}

func TestPauseInsideTurn(t *testing.T) {
	line := new(asrtest.Line).Silence(time.Second).
		Voice(700 * time.Millisecond).Silence(600 * time.Millisecond).Voice(700 * time.Millisecond).Silence(3 * time.Second)
	n := 0
	d := &asrtest.Decoder{Delay: 100 * time.Millisecond, Busy: true, Answer: func(asr.Segment) (asr.Transcript, error) {
		n++
		if n == 1 {
			return asr.Transcript{Text: "我想问一下那个", Confidence: 0.9}, nil
		}
		return asr.Transcript{Text: "我想问一下那个运费是多少", Confidence: 0.9}, nil
	}}
	es := listen(t, line, asr.ListenerConfig{Decoder: d})
	require.Equal(t, "start pause partial resume pause partial final", kinds(es), "a speaker who looks for words is not cut off")
	require.Equal(t, "我想问一下那个运费是多少", last(es).Text)
	require.Equal(t, 1, last(es).Utterance)
	s := d.Segments()
	require.Greater(t, len(s[1].Samples), len(s[0].Samples), "the second decode is of the whole utterance")
}

func TestTwoTurns(t *testing.T) {
	line := new(asrtest.Line).Silence(time.Second).Voice(500 * time.Millisecond).Silence(time.Second).Voice(500 * time.Millisecond)
	d := &asrtest.Decoder{Delay: 50 * time.Millisecond, Answer: asrtest.Say("好的", 0.9), Busy: true}
	es := listen(t, line, asr.ListenerConfig{Decoder: d})
	require.Equal(t, "start pause partial final start pause partial final", kinds(es), "the last turn ends with the line")
	require.Equal(t, 2, last(es).Utterance)
}

// A decoder that nobody else waits for begins 40 ms sooner; a caller who goes on then is
// not cut off, and what was begun is given up.
func TestAnIdleDecoderBeginsSooner(t *testing.T) {
	ends := func(line *asrtest.Line, busy bool) (es []event, decodes int) {
		d := &asrtest.Decoder{Delay: 400 * time.Millisecond, Answer: asrtest.Say("什么时候发货", 0.95), Busy: busy}
		es = listen(t, line, asr.ListenerConfig{Decoder: d})
		return es, len(d.Segments())
	}
	voice := func() *asrtest.Line { return new(asrtest.Line).Silence(time.Second).Voice(250 * time.Millisecond) }
	whole := func() *asrtest.Line { return voice().Silence(2 * time.Second) }
	sooner, _ := ends(whole(), false)
	later, _ := ends(whole(), true)
	require.InDelta(t, 0.04, (last(later).At - last(sooner).At).Seconds(), 0.021, "a tick more or less")

	short := voice().Silence(100 * time.Millisecond).Voice(250 * time.Millisecond).Silence(2 * time.Second)
	es, decodes := ends(short, false)
	require.Equal(t, "start pause resume pause partial final", kinds(es))
	require.Equal(t, 2, decodes)
	es, decodes = ends(short, true)
	require.Equal(t, "start pause partial final", kinds(es))
	require.Equal(t, 1, decodes)
}

func TestSlowDecode(t *testing.T) {
	line := new(asrtest.Line).Silence(time.Second).Voice(500 * time.Millisecond).Silence(3 * time.Second)
	d := &asrtest.Decoder{Delay: 1500 * time.Millisecond, Answer: asrtest.Say("好的", 0.9), Busy: true}
	es := listen(t, line, asr.ListenerConfig{Decoder: d})
	require.Equal(t, "start pause partial final", kinds(es))
	require.InDelta(t, 1.5+0.18+1.5, last(es).At.Seconds(), 0.08, "the turn ends as soon as the text is there")
}

func TestDecodeTimeoutIsFault(t *testing.T) {
	line := new(asrtest.Line).Silence(time.Second).Voice(500 * time.Millisecond).Silence(4 * time.Second).Voice(500 * time.Millisecond).Silence(time.Second)
	calls := 0
	d := &asrtest.Decoder{Busy: true}
	d.Answer = func(asr.Segment) (asr.Transcript, error) {
		calls++
		return asr.Transcript{Text: "在吗", Confidence: 0.9}, nil
	}
	slow := decoderFunc(func(ctx context.Context, s asr.Segment) (asr.Transcript, error) {
		if calls == 0 {
			calls++
			<-ctx.Done()
			return asr.Transcript{}, context.Cause(ctx)
		}
		return d.Decode(ctx, s)
	})
	es := listen(t, line, asr.ListenerConfig{Decoder: slow, Options: asr.Options{DecodeTimeout: 2 * time.Second}})
	require.Equal(t, "start pause fault start pause partial final", kinds(es), "it goes on listening")
	require.ErrorContains(t, es[2].Err, "decoding took longer than 2s")
}

type decoderFunc func(ctx context.Context, s asr.Segment) (asr.Transcript, error)

func (f decoderFunc) Decode(ctx context.Context, s asr.Segment) (asr.Transcript, error) {
	return f(ctx, s)
}

func TestOverloadAndPanicAreFaults(t *testing.T) {
	for name, d := range map[string]decoderFunc{
		"overloaded": func(context.Context, asr.Segment) (asr.Transcript, error) { return asr.Transcript{}, asr.ErrOverloaded },
		"panic":      func(context.Context, asr.Segment) (asr.Transcript, error) { panic("out of range") },
	} {
		line := new(asrtest.Line).Silence(time.Second).Voice(500 * time.Millisecond).Silence(time.Second)
		es := listen(t, line, asr.ListenerConfig{Decoder: d})
		require.Equal(t, "start pause fault", kinds(es), name)
		require.Error(t, last(es).Err)
		if name == "overloaded" {
			require.ErrorIs(t, last(es).Err, asr.ErrOverloaded)
		}
	}
}

func TestNoise(t *testing.T) {
	for name, c := range map[string]struct {
		voice  time.Duration
		answer asr.Transcript
	}{
		"a cough":             {200 * time.Millisecond, asr.Transcript{Text: "我", Confidence: 0.01, LogProb: -2}},
		"nothing said":        {800 * time.Millisecond, asr.Transcript{NoSpeech: 0.95}},
		"punctuation":         {800 * time.Millisecond, asr.Transcript{Text: "。…", Confidence: 0.5}},
		"subtitles of no one": {800 * time.Millisecond, asr.Transcript{Text: "谢谢观看", Confidence: 0.02, NoSpeech: 0.9}},
	} {
		t.Run(name, func(t *testing.T) {
			line := new(asrtest.Line).Silence(time.Second).Voice(c.voice).Silence(time.Second)
			d := &asrtest.Decoder{Delay: 50 * time.Millisecond, Busy: true, Answer: func(asr.Segment) (asr.Transcript, error) { return c.answer, nil }}
			es := listen(t, line, asr.ListenerConfig{Decoder: d})
			require.Equal(t, "start pause final", kinds(es))
			require.Empty(t, last(es).Text)
			require.True(t, last(es).Noise)
		})
	}
}

func TestClicksAreNoStart(t *testing.T) {
	line := new(asrtest.Line).Silence(time.Second)
	for range 20 {
		line.Voice(20 * time.Millisecond).Silence(300 * time.Millisecond)
	}
	es := listen(t, line, asr.ListenerConfig{Decoder: &asrtest.Decoder{Answer: asrtest.Say("喂", 0.9)}})
	require.Empty(t, es)
}

func TestPatience(t *testing.T) {
	asked := 0
	for _, c := range []struct {
		patience time.Duration
		want     float64
	}{{200 * time.Millisecond, 0.3}, {800 * time.Millisecond, 0.8}, {1500 * time.Millisecond, 1.5}} {
		line := new(asrtest.Line).Silence(time.Second).Voice(500 * time.Millisecond).Silence(3 * time.Second)
		d := &asrtest.Decoder{Delay: 50 * time.Millisecond, Answer: asrtest.Say("三五八", 0.9), Busy: true}
		es := listen(t, line, asr.ListenerConfig{Decoder: d, Options: asr.Options{
			Patience: func(text string, _ float64) time.Duration {
				asked++
				require.Equal(t, "三五八", text)
				return c.patience
			},
		}})
		require.InDelta(t, 1.5+c.want, last(es).At.Seconds(), 0.041)
	}
	require.Equal(t, 3, asked, "once for a text")
}

func TestSecondPass(t *testing.T) {
	var prompts []string
	line := new(asrtest.Line).Silence(time.Second).Voice(500 * time.Millisecond).Silence(3 * time.Second)
	d := &asrtest.Decoder{Delay: 100 * time.Millisecond, Busy: true, Answer: func(s asr.Segment) (asr.Transcript, error) {
		prompts = append(prompts, s.Prompt)
		if strings.Contains(s.Prompt, "发货") {
			return asr.Transcript{Text: "什么时候发货", LogProb: -0.1, Confidence: 0.9}, nil
		}
		return asr.Transcript{Text: "什么时候发火", LogProb: -0.5, Confidence: 0.4}, nil
	}}
	cfg := asr.ListenerConfig{Decoder: d, Options: asr.Options{Vocabulary: []string{"运费", "保修"}, Suggest: func(text string, n int) []string {
		require.Equal(t, "什么时候发火", text)
		return []string{"什么时候发货", "几点开门"}[:min(n, 2)]
	}}}
	es := listen(t, line, cfg)
	require.Equal(t, "start pause partial partial final", kinds(es))
	require.Equal(t, "什么时候发货", last(es).Text)
	require.Equal(t, []string{"什么时候发火"}, last(es).Alternatives)
	require.Equal(t, []string{"", "什么时候发货。几点开门"}, prompts)
	require.LessOrEqual(t, last(es).At, 1500*time.Millisecond+500*time.Millisecond, "it fits in the time that is open anyway")
}

// Where another language is heard, the second pass is shown what may have been said in
// that one, and the next turn is expected in the language that is spoken then.
func TestAnotherLanguageIsHeard(t *testing.T) {
	var asked []asr.Segment
	languages := []string{"zh", "en"}
	line := new(asrtest.Line).Silence(time.Second).Voice(500 * time.Millisecond).Silence(3 * time.Second).Voice(500 * time.Millisecond).Silence(3 * time.Second)
	d := &asrtest.Decoder{Delay: 100 * time.Millisecond, Busy: true, Answer: func(s asr.Segment) (asr.Transcript, error) {
		asked = append(asked, s)
		languages = []string{"en", "zh"}
		return asr.Transcript{Text: "where is my order", Language: "en", LogProb: -0.5, Confidence: 0.4}, nil
	}}
	es := listen(t, line, asr.ListenerConfig{Decoder: d, Options: asr.Options{
		Language: "zh", Languages: func() []string { return languages }, Suggest: func(string, int) []string { return []string{"where is my order"} },
	}})
	require.Equal(t, "en", last(es).Language)
	require.Len(t, asked, 4)
	for i, want := range []asr.Segment{{Language: "zh", Also: []string{"en"}}, {Language: "en"}, {Language: "en", Also: []string{"zh"}}, {Language: "en"}} {
		require.Equal(t, want.Language, asked[i].Language)
		require.Equal(t, want.Also, asked[i].Also)
	}
}

func TestSecondPassThatIsLateIsNotWaitedFor(t *testing.T) {
	line := new(asrtest.Line).Silence(time.Second).Voice(500 * time.Millisecond).Silence(3 * time.Second)
	d := decoderFunc(func(ctx context.Context, s asr.Segment) (asr.Transcript, error) {
		if s.Prompt != "" {
			<-ctx.Done()
			return asr.Transcript{}, context.Cause(ctx)
		}
		return asr.Transcript{Text: "什么时候发火", LogProb: -0.5, Confidence: 0.4}, nil
	})
	es := listen(t, line, asr.ListenerConfig{Decoder: d, Options: asr.Options{Suggest: func(string, int) []string { return []string{"什么时候发货"} }}})
	require.Equal(t, "start pause partial final", kinds(es))
	require.Equal(t, "什么时候发火", last(es).Text)
	require.LessOrEqual(t, last(es).At, 1500*time.Millisecond+700*time.Millisecond)
}

func TestLongSpeech(t *testing.T) {
	// 60 s with a pause after each 12 s: pieces, joined
	line := new(asrtest.Line).Silence(time.Second)
	for range 5 {
		line.Voice(12 * time.Second).Silence(400 * time.Millisecond)
	}
	line.Silence(2 * time.Second)
	n := 0
	d := &asrtest.Decoder{Delay: 50 * time.Millisecond, Busy: true, Answer: func(asr.Segment) (asr.Transcript, error) {
		n++
		return asr.Transcript{Text: fmt.Sprintf("第%d段", n), Confidence: 0.9}, nil
	}}
	es := listen(t, line, asr.ListenerConfig{Decoder: d})
	require.Equal(t, "第1段第2段第3段第4段第5段", last(es).Text)
	for _, s := range d.Segments() {
		require.Less(t, len(s.Samples), 14*8000, "what was decoded is not decoded again")
	}
}

func TestSpeechWithoutPause(t *testing.T) {
	line := new(asrtest.Line).Silence(time.Second).Voice(55 * time.Second).Silence(2 * time.Second)
	n := 0
	d := &asrtest.Decoder{Delay: 50 * time.Millisecond, Busy: true, Answer: func(asr.Segment) (asr.Transcript, error) {
		n++
		return asr.Transcript{Text: fmt.Sprintf("part %d", n), Language: "en", Confidence: 0.9}, nil
	}}
	es := listen(t, line, asr.ListenerConfig{Decoder: d})
	require.Equal(t, "part 1 part 2 part 3", last(es).Text)
	total := 0
	for _, s := range d.Segments() {
		require.LessOrEqual(t, len(s.Samples), 25*8000)
		total += len(s.Samples)
	}
	require.InDelta(t, 55.6*8000, total, 8000, "nothing is lost at the cuts, nothing is decoded twice")
}

func TestEndlessVoiceIsAnswered(t *testing.T) {
	line := new(asrtest.Line).Silence(time.Second).Voice(50 * time.Second)
	d := &asrtest.Decoder{Delay: 50 * time.Millisecond, Answer: asrtest.Say("广播", 0.9), Busy: true}
	es := listen(t, line, asr.ListenerConfig{Decoder: d, Options: asr.Options{MaxTurn: 20 * time.Second}})
	finals := 0
	for _, e := range es {
		if e.Kind == asr.Final {
			finals++
		}
	}
	require.Equal(t, 3, finals)
}

func TestPartialsWhileSpeaking(t *testing.T) {
	for _, busy := range []bool{false, true} {
		line := new(asrtest.Line).Silence(time.Second).Voice(5 * time.Second).Silence(time.Second)
		n := 0
		d := &asrtest.Decoder{Delay: 50 * time.Millisecond, Busy: busy, Answer: func(asr.Segment) (asr.Transcript, error) {
			n++
			return asr.Transcript{Text: fmt.Sprint("到此", n), Confidence: 0.9}, nil
		}}
		es := listen(t, line, asr.ListenerConfig{Decoder: d})
		if busy {
			require.Equal(t, "start pause partial final", kinds(es))
			continue
		}
		require.Equal(t, "start partial partial partial partial pause partial final", kinds(es))
		for i, s := range d.Segments() {
			require.Equal(t, i == len(d.Segments())-1, s.Urgent)
		}
	}
}

func TestLoopIsCut(t *testing.T) {
	line := new(asrtest.Line).Silence(time.Second).Voice(500 * time.Millisecond).Silence(time.Second)
	d := &asrtest.Decoder{Answer: asrtest.Say(strings.Repeat("发货", 30), 0.8), Busy: true}
	es := listen(t, line, asr.ListenerConfig{Decoder: d})
	require.Equal(t, "发货", last(es).Text)
	require.Less(t, last(es).Confidence, 0.5)
}

func TestSettingsChangeDuringCall(t *testing.T) {
	line := new(asrtest.Line).Silence(time.Second).Voice(500 * time.Millisecond).Silence(time.Second).Voice(500 * time.Millisecond).Silence(time.Second)
	var l *asr.Listener
	d := &asrtest.Decoder{Busy: true}
	d.Answer = func(asr.Segment) (asr.Transcript, error) {
		l.SetLanguage("en")
		l.SetVocabulary([]string{"blue", "red"})
		return asr.Transcript{Text: "English please", Confidence: 0.9}, nil
	}
	synctest.Test(t, func(t *testing.T) {
		var err error
		l, err = asr.NewListener(asr.ListenerConfig{Detector: line.Detector, Decoder: d, Options: asr.Options{Language: "zh"}})
		require.NoError(t, err)
		require.NoError(t, l.Recognize(t.Context(), line.Source(), func(asr.Result) {}))
	})
	s := d.Segments()
	require.Len(t, s, 2)
	require.Equal(t, "zh", s[0].Language)
	require.Equal(t, "en", s[1].Language)
	require.Equal(t, "blue, red", s[1].Prompt)
	require.Equal(t, []string{"blue", "red"}, s[1].Hotwords)
}

func TestListenerContract(t *testing.T) {
	line := new(asrtest.Line).Silence(time.Second).Voice(500 * time.Millisecond).Silence(time.Second).Voice(700 * time.Millisecond)
	asrtest.TestRecognizer(t, func(t *testing.T) asr.Recognizer {
		t.Helper()
		l, err := asr.NewListener(asr.ListenerConfig{
			Decoder: &asrtest.Decoder{Answer: asrtest.Say("好的", 0.9)},
			Detector: func(int) (asr.Detector, error) {
				if strings.Contains(t.Name(), "silence") {
					return &asrtest.Script{}, nil
				}
				return line.Detector(8000)
			},
			Options: asr.Options{Unpaced: true},
		})
		require.NoError(t, err)
		return l
	}, asrtest.Spoken{Rate: 8000, Samples: line.Samples, Text: "好的好的"})
}

func TestDetectorFailureEndsListening(t *testing.T) {
	broken := errors.New("no such rate")
	l, err := asr.NewListener(asr.ListenerConfig{
		Decoder:  &asrtest.Decoder{},
		Detector: func(int) (asr.Detector, error) { return nil, broken },
	})
	require.NoError(t, err)
	require.ErrorIs(t, l.Recognize(t.Context(), &asrtest.Source{SampleRate: 8000}, nil), broken)

	_, err = asr.NewListener(asr.ListenerConfig{})
	require.Error(t, err)
}
