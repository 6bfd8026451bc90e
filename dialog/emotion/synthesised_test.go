package emotion_test

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hotline/dialog"
	"hotline/dialog/emotion"
	"hotline/internal/testdata"
	"hotline/media/opus"
)

// alteration is what is done to a voice: pitch in semitones, rate and level by
// themselves.
type alteration struct {
	name            string
	pitch, rate, db float64
}

var alterations = []alteration{
	{"as it is", 0, 1, 0},
	{"12 dB louder", 0, 1, 12},
	{"12 dB softer", 0, 1, -12},
	{"30 % faster", 0, 1.3, 0},
	{"20 % slower", 0, 0.8, 0},
	{"4 semitones higher", 4, 1, 0},
	{"4 semitones lower", -4, 1, 0},
	{"louder and faster", 0, 1.3, 12},
	{"higher, louder and faster", 4, 1.3, 12},
}

func (a alteration) of(x []int16, rate int) []int16 {
	up := math.Pow(2, a.pitch/12)
	return altered(stretched(x, rate, a.rate/up), up, math.Pow(10, a.db/20))
}

// stretched plays x by speed faster at its own pitch: windows that overlap by half, each
// where it fits best to the one before.
func stretched(x []int16, rate int, speed float64) []int16 {
	n, search := rate/50, rate/100 // 20 ms, ±10 ms
	hop := n / 2
	out := make([]float64, int(float64(len(x))/speed)+2*n)
	end, last := 0, 0
	for k := 0; ; k++ {
		want := int(float64(k*hop) * speed)
		if want+n+search >= len(x) {
			break
		}
		best, fit := want, math.Inf(-1)
		if k > 0 {
			for at := max(0, want-search); at <= want+search; at += 2 {
				sum := 0.0
				for i := 0; i < hop; i += 4 {
					sum += float64(x[at+i]) * float64(x[min(last+hop+i, len(x)-1)])
				}
				if sum > fit {
					best, fit = at, sum
				}
			}
		}
		for i := range n {
			w := 0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/float64(n))
			out[k*hop+i] += w * float64(x[best+i])
		}
		end, last = k*hop+n, best
	}
	y := make([]int16, end)
	for i := range y {
		y[i] = int16(min(max(out[i], math.MinInt16), math.MaxInt16))
	}
	return y
}

// Synthesised voices after two turns as they are: whatever is done to pitch, rate and
// level, calm words are never taken for anger, nor the mood for sinking.
func TestSynthesisedVoices(t *testing.T) {
	const most, shortest, rate = 16, 1.6, 16000
	type words struct{ before, calm, cross string }
	of := map[string]words{
		"zh": {"你好,我想查一下订单", "麻烦帮我看一下什么时候发货", "怎么还没发货,我都催了好几次了"},
		"en": {"Hello, I have a question about my order", "could you check when it ships please", "it still hasn't shipped and I've called three times"},
	}
	var table strings.Builder
	for _, v := range []struct{ language, folder string }{
		{"zh", "retail-zh/speech/kokoro-v1.0-zf_xiaoxiao"}, {"en", "retail-en/speech/piper-en-us-joe"},
	} {
		files, err := filepath.Glob(filepath.Join(testdata.Root(t), "examples", v.folder, "*.opus"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no rendered speech: %v", err)
		}
		var sounds [][]int16
		for _, f := range files {
			if len(sounds) == most {
				break
			}
			x, err := opus.ReadFile(f, rate)
			if err != nil {
				t.Fatal(err)
			}
			if float64(len(x)) >= shortest*rate {
				sounds = append(sounds, x[:min(len(x), 4*rate)])
			}
		}
		r := recognizer(t, v.language)
		w := of[v.language]
		plain := make([]dialog.Prosody, len(sounds))
		for i, x := range sounds {
			plain[i] = prosody(x, rate)
		}
		fmt.Fprintf(&table, "\n| %s: done to the voice | turns | calm words: angry | the voice counts | cross words: the voice counts |\n|---|---|---|---|---|\n", filepath.Base(v.folder))
		for _, a := range alterations {
			turns, angry, counts, cross := 0, 0, 0, 0
			for i := 2; i < len(sounds); i++ {
				altered := prosody(a.of(sounds[i], rate), rate)
				next := func(text string) emotion.Reading {
					tracker := emotion.NewTracker(r, emotion.Thresholds{})
					for k := range 2 {
						tracker.Next(emotion.Turn{Text: w.before, Prosody: plain[i-1-k]})
					}
					return tracker.Next(emotion.Turn{Text: text, Prosody: altered})
				}
				turns++
				calm := next(w.calm)
				if calm.Upset() || calm.Label == "angry" {
					angry++
					t.Errorf("%s %s: %+v", filepath.Base(v.folder), a.name, calm)
				}
				if slices.Contains(calm.Evidence, "voice") {
					counts++
				}
				if slices.Contains(next(w.cross).Evidence, "voice") {
					cross++
				}
			}
			fmt.Fprintf(&table, "| %s | %d | %d | %d | %d |\n", a.name, turns, angry, counts, cross)
		}
	}
	t.Log(table.String())
}
