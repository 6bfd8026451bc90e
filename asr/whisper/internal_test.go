package whisper

import (
	"encoding/base64"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"hotline/asr"
	"hotline/internal/testdata"
)

func TestTokensRoundTrip(t *testing.T) {
	tok, err := openTokens(filepath.Join(testdata.Model(t, "asr/whisper-base"), "tokens.txt"))
	require.NoError(t, err)
	for _, text := range []string{
		" 什么时候发货？", " What time do you open on Sundays? It's 9:30.", "犇骉龘", " 七天无理由退货、包邮ABC-123", "", " 🙂",
	} {
		require.Equal(t, text, tok.decode(tok.encode(nil, text)))
	}
	// as the original tokenizer has them
	require.Equal(t, []int64{437, 307, 264, 5503}, tok.encode(nil, " what is the weather")[:4])
	require.Len(t, tok.encode(nil, " Hello world"), 2)
	require.Empty(t, tok.decode([]int64{-1, 1 << 40}))
}

func FuzzTokens(f *testing.F) {
	tok, err := readTokens(strings.NewReader(bytesTable()))
	require.NoError(f, err)
	f.Add("什么 abc 12,  x")
	f.Fuzz(func(t *testing.T, text string) {
		got := tok.decode(tok.encode(nil, text))
		if want := strings.ToValidUTF8(text, ""); got != want {
			t.Errorf("%q became %q", text, got)
		}
	})
}

// bytesTable is a vocabulary of the single bytes.
func bytesTable() string {
	var b strings.Builder
	for i := range 256 {
		s := string(rune(i))
		if i >= utf8.RuneSelf {
			s = string(rune(0xE000 + i))
		}
		fmt.Fprintf(&b, "%s %d\n", base64.StdEncoding.EncodeToString([]byte(s)), i)
	}
	return b.String()
}

func FuzzReadTokens(f *testing.F) {
	f.Add("IQ== 0\nIg== 1\n")
	f.Fuzz(func(_ *testing.T, s string) {
		tok, err := readTokens(strings.NewReader(s))
		if err == nil {
			tok.decode(tok.encode(nil, s))
		}
	})
}

func TestSimplifiedTable(t *testing.T) {
	f, err := os.Open(filepath.Join(testdata.Model(t, "asr/whisper-base"), "t2s-chars.txt"))
	require.NoError(t, err)
	defer f.Close()
	m, err := readSimplified(f)
	require.NoError(t, err)
	require.Equal(t, '乐', m['樂'])
	require.Equal(t, '发', m['發'])
	require.Greater(t, len(m), 3000)
}

// slowMel is the definition, without any short cut.
func slowMel(x []int16, rows, mels int) [][]float64 {
	bank := newMelBank(mels)
	at := func(i int) float64 {
		if i < 0 {
			i = -i
		}
		if i < len(x) {
			return float64(x[i]) / 32768
		}
		return 0
	}
	out := make([][]float64, mels)
	top := math.Inf(-1)
	for m := range out {
		out[m] = make([]float64, rows)
	}
	for t := range rows {
		var power [bins]float64
		for k := range power {
			var re, im float64
			for i := range fftSize {
				v := at(t*hop-fftSize/2+i) * bank.window[i]
				s, c := math.Sincos(2 * math.Pi * float64(k*i%fftSize) / fftSize)
				re, im = re+v*c, im-v*s
			}
			power[k] = re*re + im*im
		}
		for m := range out {
			sum := 0.0
			for i, w := range bank.weights[m] {
				sum += w * power[bank.first[m]+i]
			}
			out[m][t] = math.Log10(max(sum, 1e-10))
			top = max(top, out[m][t])
		}
	}
	for m := range out {
		for t := range out[m] {
			out[m][t] = (max(out[m][t], top-8) + 4) / 4
		}
	}
	return out
}

func TestFeatures(t *testing.T) {
	x := make([]int16, 3217)
	for i := range x {
		x[i] = int16(5000*math.Sin(2*math.Pi*440*float64(i)/sampleRate) + 3000*math.Sin(float64(i*i)/9000))
	}
	const rows, mels = 40, 80
	want := slowMel(x, rows, mels)
	f := newFeaturer(newMelBank(mels))
	got := make([]float32, mels*rows)
	f.logMel(got, x, rows)
	for m := range mels {
		for r := range rows {
			require.InDelta(t, want[m][r], got[m*rows+r], 1e-4, "band %d, row %d", m, r)
		}
	}
	// a filter bank of unit area: white sound is as loud in each band, within 1 dB
	bank := newMelBank(80)
	for m := range bank.weights {
		require.NotEmpty(t, bank.weights[m], "band %d hears nothing", m)
	}
}

func TestRepeats(t *testing.T) {
	require.False(t, repeats([]int64{1, 2, 3, 1, 2, 3}))
	require.False(t, repeats([]int64{8, 8, 8, 8, 8, 8, 8, 8}), "digits are dictated so")
	require.True(t, repeats([]int64{9, 1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4}))
	require.True(t, repeats([]int64{5, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2}))
}

func TestCacheKeepsWhatIsInUse(t *testing.T) {
	c := cache{limit: 1}
	a := c.alloc(100)
	c.put(1, a)
	b := c.alloc(100)
	c.put(2, b) // drives a out
	require.Nil(t, c.get(1))
	a.k[0] = 42
	d := c.alloc(50)
	require.NotSame(t, a, d, "a is still in use")
	c.release(a)
	require.Same(t, a, c.alloc(80), "now its memory is used again")
	require.Same(t, b, c.get(2))
}

func TestConfidenceIsMonotonic(t *testing.T) {
	for _, language := range []string{"zh", "en"} {
		last := 1.0
		for lp := 0.0; lp > -4; lp -= 0.1 {
			tr := asr.Transcript{Language: language, LogProb: lp}
			c := confidence(tr, false)
			require.LessOrEqual(t, c, last)
			require.Less(t, confidence(tr, true), c+1e-12)
			last = c
		}
		require.Less(t, confidence(asr.Transcript{Language: language, LogProb: -1.3}, false), 0.05, "noise")
		require.Greater(t, confidence(asr.Transcript{Language: language, LogProb: -0.1}, false), 0.9)
	}
}
