package models

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// sums is the file beside a model's own that records their digests, in the form
// that sha256sum -c reads.
const sums = "SHA256SUMS"

// Report says what a verification covered.
type Report struct {
	ID, Dir string
	Known   int // files whose digest the manifest knows
	Record  int // files that were compared with what was recorded when they came
}

// Verify reads a model's files and compares them with the manifest and with what
// was recorded when it was installed. The error names each file that differs.
func (s *Set) Verify(ctx context.Context, id string) (Report, error) {
	dir, ok := s.Find(id)
	if !ok {
		return Report{ID: id}, fmt.Errorf("model %s is not installed: hotline models pull %s", id, id)
	}
	m, _ := s.Model(id)
	r := Report{ID: id, Dir: dir}
	recorded, err := readSums(filepath.Join(dir, sums))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return r, fmt.Errorf("reading the record of model %s: %w", id, err)
	}
	known := map[string]string{}
	for _, f := range m.Files {
		if f.SHA256 != Unknown {
			known[f.Path] = f.SHA256
		}
	}
	var errs []error
	for _, path := range union(known, recorded) {
		got, err := hashFile(ctx, filepath.Join(dir, filepath.FromSlash(path)))
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("model %s: %w", id, err))
			continue
		case known[path] != "" && known[path] != got:
			errs = append(errs, fmt.Errorf("model %s: %s is not the file of the manifest (sha256 %s, want %s)", id, path, got, known[path]))
		case known[path] == "" && recorded[path] != got:
			errs = append(errs, fmt.Errorf("model %s: %s has changed since it was installed (sha256 %s, was %s)", id, path, got, recorded[path]))
		}
		if known[path] != "" {
			r.Known++
		} else {
			r.Record++
		}
	}
	for _, f := range m.Files {
		if known[f.Path] == "" && recorded[f.Path] == "" {
			errs = append(errs, fmt.Errorf("model %s: no digest of %s is known or recorded: remove the folder and pull the model again", id, f.Path))
		}
	}
	return r, errors.Join(errs...)
}

func union(a, b map[string]string) []string {
	var list []string
	for _, m := range []map[string]string{a, b} {
		for k := range m {
			list = append(list, k)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// readSums reads "<64 digits>  <path>" lines.
func readSums(path string) (map[string]string, error) {
	f, err := os.Open(path) //nolint:gosec // a file of a model that the operator named
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	m := map[string]string{}
	for sc := bufio.NewScanner(f); sc.Scan(); {
		sum, name, ok := strings.Cut(sc.Text(), "  ")
		name = strings.TrimPrefix(name, "./")
		if !ok || !digest(sum) || !filepath.IsLocal(filepath.FromSlash(name)) {
			return nil, fmt.Errorf("%s: %q is no digest and path", path, sc.Text())
		}
		m[name] = sum
	}
	return m, nil
}

// record writes the digests of everything in dir and returns them.
func record(ctx context.Context, dir string) (map[string]string, error) {
	m := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == sums {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		m[filepath.ToSlash(rel)], err = hashFile(ctx, path)
		return err
	})
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	for _, path := range union(m, nil) {
		fmt.Fprintf(&b, "%s  %s\n", m[path], path)
	}
	return m, os.WriteFile(filepath.Join(dir, sums), []byte(b.String()), 0o644) //nolint:gosec // models are public
}

func hashFile(ctx context.Context, path string) (string, error) {
	f, err := os.Open(path) //nolint:gosec // a file of a model that the operator named
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	if _, err := io.Copy(h, reader{ctx, f}); err != nil {
		return "", fmt.Errorf("reading %s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// reader stops reading when ctx ends.
type reader struct {
	ctx context.Context //nolint:containedctx // lives as long as one copy
	r   io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.r.Read(p)
}
