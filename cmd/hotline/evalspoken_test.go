package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/dialog"
	"hotline/media/dsp"
	"hotline/media/wav"
)

// A line adds the same noise to the same words each time, keeps the speech well above
// it, and lasts on behind, so that the turn can end.
func TestOnLine(t *testing.T) {
	x := make([]int16, 2*16000)
	dsp.NewTone(16000, -12, 440).Fill(x)
	a := wav.Audio{Rate: 16000, Channels: [][]int16{x}}
	one, again, other, slow := onLine(a, "a", 1), onLine(a, "a", 1), onLine(a, "b", 1), onLine(a, "a", 1.1)
	assert.Equal(t, one, again)
	assert.NotEqual(t, one, other)
	assert.Len(t, one, lineRate/2+2*lineRate+4*lineRate)
	assert.InDelta(t, 1.1*2*lineRate, len(slow)-lineRate/2-4*lineRate, 16)
	for _, y := range [][]int16{one, other} {
		speech, noise := dsp.LevelDB(y[lineRate:2*lineRate]), dsp.LevelDB(y[4*lineRate:])
		assert.Greater(t, speech, -36.0)
		assert.Less(t, speech, -14.0)
		assert.Less(t, noise, speech-12)
		assert.Greater(t, noise, -75.0)
	}
}

func TestHeardBefore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "heard.jsonl")
	h, err := openHeard(path)
	require.NoError(t, err)
	_, ok := h.find("a")
	assert.False(t, ok)
	turns := []dialog.Turn{{Kind: dialog.Spoke, Text: "几点开门", Confidence: 0.7}, {Kind: dialog.Unheard}}
	require.NoError(t, h.keep("a", turns))
	require.NoError(t, h.keep("b", nil))
	h, err = openHeard(path)
	require.NoError(t, err)
	got, ok := h.find("a")
	assert.True(t, ok)
	assert.Equal(t, turns, got)
	got, ok = h.find("b")
	assert.True(t, ok, "nothing was heard, and that is known")
	assert.Empty(t, got)
}
