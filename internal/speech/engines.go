package speech

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"hotline/asr"
	"hotline/asr/onnx"
	"hotline/asr/whisper"
	"hotline/internal/embed"
	"hotline/tts"
	"hotline/tts/sherpa"
)

// Local are the engines of this machine. threads is what one decode or one clause
// may use (0 counts as 1), syntheses how many clauses of one voice are computed
// at once. onnxruntime is loaded with the first model that needs it.
func Local(threads, syntheses int) Engines {
	return Engines{
		ASR: func(_ context.Context, id, dir string) (asr.Decoder, error) {
			return openASR(id, dir, threads)
		},
		TTS: func(_ context.Context, _, dir string) (tts.Synthesizer, error) {
			return sherpa.Open(dir, sherpa.Options{Threads: threads, Parallel: syntheses})
		},
		Embed: func(_ context.Context, _, dir string) (Embedder, error) {
			if err := onnx.Start(""); err != nil {
				return nil, err
			}
			return embed.Open(dir, embed.Options{Threads: threads})
		},
	}
}

// openASR tells Whisper's layout from the others by its two graphs.
func openASR(id, dir string, threads int) (asr.Decoder, error) {
	if err := onnx.Start(""); err != nil {
		return nil, err
	}
	for _, encoder := range []string{"encoder.int8.onnx", "encoder.onnx"} {
		if _, err := os.Stat(filepath.Join(dir, encoder)); err == nil {
			return whisper.Open(dir, whisper.Options{Threads: threads})
		}
	}
	return nil, fmt.Errorf("the model %s has no layout that is known here", id)
}
