package models

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Stage says what a pull is doing.
type Stage string

// The stages of a pull.
const (
	StagePresent   Stage = "present"   // it is there already, nothing to do
	StageWaiting   Stage = "waiting"   // another pull works on the same folder
	StageDownload  Stage = "download"  // Done of Total bytes
	StageUnpack    Stage = "unpack"    // Done bytes
	StageBuild     Stage = "build"     // Line is what the build says
	StageRefused   Stage = "refused"   // a source does not work (Err); the next one is tried
	StageInstalled Stage = "installed" // it is there now
)

// Progress is one report of a pull.
type Progress struct {
	ID          string
	Stage       Stage
	Source      string
	Done, Total int64 // bytes; Total is 0 where not known
	Line        string
	Err         error
}

// Pull installs models, from the first of their sources that works, and reports
// to progress (which may be nil, and is called one at a time). Without IDs it
// sees to the default set: for each role that no installed model fills, the
// first that can be had. What is there already is left alone. The error joins
// what could not be had, with the reason of each source.
func (s *Set) Pull(ctx context.Context, ids []string, progress func(Progress)) error {
	if progress == nil {
		progress = func(Progress) {}
	}
	p := pull{Set: s, progress: progress, dead: map[string]error{}}
	var errs []error
	if len(ids) == 0 {
		for _, role := range s.Defaults() {
			if err := p.role(ctx, role); err != nil {
				errs = append(errs, err)
			}
		}
	}
	for _, id := range ids {
		if err := p.one(ctx, id); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// pull is one call of Pull.
type pull struct {
	*Set
	progress func(Progress)
	dead     map[string]error // kinds of source that did not answer: not asked again
}

func (p *pull) role(ctx context.Context, role Role) error {
	for _, id := range role.Any {
		if dir, ok := p.Find(id); ok {
			p.progress(Progress{ID: id, Stage: StagePresent, Source: dir})
			return nil
		}
	}
	var errs []error
	for _, id := range role.Any {
		err := p.one(ctx, id)
		if err == nil {
			return nil
		}
		errs = append(errs, err)
		if ctx.Err() != nil {
			break
		}
	}
	return fmt.Errorf("no model for %s: %w", role.For, errors.Join(errs...))
}

func (p *pull) one(ctx context.Context, id string) error {
	m, ok := p.Model(id)
	if !ok {
		return fmt.Errorf("no model %q is known: hotline models list shows them", id)
	}
	if dir, ok := p.Find(id); ok {
		p.progress(Progress{ID: id, Stage: StagePresent, Source: dir})
		return nil
	}
	target, err := p.target()
	if err != nil {
		return fmt.Errorf("model %s: %w", id, err)
	}
	unlock, err := lock(ctx, filepath.Join(target, ".lock"), func() { p.progress(Progress{ID: id, Stage: StageWaiting, Source: target}) })
	if err != nil {
		return fmt.Errorf("model %s: %w", id, err)
	}
	defer unlock()
	if dir, ok := p.Find(id); ok { // the pull that we waited for brought it
		p.progress(Progress{ID: id, Stage: StagePresent, Source: dir})
		return nil
	}
	var errs []error
	for _, src := range m.Sources {
		err := p.from(ctx, m, src, target)
		if err == nil {
			p.progress(Progress{ID: id, Stage: StageInstalled, Source: src.String()})
			return nil
		}
		errs = append(errs, fmt.Errorf("from %s: %w", src, err))
		p.progress(Progress{ID: id, Stage: StageRefused, Source: src.String(), Err: err})
		if ctx.Err() != nil {
			break
		}
	}
	return fmt.Errorf("model %s: %w", id, errors.Join(errs...))
}

// target is the first folder of the path that can be written.
func (p *pull) target() (string, error) {
	var errs []error
	for _, folder := range p.Path {
		err := os.MkdirAll(folder, 0o755) //nolint:gosec // models are public
		if err == nil {
			err = unix.Access(folder, unix.W_OK)
		}
		if err == nil {
			return filepath.Abs(folder)
		}
		errs = append(errs, fmt.Errorf("%s: %w", folder, err))
	}
	return "", fmt.Errorf("no folder of HOTLINE_MODELS can be written: %w", errors.Join(errs...))
}

// from makes the model aside, checks it and moves it to its place.
func (p *pull) from(ctx context.Context, m Model, src Source, target string) error {
	work, err := os.MkdirTemp(target, ".pull-")
	if err != nil {
		return fmt.Errorf("making a folder to work in: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }()
	made := filepath.Join(work, filepath.FromSlash(m.ID))
	if err := os.MkdirAll(made, 0o755); err != nil { //nolint:gosec // models are public
		return err
	}
	if src.Archive != "" {
		err = p.archive(ctx, m, src, target, made)
	} else {
		err = p.registry(ctx, m, src, work)
	}
	if err != nil {
		return err
	}
	if err := check(ctx, m, src, made); err != nil {
		return err
	}
	return install(made, filepath.Join(target, filepath.FromSlash(m.ID)))
}

// check compares what came with the manifest and records the digests.
func check(ctx context.Context, m Model, src Source, dir string) error {
	if !whole(dir, m) {
		return errors.New("what came does not have all the files of the model")
	}
	got, err := record(ctx, dir)
	if err != nil {
		return fmt.Errorf("recording the digests: %w", err)
	}
	// A graph built here is the same bytes on every machine of one
	// architecture; elsewhere its rounding may differ, and the record holds.
	if src.Registry != "" && runtime.GOARCH != "amd64" {
		return nil
	}
	for _, f := range m.Files {
		if f.SHA256 != Unknown && got[f.Path] != f.SHA256 {
			return fmt.Errorf("%s is not the file of the manifest (sha256 %s, want %s)", f.Path, got[f.Path], f.SHA256)
		}
	}
	return nil
}

// install renames the folder into place. What lies there is not whole, or it
// would have been found: it makes room.
func install(made, place string) error {
	if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil { //nolint:gosec // models are public
		return err
	}
	if err := os.RemoveAll(place); err != nil {
		return fmt.Errorf("removing an incomplete model: %w", err)
	}
	if err := os.Rename(made, place); err != nil {
		return fmt.Errorf("moving the model to its place: %w", err)
	}
	return nil
}

// lock takes the lock file, calling wait once if another process has it.
func lock(ctx context.Context, path string, wait func()) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644) //nolint:gosec // holds nothing
	if err != nil {
		return nil, fmt.Errorf("opening the lock: %w", err)
	}
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for first := true; ; first = false {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { _ = f.Close() }, nil // closing gives the lock back
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			_ = f.Close()
			return nil, fmt.Errorf("locking %s: %w", path, err)
		}
		if first {
			wait()
		}
		select {
		case <-ctx.Done():
			_ = f.Close()
			return nil, fmt.Errorf("waiting for another pull: %w", context.Cause(ctx))
		case <-tick.C:
		}
	}
}

// room makes sure that a folder's disk can take so many bytes.
func room(folder string, need int64) error {
	var st unix.Statfs_t
	if err := unix.Statfs(folder, &st); err != nil {
		return fmt.Errorf("asking for the free space of %s: %w", folder, err)
	}
	free := int64(st.Bavail) * st.Bsize
	if free < need {
		return fmt.Errorf("not enough room on the disk of %s: %s free, %s needed", folder, size(free), size(need))
	}
	return nil
}

// size writes a number of bytes for people.
func size(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.0f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%d bytes", n)
}

// String is one line for people.
func (p Progress) String() string {
	switch p.Stage {
	case StagePresent:
		return p.ID + ": already there, " + p.Source
	case StageWaiting:
		return p.ID + ": waiting for another pull into " + p.Source
	case StageDownload:
		if p.Total > 0 {
			return fmt.Sprintf("%s: %s of %s (%d %%)", p.ID, size(p.Done), size(p.Total), 100*p.Done/p.Total)
		}
		return fmt.Sprintf("%s: %s", p.ID, size(p.Done))
	case StageUnpack:
		return fmt.Sprintf("%s: unpacking, %s", p.ID, size(p.Done))
	case StageBuild:
		return p.ID + ": " + p.Line
	case StageRefused:
		return fmt.Sprintf("%s: not from %s: %s", p.ID, p.Source, strings.ReplaceAll(p.Err.Error(), "\n", "; "))
	case StageInstalled:
		return p.ID + ": installed from " + p.Source
	}
	return p.ID + ": " + string(p.Stage)
}
