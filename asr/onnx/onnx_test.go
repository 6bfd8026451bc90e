package onnx_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"hotline/asr/onnx"
	"hotline/asr/onnx/onnxtest"
	"hotline/internal/testdata"
)

func TestStartTwiceAndAtOnce(t *testing.T) {
	onnxtest.Start(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := onnx.Start("/no/such/library"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.True(t, onnx.Started())
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, onnx.LibraryName())
	require.NoError(t, os.WriteFile(file, []byte("x"), 0o600))
	got, err := onnx.Find(dir)
	require.NoError(t, err)
	require.Equal(t, file, got)

	t.Setenv("HOTLINE_LIB", file)
	got, err = onnx.Find()
	require.NoError(t, err)
	require.Equal(t, file, got)

	t.Setenv("HOTLINE_LIB", t.TempDir())
	_, err = onnx.Find()
	require.ErrorContains(t, err, "HOTLINE_LIB")
}

func TestInspect(t *testing.T) {
	dir := testdata.Model(t, "asr/whisper-base")
	info, err := onnx.Inspect(filepath.Join(dir, "encoder.int8.onnx"))
	require.NoError(t, err)
	require.Equal(t, "whisper-base", info.Metadata["model_type"])
	require.Equal(t, []int64{-1, 80, -1}, info.InputDims("mel"))
	require.Len(t, info.Outputs, 2)
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	onnxtest.Start(t)
	dir := t.TempDir()
	_, err := onnx.Open(filepath.Join(dir, "none.onnx"), nil, nil, onnx.Options{})
	require.ErrorContains(t, err, "no such file")

	text := filepath.Join(dir, "text.onnx")
	require.NoError(t, os.WriteFile(text, []byte(strings.Repeat("this is no model ", 20)), 0o600))
	_, err = onnx.Open(text, nil, nil, onnx.Options{})
	require.ErrorContains(t, err, "not an ONNX model")

	vad := filepath.Join(testdata.Model(t, "vad/silero-v6"), "model.onnx")
	_, err = onnx.Open(vad, []string{"mel"}, nil, onnx.Options{})
	require.ErrorContains(t, err, `no input "mel"`)

	b, err := os.ReadFile(vad)
	require.NoError(t, err)
	short := filepath.Join(dir, "short.onnx")
	require.NoError(t, os.WriteFile(short, b[:len(b)/2], 0o600))
	_, err = onnx.Open(short, []string{"input"}, []string{"output"}, onnx.Options{})
	require.ErrorContains(t, err, "cut short")
}
