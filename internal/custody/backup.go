package custody

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"hotline/internal/seal"
	"hotline/internal/store"
)

// Source is what a backup is made of.
type Source struct {
	Store    *store.Store
	Sealer   *seal.Sealer
	KeyFile  string
	Dir      string   // the data folder
	Node     string   // this server's name among those that share the database
	Business []string // folders of businesses
	Version  string   // of hotline
}

// Manifest says what is in a backup. It is the last file of the archive, so that one
// that was broken off has none.
type Manifest struct {
	Form    int            `json:"form"`
	Version string         `json:"version"`
	At      time.Time      `json:"at"`
	Key     string         `json:"key"` // that opens it; it is not in the backup
	Files   []ManifestFile `json:"files"`
	Missing []string       `json:"missing,omitempty"` // recordings and folders that are named and were not there
	// Elsewhere are recordings that other servers made and have in data folders of their own.
	Elsewhere []string `json:"elsewhere,omitempty"`
}

// ManifestFile is a file of a backup.
type ManifestFile struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

const (
	manifestName = "manifest.json"
	databaseName = "hotline.db"
	businessName = "business"
)

// Backup writes a backup into a file, while calls go on: the database as it is at one
// moment (as SQLite has it, whichever it is), the recordings of all calls that were over by then, sealed, the folders of the
// businesses and the audit logs. It holds no key and nothing in the clear but the
// businesses' own files. Killed, it leaves FILE.part, or what was there before.
func Backup(ctx context.Context, src Source, file string) (m Manifest, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("make a backup: %w", err)
		}
	}()
	if err := oneKey(src); err != nil {
		return m, err
	}
	part := file + partSuffix
	out, err := os.OpenFile(part, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) //nolint:gosec // the operator names it
	if err != nil {
		return m, err
	}
	if m, err = writeBackup(ctx, src, out); err == nil {
		err = out.Sync()
	}
	if err == nil {
		err = oneKey(src) // nor was one begun meanwhile
	}
	if id, _ := src.Sealer.Key(); err == nil && m.Key != strconv.FormatUint(uint64(id), 10) {
		err = errRotation
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return m, errors.Join(err, removeIfThere(part))
	}
	if err := os.Rename(part, file); err != nil {
		return m, err
	}
	if err := syncDir(filepath.Dir(file)); err != nil {
		return m, err
	}
	return m, src.Store.AddTrail(ctx, store.TrailEntry{Actor: "command", Action: "backup", Detail: map[string]string{
		"files": strconv.Itoa(len(m.Files)), "missing": strconv.Itoa(len(m.Missing)),
	}})
}

var errRotation = errors.New("the keys are being rotated; make the backup when that is over (hotline key status)")

// oneKey refuses a backup that two keys would be needed for.
func oneKey(src Source) error {
	n, err := seal.CountKeys(src.KeyFile)
	if err == nil && n > 1 {
		err = errRotation
	}
	return err
}

// archive is a backup that is being written.
type archive struct {
	tar      *tar.Writer
	manifest Manifest
}

func writeBackup(ctx context.Context, src Source, out io.Writer) (Manifest, error) {
	id, _ := src.Sealer.Key()
	a := &archive{tar: tar.NewWriter(out), manifest: Manifest{
		Form: 1, Version: src.Version, At: time.Now().UTC().Truncate(time.Second), Key: strconv.FormatUint(uint64(id), 10), Files: []ManifestFile{},
	}}
	// The snapshot lies in the data folder for a moment: its fields are sealed as there.
	work, err := os.MkdirTemp(src.Dir, ".backup-")
	if err != nil {
		return a.manifest, err
	}
	defer func() { _ = os.RemoveAll(work) }()
	if err := sweepWork(src.Dir, work); err != nil {
		return a.manifest, err
	}
	snapshot := filepath.Join(work, databaseName)
	if err := src.Store.Snapshot(ctx, snapshot); err != nil {
		return a.manifest, err
	}
	if err := a.addFile(snapshot, databaseName); err != nil {
		return a.manifest, err
	}
	if err := a.addRecordings(ctx, src, work); err != nil {
		return a.manifest, err
	}
	logs, err := filepath.Glob(filepath.Join(src.Dir, "audit.log*"))
	if err != nil {
		return a.manifest, err
	}
	for _, l := range logs {
		if err := a.addFile(l, filepath.Base(l)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return a.manifest, err
		}
	}
	for _, b := range src.Business {
		if _, err := os.Stat(b); errors.Is(err, fs.ErrNotExist) {
			a.manifest.Missing = append(a.manifest.Missing, b) // one that is in the program itself, maybe
			continue
		}
		if err := a.addTree(ctx, b, path.Join(businessName, filepath.Base(filepath.Clean(b)))); err != nil {
			return a.manifest, err
		}
	}
	text, err := json.MarshalIndent(a.manifest, "", "  ")
	if err != nil {
		return a.manifest, err
	}
	if err := a.header(manifestName, int64(len(text)), a.manifest.At); err != nil {
		return a.manifest, err
	}
	if _, err := a.tar.Write(text); err != nil {
		return a.manifest, err
	}
	return a.manifest, a.tar.Close()
}

