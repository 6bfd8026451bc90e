package custody

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"hotline/internal/seal"
)

const (
	suffix     = ".sealed"
	partSuffix = ".part"
	folder     = "recordings" // below the data folder
)

// Recording is an open recording, whether it is sealed or not.
type Recording struct {
	io.ReaderAt
	Size     int64 // of the plain file, when it was opened
	Modified time.Time
	Sealed   bool
	file     *os.File
}

// Close closes the file.
func (r *Recording) Close() error { return r.file.Close() }

// clean is a recording's path below the data folder, and nothing outside of it.
func clean(name string) (string, error) {
	name, _, _ = strings.Cut(name, "#") // a place within it
	name = filepath.FromSlash(path.Clean(name))
	if !filepath.IsLocal(name) {
		return "", fmt.Errorf("open a recording: %w", fs.ErrNotExist)
	}
	return name, nil
}

// Open opens a recording of the data folder by its name in the record.
func Open(dir string, sealer *seal.Sealer, name string) (*Recording, error) {
	name, err := clean(name)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the data folder: %w", err)
	}
	defer func() { _ = root.Close() }()
	r, err := openPlain(root, name)
	if errors.Is(err, fs.ErrNotExist) && sealer != nil {
		r, err = openSealed(root, sealer, name)
		if errors.Is(err, fs.ErrNotExist) { // it was sealed between the two looks, or is gone
			r, err = openPlain(root, name)
		}
	}
	return r, err
}

func openPlain(root *os.Root, name string) (*Recording, error) {
	f, err := root.Open(name)
	if err != nil {
		return nil, fmt.Errorf("open a recording: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &Recording{ReaderAt: f, Size: info.Size(), Modified: info.ModTime(), file: f}, nil
}

func openSealed(root *os.Root, sealer *seal.Sealer, name string) (*Recording, error) {
	f, err := root.Open(name + suffix)
	if err != nil {
		return nil, fmt.Errorf("open a recording: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	sealed, err := sealer.OpenFile(f, info.Size(), filepath.ToSlash(name))
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &Recording{ReaderAt: sealed, Size: sealed.Size(), Modified: info.ModTime(), Sealed: true, file: f}, nil
}

// Seal seals a recording of a call that is over. One that is sealed already is left as it
// is; one that is not there is an error.
func Seal(dir string, sealer *seal.Sealer, name string) (err error) {
	name, err = clean(name)
	if err != nil {
		return err
	}
	file := filepath.Join(dir, name)
	defer func() {
		if err != nil {
			err = fmt.Errorf("seal a recording: %w", err)
		}
	}()
	plain, err := os.Open(file) //nolint:gosec // below the data folder
	if errors.Is(err, fs.ErrNotExist) {
		_, err = os.Stat(file + suffix)
		return err
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, plain.Close()) }()
	info, err := plain.Stat()
	if err != nil {
		return err
	}
	if err := writeSealed(sealer, plain, info, file, filepath.ToSlash(name)); err != nil {
		return errors.Join(err, removeIfThere(file+suffix+partSuffix))
	}
	if err := os.Rename(file+suffix+partSuffix, file+suffix); err != nil {
		return err
	}
	if err := syncDir(filepath.Dir(file)); err != nil {
		return err
	}
	// What cannot be opened again must not be all that is left.
	if err := readBack(dir, sealer, name, info.Size()); err != nil {
		return errors.Join(err, os.Remove(file+suffix))
	}
	return os.Remove(file)
}

func writeSealed(sealer *seal.Sealer, plain *os.File, info fs.FileInfo, file, place string) (err error) {
	part, err := os.OpenFile(file+suffix+partSuffix, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) //nolint:gosec // as above
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, part.Close()) }()
	if err := sealer.SealFile(part, plain, info.Size(), place); err != nil {
		return err
	}
	if err := part.Sync(); err != nil {
		return err
	}
	return os.Chtimes(part.Name(), time.Time{}, info.ModTime())
}

func readBack(dir string, sealer *seal.Sealer, name string, size int64) (err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	r, err := openSealed(root, sealer, name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	n, err := io.Copy(io.Discard, io.NewSectionReader(r, 0, r.Size))
	if err == nil && n != size {
		err = fmt.Errorf("%d bytes were read back of %d", n, size)
	}
	return err
}

// Remove removes a recording, sealed or not; one that is gone is no error.
func Remove(dir, name string) error {
	name, err := clean(name)
	if err != nil || name == "." {
		return nil //nolint:nilerr // nothing of ours lies outside the data folder
	}
	file := filepath.Join(dir, name)
	return errors.Join(removeIfThere(file), removeIfThere(file+suffix), removeIfThere(file+suffix+partSuffix))
}

// Exists tells whether there is anything left of a recording.
func Exists(dir, name string) bool {
	name, err := clean(name)
	if err != nil {
		return false
	}
	for _, s := range []string{"", suffix, suffix + partSuffix} {
		if _, err := os.Lstat(filepath.Join(dir, name) + s); err == nil {
			return true
		}
	}
	return false
}

func removeIfThere(file string) error {
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // below the data folder
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
