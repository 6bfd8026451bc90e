package dsp_test

import (
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/testdata"
	"hotline/media/dsp"
	"hotline/media/g711"
	"hotline/media/opus"
	"hotline/media/wav"
)

const keys = "123A456B789C*0#D"

// press is a key's tones, each off by a share, with the column twist dB above the
// row, for so long.
func press(rate int, digit byte, level, offset, twist float64, d time.Duration) []int16 {
	i := strings.IndexByte(keys, digit)
	rows, columns := []float64{697, 770, 852, 941}, []float64{1209, 1336, 1477, 1633}
	a := dsp.Sine(rate, level, d, rows[i/4]*(1+offset))
	for k, v := range dsp.Sine(rate, level+twist, d, columns[i%4]*(1+offset)) {
		a[k] += v
	}
	return a
}

// line passes x through a telephone line with so much noise, after lead ms of it.
func line(x []int16, rate, lead int, noise float64, r *rand.Rand) []int16 {
	n := rate / 1000
	x = append(append(make([]int16, lead*n), x...), make([]int16, 100*n)...)
	for i := range x {
		x[i] += int16(r.NormFloat64() * 32768 * dsp.Gain(noise))
	}
	b := make([]byte, len(x))
	g711.EncodeALaw(b, x)
	g711.DecodeALaw(x, b)
	return x
}

func detect(d *dsp.KeyDetector, x []int16, rate int) string {
	var found []byte
	for n := rate / 50; len(x) > 0; x = x[min(n, len(x)):] {
		if k, ok := d.Process(x[:min(n, len(x))]); ok {
			found = append(found, k)
		}
	}
	return string(found)
}

func TestKeysAreFound(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, rate := range []int{8000, 16000, 48000} {
		for _, c := range []struct {
			name          string
			level, offset float64
			twist, noise  float64
			ms            int
		}{
			{"plain", -12, 0, 0, -70, 100},
			{"short", -12, 0, 0, -70, 40},
			{"loud", -9.5, 0, 0, -70, 60},
			{"soft", -34, 0, 0, -70, 60},
			{"sharp", -12, 0.015, 0, -70, 50},
			{"flat", -12, -0.015, 0, -70, 50},
			{"column strong", -16, 0, 4, -70, 50},
			{"column weak", -12, 0, -8, -70, 50},
			{"noisy", -16, 0, 0, -29, 50}, // 15 dB below both tones together
			{"flat, twisted and noisy", -14, -0.015, -6, -30, 60},
		} {
			missed := 0
			for i := range 160 {
				digit := keys[i%16]
				x := line(press(rate, digit, c.level, c.offset, c.twist, time.Duration(c.ms)*time.Millisecond), rate, 20+i%23, c.noise, r)
				if detect(dsp.NewKeyDetector(rate), x, rate) != string(digit) {
					missed++
				}
			}
			assert.LessOrEqual(t, missed, 1, "%s at %d Hz, of 160", c.name, rate)
		}
	}
}

func TestWhatIsNoKey(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, c := range []struct {
		name string
		x    []int16
	}{
		{"too short", press(8000, '5', -12, 0, 0, 18*time.Millisecond)},
		{"too sharp", press(8000, '5', -12, 0.035, 0, time.Second)},
		{"too flat", press(8000, '5', -12, -0.035, 0, time.Second)},
		{"twisted", press(8000, '5', -20, 0, 12, time.Second)},
		{"twisted the other way", press(8000, '5', -12, 0, -14, time.Second)},
		{"one tone", dsp.Sine(8000, -12, time.Second, 770)},
		{"dial tone", dsp.Sine(8000, -15, time.Second, 350, 440)},
		{"three tones", dsp.Sine(8000, -15, time.Second, 770, 941, 1336)},
		{"ringing", dsp.Sine(8000, -15, time.Second, 440, 480)},
		{"cross-talk", press(8000, '5', -56, 0, 0, time.Second)},
		{"silence", make([]int16, 8000)},
		{"noise", line(make([]int16, 80000), 8000, 0, -20, r)},
	} {
		assert.Empty(t, detect(dsp.NewKeyDetector(8000), line(c.x, 8000, 20, -75, r), 8000), c.name)
	}
}

// Keys one after another, the same one twice, and one in which a packet is lost.
func TestKeysInARow(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var x []int16
	for _, k := range []byte("1155#") {
		x = append(x, press(8000, k, -12, 0, 0, 50*time.Millisecond)...)
		x = append(x, make([]int16, 8*45)...)
	}
	assert.Equal(t, "1155#", detect(dsp.NewKeyDetector(8000), line(x, 8000, 7, -60, r), 8000))
	x = press(8000, '7', -12, 0, 0, 400*time.Millisecond)
	clear(x[1600:1760])
	assert.Equal(t, "7", detect(dsp.NewKeyDetector(8000), line(x, 8000, 7, -60, r), 8000), "20 ms were lost")
	d := dsp.NewKeyDetector(8000)
	require.Equal(t, "*", detect(d, press(8000, '*', -12, 0, 0, 60*time.Millisecond), 8000))
	assert.True(t, d.Sounding())
	detect(d, make([]int16, 800), 8000)
	assert.False(t, d.Sounding())
}

// Nobody's voice is a key: recordings of people, and the sentences of the examples,
// as a telephone carries them. (The three hours of prompts in five languages that
// Debian has for Asterisk were tried by hand: no key in them.)
func TestTalkOff(t *testing.T) {
	if testing.Short() {
		t.Skip("listens to half an hour of speech")
	}
	var total time.Duration
	var found []string
	listen := func(name string, x []int16) {
		dsp.Normalize(x, 8000, -20)
		b := make([]byte, len(x))
		g711.EncodeALaw(b, x)
		g711.DecodeALaw(x, b)
		total += time.Duration(len(x)) * time.Second / 8000
		if k := detect(dsp.NewKeyDetector(8000), x, 8000); k != "" {
			found = append(found, name+": "+k)
		}
	}
	for _, root := range []string{testdata.Shared(t, "speech"), filepath.Join(testdata.Root(t), "examples")} {
		require.NoError(t, filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case filepath.Ext(path) == ".wav":
				w, err := wav.ReadFile(path)
				if err == nil {
					listen(filepath.Base(path), dsp.Resample(w.Channels[0], w.Rate, 8000))
				}
				return err
			case filepath.Ext(path) == ".opus":
				x, err := opus.ReadFile(path, 8000)
				if err == nil {
					listen(filepath.Base(path), x)
				}
				return err
			}
			return nil
		}))
	}
	t.Logf("%v of speech", total.Round(time.Second))
	assert.Empty(t, found)
	assert.Greater(t, total, 20*time.Minute)
}

func BenchmarkKeyDetector(b *testing.B) {
	d := dsp.NewKeyDetector(8000)
	x := dsp.Sine(8000, -20, 20*time.Millisecond, 700, 1300)
	for b.Loop() {
		d.Process(x)
	}
}
