package speech

import (
	"context"
	"path/filepath"

	"hotline/asr"
	"hotline/asr/onnx"
	recognise "hotline/asr/sherpa"
	"hotline/asr/whisper"
	"hotline/internal/embed"
	"hotline/tts"
	synthesise "hotline/tts/sherpa"
)

// Local are the engines of this machine. threads is what one decode or one clause
// may use (0 counts as 1), syntheses how many clauses of one voice are computed
// at once. onnxruntime is loaded with the first model that needs it.
func Local(threads, syntheses int) Engines {
	return Engines{
		ASR: func(_ context.Context, _, dir string) (asr.Decoder, error) {
			return openASR(dir, threads)
		},
		TTS: func(_ context.Context, _, dir string) (tts.Synthesizer, error) {
			return synthesise.Open(dir, synthesise.Options{Threads: threads, Parallel: syntheses})
		},
		Embed: func(_ context.Context, _, dir string) (Embedder, error) {
			if err := onnx.Start(""); err != nil {
				return nil, err
			}
			return embed.Open(dir, embed.Options{Threads: threads})
		},
	}
}

// openASR takes the exact layout of our own Whisper graphs for the loop that has
// prompts and scores; every other recogniser is sherpa-onnx's.
func openASR(dir string, threads int) (asr.Decoder, error) {
	if ours(dir) {
		if err := onnx.Start(""); err != nil {
			return nil, err
		}
		return whisper.Open(dir, whisper.Options{Threads: threads})
	}
	return recognise.Open(dir, recognise.Options{Threads: threads})
}

// ours says whether the folder holds encoder and decoder of Whisper as
// scripts/models builds them; a transducer has a joiner besides.
func ours(dir string) bool {
	there := func(name string) bool {
		found, err := filepath.Glob(filepath.Join(dir, name))
		return err == nil && len(found) > 0
	}
	return (there("encoder.int8.onnx") || there("encoder.onnx")) && !there("joiner*.onnx")
}
