package outbound

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"hotline/campaigns"
	"hotline/campaigns/contacts"
)

// National keeps the national do-not-call list as files have it, which an authority's
// download replaces: each is read when its time or size has changed, and who is no longer
// in it is taken off. What cannot be read leaves what was known.
type National struct {
	Service *Service
	Files   []string
	Log     *slog.Logger
	// Every is how often the files are looked at; default a minute.
	Every time.Duration

	read  map[string]fileState // Run's alone
	ready atomic.Bool
}

type fileState struct {
	at     time.Time
	size   int64
	failed bool
}

// Ready tells whether all files were read once: before, a number that is listed might be
// called.
func (n *National) Ready() bool { return len(n.Files) == 0 || n.ready.Load() }

// Run reads the files and keeps to them until ctx ends.
func (n *National) Run(ctx context.Context) error {
	if len(n.Files) == 0 {
		return nil
	}
	n.read = map[string]fileState{}
	every := n.Every
	if every <= 0 {
		every = time.Minute
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		known := 0
		for _, file := range n.Files {
			if n.look(ctx, file) {
				known++
			}
		}
		if known == len(n.Files) {
			n.ready.Store(true)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// look reads a file that has changed; false while it was never read.
func (n *National) look(ctx context.Context, file string) bool {
	old, was := n.read[file]
	info, err := os.Stat(file)
	if err == nil {
		if was && !old.failed && old.at.Equal(info.ModTime()) && old.size == info.Size() {
			return true
		}
		var report contacts.Report
		if report, err = n.Service.ReadNational(ctx, file); err == nil {
			n.read[file] = fileState{info.ModTime(), info.Size(), false}
			n.Log.InfoContext(ctx, "a national do-not-call list was read", "file", file, "rows", report.Rows, "numbers", report.Added, "bad", report.Bad)
			return true
		}
	}
	if !old.failed && ctx.Err() == nil { // once, until it can be read again
		n.Log.ErrorContext(ctx, "a national do-not-call list cannot be read; what was known of it still holds", "file", file, "error", err)
	}
	n.read[file] = fileState{old.at, old.size, true}
	return was && !old.at.IsZero()
}

// ErrNoList is returned for a file without a single number: more likely the wrong one
// than a list of nobody.
var ErrNoList = errors.New("no number was found in the list")

// ReadNational brings the national list to what a file has.
func (s *Service) ReadNational(ctx context.Context, file string) (report contacts.Report, err error) {
	f, err := os.Open(file) //nolint:gosec // the operator names it
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	began, how := s.cfg.Now().Truncate(time.Millisecond), "file "+filepath.Base(file)
	report, err = contacts.Import(ctx, f, contacts.Options{Normal: s.normal, Language: "en", Bad: io.Discard},
		func(ctx context.Context, batch []campaigns.Contact) ([]int64, error) {
			rows, ids := make([]campaigns.Suppression, len(batch)), make([]int64, len(batch))
			for i, k := range batch {
				rows[i], ids[i] = campaigns.Suppression{Number: k.Number, List: NationalList, At: began, How: how}, 1
			}
			return ids, s.cfg.Store.Suppress(ctx, rows)
		})
	switch {
	case err != nil:
		return report, err
	case report.Added == 0:
		return report, fmt.Errorf("%s: %w", filepath.Base(file), ErrNoList)
	}
	gone, err := s.cfg.Store.DropSuppressions(ctx, NationalList, how, began)
	if err == nil && gone+report.Added > 0 {
		s.cfg.Publish(campaigns.Event{Kind: "suppressed", At: began})
	}
	return report, err
}
