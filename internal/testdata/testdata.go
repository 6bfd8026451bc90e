// Package testdata finds what tests need and the repository does not carry:
// recordings and labelled texts beside the clone, and built models.
package testdata

import (
	"os"
	"path/filepath"
	"testing"
)

// Root is the repository's top folder.
func Root(tb testing.TB) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			tb.Fatal("no go.mod above the working directory")
		}
		dir = parent
	}
}

// Shared returns the path of a file or folder of the shared data (HOTLINE_SHARED,
// or the folder "shared" beside the clone). Without it the test is skipped; with
// CI=true it fails.
func Shared(tb testing.TB, path string) string {
	tb.Helper()
	base := os.Getenv("HOTLINE_SHARED")
	if base == "" {
		base = filepath.Join(filepath.Dir(Root(tb)), "shared")
	}
	p := filepath.Join(base, filepath.FromSlash(path))
	if _, err := os.Stat(p); err != nil {
		missing(tb, "shared data "+path)
	}
	return p
}

// Model returns the folder of an installed model, "asr/whisper-base" say, from
// the search path HOTLINE_MODELS. Without it the test is skipped; with CI=true it
// fails.
func Model(tb testing.TB, id string) string {
	tb.Helper()
	for _, base := range ModelPath(tb) {
		p := filepath.Join(base, filepath.FromSlash(id))
		if _, err := os.Stat(p); err == nil {
			return p
		}
	}
	missing(tb, "model "+id)
	return ""
}

// ModelPath is the search path for models in tests.
func ModelPath(tb testing.TB) []string {
	tb.Helper()
	if v := os.Getenv("HOTLINE_MODELS"); v != "" {
		return filepath.SplitList(v)
	}
	var path []string
	if cache, err := os.UserCacheDir(); err == nil {
		path = append(path, filepath.Join(cache, "hotline", "models"))
	}
	shared := os.Getenv("HOTLINE_SHARED")
	if shared == "" {
		shared = filepath.Join(filepath.Dir(Root(tb)), "shared")
	}
	return append(path, filepath.Join(shared, "models"))
}

func missing(tb testing.TB, what string) {
	tb.Helper()
	if os.Getenv("CI") == "true" {
		tb.Fatalf("%s is missing, and CI must have it", what)
	}
	tb.Skipf("MISSING-DATA: %s is not here", what)
}
