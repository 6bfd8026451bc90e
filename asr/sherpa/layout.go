package sherpa

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	sherpa "github.com/k2-fsa/sherpa-onnx-go/sherpa_onnx"

	"hotline/asr/onnx"
)

// Kind is a family of models.
type Kind string

// The kinds that are recognised.
const (
	SenseVoice Kind = "sense-voice"
	Paraformer Kind = "paraformer"
	Transducer Kind = "transducer" // Zipformer, Conformer
	Whisper    Kind = "whisper"
)

// Layout is what a model folder holds.
type Layout struct {
	Kind                     Kind
	Model                    string // SenseVoice, Paraformer
	Encoder, Decoder, Joiner string // Transducer, Whisper
	Tokens                   string
	BPEVocabulary            string // Transducer, where its hotwords are spelt in pieces of words
}

// ErrLayout says that a folder is none that is known here.
var ErrLayout = errors.New("no SenseVoice, Paraformer, Zipformer transducer or Whisper model as sherpa-onnx publishes them")

// The metadata that sherpa-onnx reads; where one is missing it ends the process,
// so that they are looked for here first.
var (
	senseVoiceKeys = []string{
		"vocab_size", "lfr_window_size", "lfr_window_shift", "normalize_samples", "with_itn", "without_itn",
		"lang_auto", "lang_zh", "lang_en", "lang_ja", "lang_ko", "lang_yue", "neg_mean", "inv_stddev",
	}
	paraformerKeys = []string{"vocab_size", "lfr_window_size", "lfr_window_shift", "neg_mean", "inv_stddev"}
	whisperKeys    = []string{
		"n_mels", "n_text_layer", "n_text_ctx", "n_text_state", "n_vocab", "sot", "eot", "blank_id", "translate",
		"transcribe", "is_multilingual", "no_timestamps", "no_speech", "sot_sequence",
	}
	transducerDecoderKeys = []string{"vocab_size", "context_size"}
	transducerTypes       = []string{"conformer", "zipformer", "zipformer2"}
)

// Detect finds out what dir holds and checks it as far as that goes without
// loading it.
func Detect(dir string) (Layout, error) {
	l, err := detect(dir)
	if err != nil {
		return Layout{}, fmt.Errorf("speech model %s: %w", dir, err)
	}
	return l, nil
}

func detect(dir string) (Layout, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return Layout{}, err
	}
	var files []string
	for _, e := range entries {
		if !e.IsDir() {
			files = append(files, e.Name())
		}
	}
	l := Layout{Tokens: pick(dir, files, "tokens.txt"), BPEVocabulary: pick(dir, files, "bpe.vocab")}
	l.Encoder = pick(dir, files, "encoder", ".onnx")
	l.Decoder = pick(dir, files, "decoder", ".onnx")
	l.Joiner = pick(dir, files, "joiner", ".onnx")
	l.Model = pick(dir, files, "model", ".onnx")
	switch {
	case l.Tokens == "":
		return l, fmt.Errorf("tokens.txt is missing: %w", ErrLayout)
	case l.Encoder != "" && l.Decoder != "" && l.Joiner != "":
		l.Kind = Transducer
		return l, l.checkTransducer()
	case l.Encoder != "" && l.Decoder != "":
		l.Kind = Whisper
		return l, check(l.Encoder, whisperKeys, "n_mels")
	case l.Model != "":
		return l.single()
	}
	return l, ErrLayout
}

// pick returns the path of the file whose name contains all parts, the quantised
// one first, the shortest of several.
func pick(dir string, files []string, parts ...string) string {
	var found []string
	for _, f := range files {
		ok := true
		for _, p := range parts {
			ok = ok && strings.Contains(f, p)
		}
		if ok && strings.HasSuffix(f, parts[len(parts)-1]) {
			found = append(found, f)
		}
	}
	if len(found) == 0 {
		return ""
	}
	slices.SortFunc(found, func(a, b string) int {
		if i, j := strings.Contains(a, "int8"), strings.Contains(b, "int8"); i != j {
			if i {
				return -1
			}
			return 1
		}
		return len(a) - len(b)
	})
	return filepath.Join(dir, found[0])
}

