package emotion_test

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/go-audio/wav"

	"hotline/asr"
	"hotline/dialog"
	"hotline/dialog/emotion"
	"hotline/internal/testdata"
)

// recording reads a mono WAV file.
func recording(tb testing.TB, path string) (samples []int16, rate int) {
	tb.Helper()
	f, err := os.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	d := wav.NewDecoder(f)
	b, err := d.FullPCMBuffer()
	if err != nil || b.SourceBitDepth != 16 {
		tb.Fatalf("%s: %v, %d bit", path, err, b.SourceBitDepth)
	}
	for i := 0; i < len(b.Data); i += b.Format.NumChannels {
		samples = append(samples, int16(b.Data[i]))
	}
	return samples, b.Format.SampleRate
}

// altered plays samples faster (and so higher) and louder.
func altered(samples []int16, speed, gain float64) []int16 {
	out := make([]int16, int(float64(len(samples))/speed))
	for i := range out {
		at := float64(i) * speed
		k := min(int(at), len(samples)-2)
		v := float64(samples[k]) + (at-float64(k))*(float64(samples[k+1])-float64(samples[k]))
		out[i] = int16(min(max(v*gain, math.MinInt16), math.MaxInt16))
	}
	return out
}

// prosody is what asr measures of a turn.
func prosody(samples []int16, rate int) dialog.Prosody {
	p := asr.NewProsodist(rate)
	frame := rate / 50
	for f := range slices.Chunk(samples, frame) {
		sum := 1.0
		for _, v := range f {
			sum += float64(v) * float64(v)
		}
		db := 10 * math.Log10(sum/float64(len(f))/(32768*32768))
		p.Take(f, db, db > -45)
	}
	r := p.Result()
	return dialog.Prosody{LevelDB: r.LevelDB, PitchHz: r.PitchHz, PitchVar: r.PitchVar, Rate: r.Rate, VoicedFor: r.VoicedFor}
}

// Recorded callers, played louder, faster and higher after some turns of their own
// voice: with calm words never angry nor sinking; with impatient words angrier
// than in their own voice.
func TestRecordedVoices(t *testing.T) {
	r := recognizer(t, "zh")
	files, err := filepath.Glob(filepath.Join(testdata.Shared(t, "speech"), "*", "*.wav"))
	if err != nil || len(files) == 0 {
		t.Fatal("no recordings")
	}
	heardOwn, heardAltered, trials := 0, 0, 0
	for _, f := range files {
		samples, rate := recording(t, f)
		turn := 3 * rate / 2
		if len(samples) < 3*turn {
			continue
		}
		turns := slices.Collect(slices.Chunk(samples[:len(samples)/turn*turn], turn))
		begin := func() emotion.Tracker {
			tracker := emotion.NewTracker(r, emotion.Thresholds{})
			for i, s := range []string{"你好,我想查一下订单", "单号是四四幺七"} {
				tracker.Next(emotion.Turn{Text: s, Prosody: prosody(turns[i%len(turns)], rate)})
			}
			return tracker
		}
		for _, last := range turns[2:] {
			own := prosody(last, rate)
			for _, a := range []struct{ speed, gain float64 }{{1, 4}, {1.15, 1}, {1.3, 1}, {1.3, 3}, {0.8, 1}, {1, 0.3}} {
				p := prosody(altered(last, a.speed, a.gain), rate)
				calm := begin()
				got := calm.Next(emotion.Turn{Text: "麻烦帮我看一下什么时候发货", Prosody: p})
				if got.Upset() {
					t.Errorf("%s, %v: %+v", filepath.Base(f), a, got)
				}
				if a.speed < 1.3 || a.gain < 3 {
					continue
				}
				trials++
				const text = "怎么还没发货,我都催了好几次了"
				one, two := begin(), begin()
				asUsual, raised := one.Next(emotion.Turn{Text: text, Prosody: own}), two.Next(emotion.Turn{Text: text, Prosody: p})
				if slices.Contains(asUsual.Evidence, "voice") {
					heardOwn++
				}
				if slices.Contains(raised.Evidence, "voice") {
					heardAltered++
				}
				if raised.Scores[3] < asUsual.Scores[3]-1e-9 {
					t.Errorf("%s: angry %.3f raised, %.3f as usual", filepath.Base(f), raised.Scores[3], asUsual.Scores[3])
				}
			}
		}
	}
	t.Logf("of %d turns, the voice counts in %d as recorded and in %d when 30 %% faster and higher and 10 dB louder", trials, heardOwn, heardAltered)
	if trials == 0 || heardAltered*10 < trials*6 || heardOwn*10 > trials*4 {
		t.Errorf("of %d: %d, %d", trials, heardOwn, heardAltered)
	}
}