// sweepWork removes what backups that were killed have left, after a day.
func sweepWork(dir, but string) error {
	old, err := filepath.Glob(filepath.Join(dir, ".backup-*"))
	if err != nil {
		return err
	}
	for _, o := range old {
		if info, err := os.Stat(o); err == nil && o != but && time.Since(info.ModTime()) > 24*time.Hour {
			if err := os.RemoveAll(o); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *archive) header(name string, size int64, at time.Time) error {
	return a.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: at, Format: tar.FormatPAX})
}

// addFile adds a file as far as it goes now: a log may grow meanwhile.
func (a *archive) addFile(file, name string) (err error) {
	f, err := os.Open(file) //nolint:gosec // of the data folder or of a business
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := a.header(name, info.Size(), info.ModTime()); err != nil {
		return err
	}
	sum := sha256.New()
	if _, err := io.CopyN(io.MultiWriter(a.tar, sum), f, info.Size()); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	a.note(name, info.Size(), sum)
	return nil
}

func (a *archive) note(name string, size int64, sum hash.Hash) {
	a.manifest.Files = append(a.manifest.Files, ManifestFile{name, size, hex.EncodeToString(sum.Sum(nil))})
}

// addRecordings adds the recordings of calls that are over, all that were when the
// snapshot was taken; what is not sealed yet is on its way.
func (a *archive) addRecordings(ctx context.Context, src Source, work string) error {
	const page = 500
	for after := ""; ; {
		list, err := src.Store.EndedRecordings(ctx, after, page)
		if err != nil {
			return err
		}
		for _, r := range list {
			after = r.Call
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err := a.addRecording(src, work, r); err != nil {
				return err
			}
		}
		if len(list) < page {
			return nil
		}
	}
}

func (a *archive) addRecording(src Source, work string, r store.Recorded) error {
	name := r.File
	local, err := clean(name)
	if err != nil {
		a.manifest.Missing = append(a.manifest.Missing, name)
		return nil //nolint:nilerr // a name that is no file of ours
	}
	file := filepath.Join(src.Dir, local)
	stored := path.Clean(filepath.ToSlash(local)) + suffix
	for range 2 { // it may be sealed between the two looks
		if err := a.addFile(file+suffix, stored); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := a.addPlain(src, work, file, local, stored); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if r.Node != src.Node {
		a.manifest.Elsewhere = append(a.manifest.Elsewhere, name)
		return nil
	}
	a.manifest.Missing = append(a.manifest.Missing, name)
	return nil
}

func (a *archive) addPlain(src Source, work, file, local, stored string) (err error) {
	plain, err := os.Open(file) //nolint:gosec // below the data folder
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, plain.Close()) }()
	info, err := plain.Stat()
	if err != nil {
		return err
	}
	sealed := filepath.Join(work, "recording")
	if err := writeSealed(src.Sealer, plain, info, sealed, filepath.ToSlash(local)); err != nil {
		return err
	}
	return a.addFile(sealed+suffix+partSuffix, stored)
}

// addTree adds a folder with all that is in it but what begins with a dot.
func (a *archive) addTree(ctx context.Context, dir, name string) error {
	return filepath.WalkDir(dir, func(file string, e fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return err
		case strings.HasPrefix(e.Name(), ".") && file != dir:
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		case !e.Type().IsRegular():
			return nil
		}
		below, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		return a.addFile(file, path.Join(name, filepath.ToSlash(below)))
	})
}
