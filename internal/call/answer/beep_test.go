package answer_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/asr"
	"hotline/asr/asrtest"
	"hotline/internal/call/answer"
	"hotline/media/dsp"
	"hotline/media/g711"
	"hotline/media/opus"
)

// beeps are what voicemails have behind their greetings.
var beeps = map[string]func() []int16{
	"440 Hz":       func() []int16 { return dsp.Sine(rate, -14, 400*time.Millisecond, 440) },
	"1000 Hz":      func() []int16 { return dsp.Sine(rate, -14, 300*time.Millisecond, 1000) },
	"1400 Hz long": func() []int16 { return dsp.Sine(rate, -18, time.Second, 1400) },
	"2000 Hz":      func() []int16 { return dsp.Sine(rate, -16, 500*time.Millisecond, 2000) },
	"short":        func() []int16 { return dsp.Sine(rate, -14, 180*time.Millisecond, 850) },
	"soft":         func() []int16 { return dsp.Sine(rate, -30, 400*time.Millisecond, 950) },
	"two together": func() []int16 { return dsp.Sine(rate, -14, 400*time.Millisecond, 620, 950) },
	"two in a row": func() []int16 { return row(0, [2]float64{784, 200}, [2]float64{1047, 300}) },
	"three, a rest": func() []int16 {
		return row(90*time.Millisecond, [2]float64{900, 130}, [2]float64{900, 130}, [2]float64{900, 350})
	},
}

// row is tones of some Hz for some milliseconds, one behind the other.
func row(gap time.Duration, tones ...[2]float64) []int16 {
	var x []int16
	for i, t := range tones {
		if i > 0 {
			x = append(x, make([]int16, span(gap))...)
		}
		x = append(x, dsp.Sine(rate, -14, time.Duration(t[1])*time.Millisecond, t[0])...)
	}
	return x
}

// lines are how a beep gets here: what a codec and lost packets leave of it.
var lines = map[string]func(tb testing.TB, x []int16, loss float64, r *rand.Rand) []int16{
	"G.711, gaps":      func(_ testing.TB, x []int16, loss float64, r *rand.Rand) []int16 { return pcm(x, loss, r, false) },
	"G.711, concealed": func(_ testing.TB, x []int16, loss float64, r *rand.Rand) []int16 { return pcm(x, loss, r, true) },
	"8 kbit/s":         speechCoded,
}

func pcm(x []int16, loss float64, r *rand.Rand, conceal bool) []int16 {
	y := make([]int16, 0, len(x))
	for ; len(x) >= frameLen; x = x[frameLen:] {
		line := make([]byte, frameLen)
		f := make([]int16, frameLen)
		g711.EncodeALaw(line, x[:frameLen])
		g711.DecodeALaw(f, line)
		if r.Float64() < loss {
			clear(f)
			if conceal && len(y) >= frameLen { // once more, softer
				copy(f, y[len(y)-frameLen:])
				dsp.Scale(f, 0.8)
			}
		}
		y = append(y, f...)
	}
	return y
}

// speechCoded is linear prediction at 8 kbit/s, as mobile telephones and G.729 have it:
// Opus in its narrow band, with its own concealment.
func speechCoded(tb testing.TB, x []int16, loss float64, r *rand.Rand) []int16 {
	tb.Helper()
	enc, err := opus.NewEncoder(rate, opus.Options{Bitrate: 8000})
	require.NoError(tb, err)
	dec, err := opus.NewDecoder(rate)
	require.NoError(tb, err)
	y := make([]int16, 0, len(x))
	packet := make([]byte, 1500)
	for ; len(x) >= frameLen; x = x[frameLen:] {
		f := make([]int16, dec.MaxSamples())
		p, err := enc.Encode(packet[:0], x[:frameLen])
		require.NoError(tb, err)
		if r.Float64() < loss {
			require.NoError(tb, dec.Conceal(f[:frameLen]))
		} else {
			_, err = dec.Decode(p, f)
			require.NoError(tb, err)
		}
		y = append(y, f[:frameLen]...)
	}
	return y
}

// A beep is found whatever its kind and through lossy lines, and the line is clear for
// the message within 500 ms behind it, never within it. Of those of which packets were
// lost one in ten may be missed: then silence tells.
func TestBeepsOverLossyLines(t *testing.T) {
	for line, through := range lines {
		for _, loss := range []float64{0, 0.02, 0.05} {
			t.Run(fmt.Sprintf("%s/%.0f%%", line, 100*loss), func(t *testing.T) {
				found, all := 0, 0
				for kind, beep := range beeps {
					for n := range 4 {
						r := rand.New(rand.NewPCG(uint64(n), uint64(100*loss)))
						at, over, o := clearAfter(t, beep(), func(x []int16) []int16 { return through(t, x, loss, r) })
						require.Equal(t, answer.Voicemail, o.Who)
						all++
						if at < 0 {
							assert.Positive(t, loss, "%s was missed", kind)
							continue
						}
						found++
						assert.GreaterOrEqual(t, at, over, "%s: not into the beep", kind)
						assert.LessOrEqual(t, at-over, 500*time.Millisecond, "%s: %+v", kind, o)
					}
				}
				t.Logf("%d of %d", found, all)
				assert.GreaterOrEqual(t, 10*found, 9*all, "%d of %d", found, all)
			})
		}
	}
}

