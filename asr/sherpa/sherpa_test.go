package sherpa_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"hotline/asr"
	"hotline/asr/asrtest"
	"hotline/asr/sherpa"
	"hotline/internal/testdata"
)

// model writes a file that declares metadata and has no weights.
func model(t *testing.T, dir, name string, metadata map[string]string) {
	t.Helper()
	bytes := func(field int, b []byte) []byte {
		out := binary.AppendUvarint(nil, uint64(field<<3|2))
		return append(binary.AppendUvarint(out, uint64(len(b))), b...)
	}
	file := bytes(7, bytes(2, []byte(strings.Repeat("graph", 20))))
	for k, v := range metadata {
		file = append(file, bytes(14, append(bytes(1, []byte(k)), bytes(2, []byte(v))...))...)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), file, 0o600))
}

func folder(t *testing.T, files map[string]map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, metadata := range files {
		if metadata == nil {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("a 1\n"), 0o600))
			continue
		}
		model(t, dir, name, metadata)
	}
	return dir
}

func keys(list string) map[string]string {
	m := map[string]string{}
	for k := range strings.FieldsSeq(list) {
		name, value, _ := strings.Cut(k, "=")
		m[name] = value + "1"
		if value != "" {
			m[name] = value
		}
	}
	return m
}

const (
	senseVoice = "model_type=sense_voice_ctc vocab_size lfr_window_size lfr_window_shift normalize_samples with_itn without_itn lang_auto lang_zh lang_en lang_ja lang_ko lang_yue neg_mean inv_stddev"
	paraformer = "model_type=paraformer vocab_size lfr_window_size lfr_window_shift neg_mean inv_stddev"
	whisper    = "n_mels n_text_layer n_text_ctx n_text_state n_vocab sot eot blank_id translate transcribe is_multilingual no_timestamps no_speech sot_sequence"
)

func TestLayouts(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]map[string]string
		kind  sherpa.Kind
		err   string
	}{
		{"sense voice", map[string]map[string]string{"model.int8.onnx": keys(senseVoice), "tokens.txt": nil, "README.md": nil}, sherpa.SenseVoice, ""},
		{"paraformer", map[string]map[string]string{"model.int8.onnx": keys(paraformer), "tokens.txt": nil}, sherpa.Paraformer, ""},
		{"zipformer", map[string]map[string]string{
			"encoder-epoch-99-avg-1.int8.onnx": keys("model_type=zipformer2"), "encoder-epoch-99-avg-1.onnx": keys("model_type=zipformer2"),
			"decoder-epoch-99-avg-1.onnx": keys("vocab_size context_size"), "joiner-epoch-99-avg-1.int8.onnx": keys("joiner_dim"), "tokens.txt": nil, "bpe.vocab": nil,
		}, sherpa.Transducer, ""},
		{"whisper as published", map[string]map[string]string{"base-encoder.int8.onnx": keys(whisper), "base-decoder.int8.onnx": keys("x"), "base-tokens.txt": nil}, sherpa.Whisper, ""},
		{"whisper as built", map[string]map[string]string{"encoder.int8.onnx": keys(whisper), "decoder.int8.onnx": keys("x"), "tokens.txt": nil}, sherpa.Whisper, ""},
		{"nothing", nil, "", "tokens.txt is missing"},
		{"tokens alone", map[string]map[string]string{"tokens.txt": nil}, "", "no SenseVoice"},
		{"metadata missing", map[string]map[string]string{"model.onnx": keys("model_type=paraformer vocab_size"), "tokens.txt": nil}, "", "lacks the metadata lfr_window_size"},
		{"metadata missing in SenseVoice", map[string]map[string]string{"model.onnx": keys("model_type=sense_voice_ctc vocab_size"), "tokens.txt": nil}, "", "lang_yue"},
		{"another model", map[string]map[string]string{"model.onnx": keys("model_type=vits"), "tokens.txt": nil}, "", `of the type "vits"`},
		{"streaming transducer of another make", map[string]map[string]string{
			"encoder.onnx": keys("model_type=EncDecRNNTBPEModel"), "decoder.onnx": keys("vocab_size context_size"), "joiner.onnx": keys("x"), "tokens.txt": nil,
		}, "", "EncDecRNNTBPEModel"},
		{"no context size", map[string]map[string]string{
			"encoder.onnx": keys("model_type=zipformer"), "decoder.onnx": keys("vocab_size"), "joiner.onnx": keys("x"), "tokens.txt": nil,
		}, "", "context_size"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := sherpa.Detect(folder(t, c.files))
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				_, err = sherpa.Open(folder(t, c.files), sherpa.Options{})
				require.Error(t, err, "what is not whole is not loaded")
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.kind, l.Kind)
			require.NotContains(t, l.Encoder, "avg-1.onnx", "the quantised one goes first")
		})
	}
}

func TestTruncatedModelIsRefused(t *testing.T) {
	dir := folder(t, map[string]map[string]string{"tokens.txt": nil})
	src := filepath.Join(testdata.Model(t, "asr/whisper-base"), "encoder.int8.onnx")
	b, err := os.ReadFile(src)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "encoder.onnx"), b[:len(b)/2], 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "decoder.onnx"), b, 0o600))
	_, err = sherpa.Open(dir, sherpa.Options{})
	require.ErrorContains(t, err, "cut short")
}

func TestWhisper(t *testing.T) {
	m, err := sherpa.Open(testdata.Model(t, "asr/whisper-base"), sherpa.Options{})
	require.NoError(t, err)
	require.Equal(t, sherpa.Whisper, m.Kind())
	for _, r := range asrtest.Recordings(t, testdata.Shared(t, "speech/refs.tsv")) {
		tr, err := m.Decode(t.Context(), asr.Segment{Rate: 8000, Samples: asrtest.Telephone(r.Samples, r.Rate), Language: r.Language})
		require.NoError(t, err)
		limit := 0.3
		if strings.Contains(r.File, "far") {
			limit = 0.6
		}
		require.LessOrEqual(t, asr.CER(r.Text, tr.Text), limit, "%s: %q", r.File, tr.Text)
	}
	r := asrtest.Recordings(t, testdata.Shared(t, "speech/refs.tsv"))[4]
	asrtest.TestDecoder(t, m, asrtest.Spoken{Rate: r.Rate, Samples: r.Samples, Language: "en", Text: r.Text, MaxCER: 0.2})
	require.NoError(t, m.Close())
	require.NoError(t, m.Close())
	_, err = m.Decode(t.Context(), asr.Segment{Rate: 8000, Samples: make([]int16, 800)})
	require.ErrorIs(t, err, sherpa.ErrClosed)
}