func (l Layout) single() (Layout, error) {
	info, err := onnx.Inspect(l.Model)
	if err != nil {
		return l, err
	}
	switch kind := info.Metadata["model_type"]; {
	case kind == "sense_voice_ctc" || info.Metadata["lang_yue"] != "":
		l.Kind = SenseVoice
		return l, missing(l.Model, info, senseVoiceKeys)
	case kind == "paraformer" || info.Metadata["neg_mean"] != "":
		l.Kind = Paraformer
		return l, missing(l.Model, info, paraformerKeys)
	default:
		return l, fmt.Errorf("%s is of the type %q: %w", l.Model, kind, ErrLayout)
	}
}

func (l Layout) checkTransducer() error {
	info, err := onnx.Inspect(l.Encoder)
	if err != nil {
		return err
	}
	if kind := info.Metadata["model_type"]; !slices.Contains(transducerTypes, kind) {
		return fmt.Errorf("%s is of the type %q: %w", l.Encoder, kind, ErrLayout)
	}
	if err := check(l.Decoder, transducerDecoderKeys, ""); err != nil {
		return err
	}
	_, err = onnx.Inspect(l.Joiner)
	return err
}

// check inspects a file and looks for its keys. Without the key that tells the
// kind it is no such model at all.
func check(path string, keys []string, kind string) error {
	info, err := onnx.Inspect(path)
	if err != nil {
		return err
	}
	if kind != "" && info.Metadata[kind] == "" {
		return fmt.Errorf("%s: %w", path, ErrLayout)
	}
	return missing(path, info, keys)
}

func missing(path string, info onnx.Info, keys []string) error {
	var lost []string
	for _, k := range keys {
		if _, ok := info.Metadata[k]; !ok {
			lost = append(lost, k)
		}
	}
	if len(lost) > 0 {
		return fmt.Errorf("%s lacks the metadata %s: it was not exported for sherpa-onnx, fetch the published one", path, strings.Join(lost, ", "))
	}
	return nil
}

// config is what sherpa-onnx is told.
func (l Layout) config(o Options, language, hotwords string) *sherpa.OfflineRecognizerConfig {
	c := &sherpa.OfflineRecognizerConfig{DecodingMethod: "greedy_search"}
	c.FeatConfig = sherpa.FeatureConfig{SampleRate: sampleRate, FeatureDim: 80}
	c.ModelConfig = sherpa.OfflineModelConfig{Tokens: l.Tokens, NumThreads: o.Threads, Provider: "cpu"}
	switch l.Kind {
	case SenseVoice:
		c.ModelConfig.SenseVoice = sherpa.OfflineSenseVoiceModelConfig{Model: l.Model, Language: language, UseInverseTextNormalization: 1}
	case Paraformer:
		c.ModelConfig.Paraformer = sherpa.OfflineParaformerModelConfig{Model: l.Model}
		c.ModelConfig.ModelType = "paraformer"
	case Transducer:
		c.ModelConfig.Transducer = sherpa.OfflineTransducerModelConfig{Encoder: l.Encoder, Decoder: l.Decoder, Joiner: l.Joiner}
		c.ModelConfig.ModelType = "transducer"
		if hotwords != "" {
			// Only the beam search looks at them.
			c.DecodingMethod, c.MaxActivePaths = "modified_beam_search", 4
			c.HotwordsFile, c.HotwordsScore = hotwords, float32(o.HotwordScore)
			c.ModelConfig.ModelingUnit = "cjkchar"
			if l.BPEVocabulary != "" {
				c.ModelConfig.ModelingUnit, c.ModelConfig.BpeVocab = "cjkchar+bpe", l.BPEVocabulary
			}
		}
	case Whisper:
		c.ModelConfig.Whisper = sherpa.OfflineWhisperModelConfig{
			Encoder: l.Encoder, Decoder: l.Decoder, Language: language, Task: "transcribe", TailPaddings: whisperTail,
		}
	}
	return c
}