// clearAfter plays a greeting and a beep; at is when the line was clear within a second,
// over when the beep was.
func clearAfter(t *testing.T, beep []int16, through func([]int16) []int16) (at, over time.Duration, o answer.Outcome) {
	t.Helper()
	x := dsp.Sine(rate, -18, 1200*time.Millisecond, 210, 700, 1130)
	x = append(x, make([]int16, span(500*time.Millisecond))...)
	x = append(x, beep...)
	over = time.Duration(len(x)) * time.Second / rate
	x = append(x, make([]int16, span(time.Second))...)
	x = x[:len(x)/frameLen*frameLen]
	asrtest.Mix(x, asrtest.Noise("white", rate, time.Duration(len(x))*time.Second/rate, -60), 0)
	x = through(x)
	d := answer.New(rate, answer.Config{})
	d.Answered()
	at = -1
	for i := 0; i+frameLen <= len(x) && at < 0; i += frameLen {
		d.Frame(x[i : i+frameLen])
		switch d.Now().Milliseconds() {
		case 60:
			d.Heard(asr.Result{Kind: asr.SpeechStart, Start: 0, End: d.Now()})
		case 1500:
			d.Heard(asr.Result{Kind: asr.Final, Start: 0, End: 1200 * time.Millisecond, Text: "please leave a message after the tone"})
		}
		if d.Clear() {
			at = d.Now()
		}
	}
	return at, over, d.Outcome()
}

// Exchanges' and fax machines' tones are told through lossy lines too.
func TestTonesOverLossyLines(t *testing.T) {
	sit := func(ms ...float64) []int16 {
		return row(10*time.Millisecond, [2]float64{ms[0], ms[1]}, [2]float64{ms[2], ms[3]}, [2]float64{1776.7, 380})
	}
	for kind, c := range map[string]struct {
		x        []int16
		answered bool
		want     answer.Who
		notice   answer.Notice
	}{
		"busy, China":       {cadence(5*time.Second, 350*time.Millisecond, 350*time.Millisecond, -16, 450), true, answer.Busy, ""},
		"busy, America":     {cadence(5*time.Second, 500*time.Millisecond, 500*time.Millisecond, -16, 480, 620), true, answer.Busy, ""},
		"congestion, China": {cadence(6*time.Second, 700*time.Millisecond, 700*time.Millisecond, -16, 450), true, answer.Failed, answer.CircuitsBusy},
		"ringing, China":    {cadence(9*time.Second, time.Second, 4*time.Second, -16, 450), false, "", ""},
		"ringing, America":  {cadence(11*time.Second, 2*time.Second, 4*time.Second, -16, 440, 480), false, "", ""},
		"fax answers":       {dsp.Sine(rate, -16, 3*time.Second, 2100), true, answer.Fax, ""},
		"fax calls":         {cadence(7*time.Second, 500*time.Millisecond, 3*time.Second, -16, 1100), true, answer.Fax, ""},
		"SIT vacant":        {sit(985.2, 380, 1370.6, 276), false, answer.Announcement, answer.InvalidNumber},
		"SIT no circuit":    {sit(985.2, 380, 1428.5, 380), false, answer.Announcement, answer.CircuitsBusy},
	} {
		for line, through := range lines {
			right, all := 0, 0
			for _, loss := range []float64{0, 0.02, 0.05} {
				for n := range 2 {
					d := answer.New(rate, answer.Config{})
					if c.answered {
						d.Answered()
					}
					x := append(make([]int16, 2*frameLen), c.x...)
					x = append(x, make([]int16, span(400*time.Millisecond))...)
					feed(d, through(t, x, loss, rand.New(rand.NewPCG(uint64(n), 9))))
					all++
					if o := d.Outcome(); o.Who == c.want && (o.Notice == c.notice || c.notice == "") {
						right++
					} else {
						assert.Positive(t, loss, "%s over %s: %+v", kind, line, o)
					}
				}
			}
			t.Logf("%s over %s: %d of %d", kind, line, right, all)
			assert.GreaterOrEqual(t, 3*right, 2*all, "%s over %s: %d of %d", kind, line, right, all)
		}
	}
}
