package dsp_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/media/dsp"
)

// Whatever is said and heard: each frame comes out once, in order, as it was or as
// silence, a few at a time, and none is kept back once it is clear what it was.
func TestSuppressorKeepsTime(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 3))
		s := dsp.NewEchoSuppressor(160)
		sent, heard := make([]int16, 160), make([]int16, 160)
		ours, theirs := 0.0, 0.0
		var in []dsp.Heard
		out := 0
		for i := range 700 {
			if r.IntN(12) == 0 {
				ours, theirs = float64(r.IntN(2)*r.IntN(9000)), float64(r.IntN(2)*r.IntN(9000))
			}
			if i > 400 { // both speak, each in his own way
				ours, theirs = 4000*r.Float64(), 4000*r.Float64()
			}
			for k := range sent {
				sent[k], heard[k] = int16(r.NormFloat64()*ours/3), int16(r.NormFloat64()*theirs/3)
			}
			heard[0] = int16(i + 1) // by which it is known
			in = append(in, dsp.Heard{Samples: append([]int16(nil), heard...), Missing: r.IntN(9) == 0})
			due, _ := s.Take(sent, dsp.Heard{Samples: heard, Missing: in[i].Missing})
			require.LessOrEqual(t, len(due), 5)
			for _, f := range due {
				if !silent(f.Samples) {
					require.True(t, slices.Equal(in[out].Samples, f.Samples), i)
				}
				require.Equal(t, in[out].Missing, f.Missing)
				out++
			}
			require.LessOrEqual(t, len(in)-out, 100)
		}
		assert.Len(t, in, out, "all has been given back")
	}
}

func silent(x []int16) bool {
	for _, v := range x {
		if v != 0 {
			return false
		}
	}
	return true
}

func BenchmarkEchoSuppressor(b *testing.B) {
	b.ReportAllocs()
	s := dsp.NewEchoSuppressor(160)
	sent, heard := make([]int16, 160), make([]int16, 160)
	r := rand.New(rand.NewPCG(1, 1))
	for i := range sent {
		sent[i], heard[i] = int16(r.IntN(8000)), int16(r.IntN(800))
	}
	for b.Loop() {
		s.Take(sent, dsp.Heard{Samples: heard})
	}
}
