package custody

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"hotline/internal/seal"
	"hotline/internal/store"
)

// ErrBackup is returned for a file that is no whole backup.
var ErrBackup = errors.New("the file is no whole backup")

// ErrNotEmpty is returned for a data folder that has something in it.
var ErrNotEmpty = errors.New("the folder has something in it; restore into an empty one (--data)")

// Restore unpacks a backup into an empty data folder and, where the database is to lie
// elsewhere than in there, brings its rows into that one, which must be empty too: all of
// it, checked against its manifest and opened by the key, or nothing. The key file may lie
// in the folder already. database is a URL as [store.Config] has it; "" is the folder's own.
func Restore(ctx context.Context, file, dir, keyFile, database string) (m Manifest, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("restore %s: %w", file, err)
		}
	}()
	sealer, err := seal.Load(keyFile)
	if err != nil {
		return m, err
	}
	if err := empty(dir, keyFile); err != nil {
		return m, err
	}
	work, err := os.MkdirTemp(dir, ".restore-") // on the same disk, so that all of it can be moved
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	if m, err = unpack(ctx, file, work); err != nil {
		return m, err
	}
	copied, err := opens(ctx, work, m, sealer)
	if err != nil {
		return m, err
	}
	if database == "" || database == "sqlite:"+filepath.Join(dir, databaseName) {
		if err := copied.Close(); err != nil {
			return m, err
		}
		return m, move(work, dir, func(string) bool { return true })
	}
	defer func() { err = errors.Join(err, copied.Close()) }()
	to, err := store.Open(ctx, store.Config{URL: database, Sealer: sealer})
	if err != nil {
		return m, err
	}
	// Killed in between, the folder has what belongs to it and the database nothing: that
	// is seen at once, and the other way round it would not be.
	err = to.Fill(ctx, copied, func() error {
		return move(work, dir, func(name string) bool { return !strings.HasPrefix(name, databaseName) })
	})
	return m, errors.Join(err, to.Close())
}

// move brings what was unpacked to its place.
func move(work, dir string, wanted func(name string) bool) error {
	entries, err := os.ReadDir(work)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !wanted(e.Name()) {
			continue
		}
		if err := os.Rename(filepath.Join(work, e.Name()), filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return syncDir(dir)
}

// empty refuses a folder with anything in it but the key and what a restore that was
// killed has left.
func empty(dir, keyFile string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	key, err := filepath.Abs(keyFile)
	if err != nil {
		return err
	}
	for _, e := range entries {
		path, err := filepath.Abs(filepath.Join(dir, e.Name()))
		if err != nil {
			return err
		}
		switch ok, err := filepath.Match(".restore-*", e.Name()); {
		case err != nil:
			return err
		case ok:
			if err := os.RemoveAll(path); err != nil {
				return err
			}
		case path != key:
			return ErrNotEmpty
		}
	}
	return nil
}

// maxManifest bounds what is read of a manifest: some ten million files.
const maxManifest = 2 << 30

// unpack writes the archive's files into work and compares them with the manifest.
func unpack(ctx context.Context, file, work string) (m Manifest, err error) {
	in, err := os.Open(file) //nolint:gosec // the operator names it
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	root, err := os.OpenRoot(work)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	t := tar.NewReader(in)
	got := map[string]ManifestFile{}
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return m, fmt.Errorf("%w: %w", ErrBackup, err)
		}
		if ctx.Err() != nil {
			return m, context.Cause(ctx)
		}
		if h.Typeflag != tar.TypeReg || !filepath.IsLocal(h.Name) || m.Form != 0 {
			return m, ErrBackup
		}
		if h.Name == manifestName {
			if err := json.NewDecoder(io.LimitReader(t, maxManifest)).Decode(&m); err != nil || m.Form == 0 {
				return m, fmt.Errorf("%w: its manifest cannot be read", ErrBackup)
			}
			continue
		}
		f, err := unpackOne(root, t, h)
		if err != nil {
			return m, err
		}
		got[f.Name] = f
	}
	switch {
	case m.Form == 0:
		return m, fmt.Errorf("%w: it was broken off", ErrBackup)
	case m.Form > 1:
		return m, fmt.Errorf("it was made by a newer hotline (%s)", m.Version)
	case len(got) != len(m.Files):
		return m, fmt.Errorf("%w: %d files of %d", ErrBackup, len(got), len(m.Files))
	}
	for _, f := range m.Files {
		if got[f.Name] != f {
			return m, fmt.Errorf("%w: %s is damaged", ErrBackup, f.Name)
		}
	}
	return m, nil
}

func unpackOne(root *os.Root, t *tar.Reader, h *tar.Header) (m ManifestFile, err error) {
	name := filepath.FromSlash(h.Name)
	if err := root.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return m, err
	}
	out, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(out, sum), t)
	if err != nil {
		return m, fmt.Errorf("%w: %w", ErrBackup, err)
	}
	if err := root.Chtimes(name, h.ModTime, h.ModTime); err != nil {
		return m, err
	}
	return ManifestFile{h.Name, n, hex.EncodeToString(sum.Sum(nil))}, out.Sync()
}

// opens opens the backup's database, if the key fits.
func opens(ctx context.Context, work string, m Manifest, sealer *seal.Sealer) (*store.Store, error) {
	db, err := store.Open(ctx, store.Config{URL: filepath.Join(work, databaseName), Sealer: sealer})
	if err != nil {
		id, _ := sealer.Key()
		return nil, fmt.Errorf("the backup was made with the key %s, the key file has %s: %w", m.Key, strconv.FormatUint(uint64(id), 10), err)
	}
	return db, nil
}
