package bench

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/asr/asrtest"
	"hotline/internal/testdata"
	"hotline/media/g711"
)

// peoples are pieces of the recordings of people, each with a text of its own.
func peoples(t *testing.T) []recording {
	t.Helper()
	list, err := readRecordings(testdata.Shared(t, "speech/refs.tsv"))
	require.NoError(t, err)
	var out []recording
	for _, r := range list {
		for _, x := range pieces(r) {
			require.InDelta(t, 3, float64(len(x))/8000, 2.1, r.file)
			out = append(out, recording{r.file, string(rune('a' + len(out))), 8000, x})
		}
	}
	require.Greater(t, len(out), 6)
	return out
}

// replayOf is a Replay that knows them.
func replayOf(t *testing.T, list []recording) *Replay {
	t.Helper()
	dir := t.TempDir()
	var qs []question
	for _, r := range list {
		qs = append(qs, question{text: r.text, samples: r.samples})
	}
	path, err := table(dir, qs)
	require.NoError(t, err)
	r, err := NewReplay(ReplayConfig{Recordings: path})
	require.NoError(t, err)
	return r
}

// line is what a listener sends of x: a noisy µ-law line with lost packets, cut off
// at either end by a detector, 16 kHz or 8.
func line(x []int16, r *rand.Rand, noise float64, lost int) []int16 {
	y := slices.Concat(make([]int16, r.IntN(3200)), x[r.IntN(800):len(x)-r.IntN(800)], make([]int16, r.IntN(4000)))
	asrtest.Mix(y, asrtest.Noise("pink", 8000, time.Duration(len(y))*time.Second/8000, noise), 0)
	for at := 0; at+160 <= len(y); at += 160 {
		if r.IntN(100) < lost {
			clear(y[at : at+160])
		}
	}
	b := make([]byte, len(y))
	g711.EncodeULaw(b, y)
	g711.DecodeULaw(y, b)
	return y
}

func TestReplayKnowsRecordings(t *testing.T) {
	list := peoples(t)
	r := rand.New(rand.NewPCG(1, 2))
	replay := replayOf(t, list)
	for range 5 {
		for _, rec := range list {
			text, confidence := replay.hear(line(rec.samples, r, -45, 5), 8000)
			require.Equal(t, rec.text, text, rec.file)
			require.Greater(t, confidence, 0.9)
		}
	}
	s := replay.Stats()
	t.Logf("%+v", s)
	assert.Zero(t, s.Crossed)
	assert.Zero(t, s.Partial)
}

// A line that drops or stretches sound where packets came late.
func TestReplayKnowsThemOnBadLines(t *testing.T) {
	list := peoples(t)
	r := rand.New(rand.NewPCG(7, 8))
	replay := replayOf(t, list)
	unknown := 0
	for range 5 {
		for _, rec := range list {
			x := line(rec.samples, r, -50, 2)
			for range 3 {
				at, n := r.IntN(len(x)-1000), 160*(1+r.IntN(4))
				if r.IntN(2) == 0 {
					x = slices.Concat(x[:at], x[at+n:])
				} else {
					x = slices.Concat(x[:at], make([]int16, n), x[at:])
				}
			}
			text, _ := replay.hear(x, 8000)
			if text == "" {
				unknown++
				continue
			}
			require.Equal(t, rec.text, text, rec.file)
		}
	}
	t.Logf("%d of %d unknown", unknown, 5*len(list))
	assert.LessOrEqual(t, unknown, len(list)/4)
}

// What it does not know is not taken for the nearest recording.
func TestReplayKnowsNothingElse(t *testing.T) {
	list := peoples(t)
	r := rand.New(rand.NewPCG(3, 4))
	for i := range list {
		others := slices.Delete(slices.Clone(list), i, i+1)
		replay := replayOf(t, others)
		text, _ := replay.hear(line(list[i].samples, r, -50, 2), 8000)
		require.Empty(t, text, "%s was taken for %s", list[i].file, text)
	}
	replay := replayOf(t, list)
	for _, kind := range asrtest.Noises() {
		text, _ := replay.hear(asrtest.Noise(kind, 8000, 3*time.Second, -30), 8000)
		require.Empty(t, text, kind)
	}
}

// Two callers in one request: their streams were crossed.
func TestReplayTellsCrossedStreams(t *testing.T) {
	list := peoples(t)
	r := rand.New(rand.NewPCG(5, 6))
	replay := replayOf(t, list)
	for i, a := range list {
		b := list[(i+3)%len(list)]
		x := slices.Concat(a.samples[:len(a.samples)*3/5], b.samples[len(b.samples)*2/5:])
		replay.hear(line(x, r, -50, 0), 8000)
	}
	s := replay.Stats()
	t.Logf("%d of %d crossings were told, %d unknown", s.Crossed, len(list), s.Unknown)
	assert.GreaterOrEqual(t, s.Crossed+s.Unknown, len(list)*8/10)
}

func TestRecordingsAreRead(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "refs.tsv")
	require.NoError(t, os.WriteFile(path, []byte("no table\n"), 0o600))
	_, err := readRecordings(path)
	require.ErrorContains(t, err, "lists no recordings")
}

func BenchmarkReplayHear(b *testing.B) {
	x := asrtest.Noise("babble", 8000, 3*time.Second, -20)
	var k []known
	for range 22 {
		k = append(k, known{print: newPrinter().print(x, 8000)})
	}
	r := &Replay{known: k, stats: ReplayStats{Of: map[string]int{}}}
	r.printed.New = func() any { return newPrinter() }
	r.cfg.Log = nil
	for b.Loop() {
		r.hear(x, 8000)
	}
}
