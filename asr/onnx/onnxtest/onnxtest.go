// Package onnxtest starts onnxruntime in tests.
package onnxtest

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"hotline/asr/onnx"
)

// Start loads the library from where onnx.Find looks, or else from the module
// cache, where the Go module that carries it lies.
func Start(tb testing.TB) {
	tb.Helper()
	if onnx.Started() {
		return
	}
	path, err := onnx.Find()
	if err != nil {
		out, err := exec.CommandContext(tb.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/k2-fsa/sherpa-onnx-go-linux").Output()
		if err != nil {
			tb.Fatalf("finding the module that carries onnxruntime: %v", err)
		}
		path = filepath.Join(strings.TrimSpace(string(out)), "lib", onnx.Platform(), onnx.LibraryName())
	}
	if err := onnx.Start(path); err != nil {
		tb.Fatal(err)
	}
}
