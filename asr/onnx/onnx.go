// Package onnx loads the onnxruntime shared library and opens models on it.
//
// # Concepts
//
// The library is opened by [Start] and is then there for the whole process. It
// is the copy that sherpa-onnx-go carries, so that a process that uses both has
// one onnxruntime. [Find] says where it lies, [Inspect] reads what a model file
// declares about itself without loading it, [Open] makes a [Session].
//
// # Concurrency
//
// Start may be called from anywhere and as often as one likes. A Session is safe
// for concurrent use; each of its runs uses the goroutine's own thread.
//
// # The one global
//
// onnxruntime keeps one environment per process, and onnxruntime_go keeps its
// handle in a package variable. That state is global whatever we do; it is
// guarded here and nowhere else.
package onnx

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	ort "github.com/yalue/onnxruntime_go"
)

// ErrNotStarted says that a model was to be opened before Start.
var ErrNotStarted = errors.New("onnxruntime is not loaded: call onnx.Start first")

// environment is the process-wide state of onnxruntime (see the package comment).
var environment struct {
	sync.Mutex
	library string // the path it was started with, "" before
}

// Start loads the library at path, or the one that Find finds where path is
// empty. Once it has worked, further calls do nothing, whatever their path.
func Start(path string) error {
	environment.Lock()
	defer environment.Unlock()
	if environment.library != "" {
		return nil
	}
	if path == "" {
		var err error
		if path, err = Find(); err != nil {
			return err
		}
	}
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("loading onnxruntime: %w", err)
	}
	ort.SetSharedLibraryPath(path)
	// onnxruntime prints warnings of its own to standard error; errors come back.
	if err := ort.InitializeEnvironment(ort.WithLogLevelError()); err != nil {
		return fmt.Errorf("loading onnxruntime from %s: %w", path, err)
	}
	environment.library = path
	return nil
}

// Started tells whether Start has worked.
func Started() bool {
	environment.Lock()
	defer environment.Unlock()
	return environment.library != ""
}

// LibraryName is the file name of the library on this system.
func LibraryName() string {
	if runtime.GOOS == "darwin" {
		return "libonnxruntime.dylib"
	}
	return "libonnxruntime.so"
}

// Find returns the path of the library: in one of dirs, in HOTLINE_LIB (a folder
// or the file itself), in "lib" beside the executable or beside the executable.
func Find(dirs ...string) (string, error) {
	places := append([]string(nil), dirs...)
	if v := os.Getenv("HOTLINE_LIB"); v != "" {
		places = append(places, filepath.SplitList(v)...)
	}
	if exe, err := os.Executable(); err == nil {
		if target, err := filepath.EvalSymlinks(exe); err == nil {
			exe = target
		}
		places = append(places, filepath.Join(filepath.Dir(exe), "lib"), filepath.Dir(exe))
	}
	for _, p := range places {
		if info, err := os.Stat(p); err == nil && !info.IsDir() { //nolint:gosec // the operator says where
			return p, nil
		}
		file := filepath.Join(p, LibraryName())
		if info, err := os.Stat(file); err == nil && !info.IsDir() { //nolint:gosec // the operator says where
			return file, nil
		}
	}
	return "", fmt.Errorf("%s is in none of %v: put it into lib/ beside the binary or name its folder in HOTLINE_LIB", LibraryName(), places)
}

// Platform is the folder below sherpa-onnx-go-linux's lib/ that has the libraries
// for this machine.
func Platform() string {
	switch runtime.GOARCH {
	case "arm64":
		return "aarch64-unknown-linux-gnu"
	case "arm":
		return "arm-unknown-linux-gnueabihf"
	default:
		return "x86_64-unknown-linux-gnu"
	}
}
