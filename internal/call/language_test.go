package call_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/asr"
	"hotline/dialog"
	"hotline/dialog/emotion"
	"hotline/dialog/engine"
	"hotline/dialog/knowledge"
	"hotline/dialog/language"
	"hotline/internal/call"
	"hotline/media"
	"hotline/media/dsp"
	"hotline/tts"
)

// english decodes as one who listens for English beside Chinese, or for English.
type english struct {
	mu    sync.Mutex
	asked []asr.Segment
}

func (d *english) Decode(_ context.Context, s asr.Segment) (asr.Transcript, error) {
	d.mu.Lock()
	d.asked = append(d.asked, s)
	d.mu.Unlock()
	text := "When are you open on Sundays?"
	if dsp.Goertzel(s.Samples, s.Rate, asksPerson) > dsp.Goertzel(s.Samples, s.Rate, asksHours) {
		text = "This is ridiculous, I am furious! Can I talk to a person please?"
	}
	return asr.Transcript{Text: text, Language: "en", Confidence: 0.95, LogProb: -0.1}, nil
}

// voices notes in which language and voice something is said.
type voices struct {
	tones
	mu   sync.Mutex
	said []tts.Utterance
}

func (v *voices) Synthesize(ctx context.Context, u tts.Utterance, dst media.Writer) error {
	v.mu.Lock()
	v.said = append(v.said, u)
	v.mu.Unlock()
	return v.tones.Synthesize(ctx, u, dst)
}

// A caller who speaks the other language is heard, answered and brought to a person in it.
func TestTheCallersLanguage(t *testing.T) {
	const sundays = "Ten to six on Sundays."
	index, err := knowledge.New([]knowledge.Pair{{ID: "sundays", Question: "When are you open on Sundays?", Answer: sundays}}, knowledge.Options{Language: "en"})
	require.NoError(t, err)
	e, err := engine.New(engine.Config{Name: "english", Language: "en", Pairs: knowledge.NewLive(index).Load, Skill: "service"})
	require.NoError(t, err)
	moods := map[string]*emotion.Recognizer{}
	for _, l := range []string{"zh", "en"} {
		moods[l], err = emotion.New(emotion.Config{Language: l})
		require.NoError(t, err)
	}
	ear, mouth := &english{}, &voices{}
	s := perform(t, func(s *stage) {
		l := &s.call.Line
		l.Voice, l.Speak = "chinese voice", mouth
		other := *l
		other.Language, other.Voice = "en", "english voice"
		l.Moods, other.Moods = moods["zh"], moods["en"]
		l.In = func(language string) *call.Line {
			if language != "en" {
				return nil
			}
			return &other
		}
		l.Engine = language.New(language.Tongue{Language: "zh", Engine: l.Engine}, func() []language.Tongue {
			return []language.Tongue{{Language: "en", Engine: e}}
		})
		l.Hear = func(h call.Hearing) asr.Recognizer {
			o := asr.Options{Call: h.Call, Language: h.Language}
			if p, ok := h.Listener.(dialog.Polyglot); ok {
				o.Languages = p.Languages
			}
			r, err := asr.NewListener(asr.ListenerConfig{
				Options: o, Decoder: ear, Detector: func(int) (asr.Detector, error) { return loudness{}, nil },
			})
			if err != nil {
				panic(err)
			}
			return r
		}
		s.staff.busy, s.staff.patience = make(chan struct{}), time.Hour
	}, func(s *stage) {
		s.greeted()
		s.say(asksHours)
		s.pause(length(sundays) + 3*time.Second)
		s.say(asksPerson)
		s.until(func() bool { return s.journal.count(call.KindQueue) == 1 })
	})
	voice := map[string]tts.Utterance{}
	for _, u := range mouth.said {
		voice[u.Text] = u
	}
	assert.Equal(t, "chinese voice", voice[greeting].Voice)
	assert.Equal(t, "english voice", voice[sundays].Voice)
	assert.Equal(t, "en", voice[sundays].Language)
	assert.Equal(t, "en", s.staff.wants.Language, "a person who speaks his language")
	var feels []emotion.Label
	for _, turn := range s.journal.turns {
		if turn.Speaker == "caller" {
			require.NotNil(t, turn.Mood)
			feels = append(feels, turn.Mood.Label)
		} else {
			assert.Nil(t, turn.Mood)
		}
	}
	assert.Equal(t, []emotion.Label{emotion.Calm, emotion.Angry}, feels, "how he feels is read in his language")
	first, last := ear.asked[0], ear.asked[len(ear.asked)-1]
	assert.Equal(t, "zh", first.Language)
	assert.Equal(t, []string{"en"}, first.Also)
	assert.Equal(t, "en", last.Language)
	assert.Equal(t, []string{"zh"}, last.Also)
}
