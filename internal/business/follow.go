package business

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"hotline/internal/quality"
)

// followed is what a business is made of beside its knowledge, which is followed by
// whoever keeps it.
func followed() []string {
	return []string{File, FlowDir, TableDir, ModerationDir, IntentDir, quality.File}
}

// SettingsStamp changes when a file of the folders does that is not knowledge.
func SettingsStamp(dirs []string) (string, error) {
	var b strings.Builder
	for _, dir := range dirs {
		for _, name := range followed() {
			err := filepath.WalkDir(filepath.Join(dir, name), func(path string, e fs.DirEntry, err error) error {
				if os.IsNotExist(err) {
					return nil // taken away meanwhile, or never there
				}
				if err != nil || e.IsDir() || strings.HasPrefix(e.Name(), ".") || strings.HasPrefix(e.Name(), "~$") {
					return err
				}
				info, err := e.Info()
				if err != nil {
					return nil //nolint:nilerr // taken away meanwhile
				}
				_, _ = fmt.Fprintf(&b, "%s %d %d\n", path, info.Size(), info.ModTime().UnixNano())
				return nil
			})
			if err != nil {
				return "", fmt.Errorf("looking at %s: %w", filepath.Join(dir, name), err)
			}
		}
	}
	return b.String(), nil
}

// Homes are the business and those of other folders whose lines it answers.
func (b *Business) Homes() []*Business {
	out := []*Business{b}
	for _, l := range b.Lines {
		if l.Home != nil && !slices.Contains(out, l.Home) {
			out = append(out, l.Home)
		}
	}
	return out
}

// looks is how many times the files are looked at in an interval.
const looks = 3

// Follow reads a business again, within an interval after a file of it changed that is
// not knowledge, and hands it to take, until ctx ends. One with errors is not taken:
// each is logged with its place, and the business stays as it is.
func Follow(ctx context.Context, b *Business, every time.Duration, log *slog.Logger, take func(context.Context, *Business) error) {
	dirs := func(b *Business) (out []string) {
		for _, h := range b.Homes() {
			out = append(out, h.Dir)
		}
		return out
	}
	of := dirs(b)
	stamp, err := SettingsStamp(of)
	if err != nil {
		log.Warn("the business's files cannot be followed", "business", b.Dir, "error", err)
	}
	seen := ""
	tick := time.NewTicker(every / looks)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now, err := SettingsStamp(of)
		// An editor empties a file before it writes it: it must have been left alone.
		settled := now == seen
		seen = now
		if err != nil || !settled || now == stamp {
			continue
		}
		stamp = now
		next, report := Load(b.Dir)
		if wrong := outsideKnowledge(report); len(wrong) > 0 {
			for _, p := range wrong {
				log.Warn("the business changed and has an error, it stays as it was", "business", b.Dir, "file", p.File, "line", p.Line, "problem", p.String())
			}
			continue
		}
		if err := take(ctx, next); err != nil {
			log.Warn("the changed business cannot be used, it stays as it was", "business", b.Dir, "error", err)
			continue
		}
		if also := dirs(next); !slices.Equal(of, also) {
			of = also
			if stamp, err = SettingsStamp(of); err != nil {
				log.Warn("the business's files cannot be followed", "business", b.Dir, "error", err)
			}
		}
	}
}

// outsideKnowledge are the errors in files that a row of knowledge is no part of: the
// rows have a keeper of their own.
func outsideKnowledge(r Report) (out []Problem) {
	for _, p := range r.Problems {
		if p.Severity == Error && !strings.Contains("/"+p.File, "/"+KnowledgeDir+"/") {
			out = append(out, p)
		}
	}
	return out
}
