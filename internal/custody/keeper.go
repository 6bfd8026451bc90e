package custody

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"hotline/internal/event"
	"hotline/internal/seal"
	"hotline/internal/store"
)

// Retention is for how many days each kind is kept; 0: for ever.
type Retention struct {
	Recordings  int `json:"recordings"`
	Transcripts int `json:"transcripts"`
	Calls       int `json:"calls"`
	Tickets     int `json:"tickets"`
	Audit       int `json:"audit"`
}

// days of a kind.
func (r Retention) days(kind string) int {
	switch kind {
	case store.KeepRecordings:
		return r.Recordings
	case store.KeepTranscripts:
		return r.Transcripts
	case store.KeepCalls:
		return r.Calls
	case store.KeepTickets:
		return r.Tickets
	default:
		return r.Audit
	}
}

// Before is since when a kind is kept; ok is false for one that is kept for ever.
func (r Retention) Before(kind string, now time.Time) (before time.Time, ok bool) {
	days := r.days(kind)
	return now.AddDate(0, 0, -days), days > 0
}

// Keeper does what is to be done while the server runs.
type Keeper struct {
	Store     *store.Store
	Sealer    *seal.Sealer
	Dir       string // the data folder
	KeyFile   string
	KeyDays   int // after how many days a key is due for rotation; 0: never
	Retention Retention
	Bus       *event.Bus // tells when a call is over; nil: looked for each minute
	Log       *slog.Logger
	Every     time.Duration // how often it looks for what is left to seal; default a minute
	// Logs are files outside the data folder that the privacy report looks into.
	Logs []string
}

const (
	firstDelay  = 2 * time.Second // after a call: its last row and its recording are complete
	retainEvery = time.Hour
	reportEvery = 24 * time.Hour
	// settled is how long a recording of an unknown call must lie still.
	settled    = time.Hour
	indexBatch = 100
)

// Run seals, deletes and reports until ctx ends. A rotation of keys that was broken off
// is brought to its end.
func (k *Keeper) Run(ctx context.Context) {
	k.resume(ctx)
	k.noteRetention(ctx)
	if _, err := k.SealLeft(ctx, true); err != nil && ctx.Err() == nil {
		k.Log.ErrorContext(ctx, "recordings could not be sealed, they stay plain until that works", "error", err)
	}
	k.index(ctx, time.Time{})
	var over <-chan event.Event
	var sub *event.Subscription
	subscribe := func() {
		if k.Bus != nil {
			sub = k.Bus.Subscribe("call.ended")
			over = sub.C()
		}
	}
	subscribe()
	defer func() {
		if sub != nil {
			sub.Close()
		}
	}()
	every := k.Every
	if every <= 0 {
		every = time.Minute
	}
	sweep, retain := time.NewTicker(every), time.NewTimer(firstDelay)
	defer sweep.Stop()
	defer retain.Stop()
	soon := time.NewTimer(time.Hour)
	soon.Stop()
	defer soon.Stop()
	failed := false
	for {
		select {
		case <-ctx.Done():
			return
		case _, ok := <-over:
			if !ok { // it fell behind, the sweep finds all
				subscribe()
			}
			soon.Reset(firstDelay)
			continue
		case <-retain.C:
			k.Retain(ctx)
			k.report(ctx)
			retain.Reset(retainEvery)
			continue
		case <-sweep.C:
		case <-soon.C:
		}
		k.index(ctx, time.Now().Add(-24*time.Hour))
		_, err := k.SealLeft(ctx, false)
		if err != nil && !failed && ctx.Err() == nil {
			k.Log.ErrorContext(ctx, "recordings could not be sealed, they stay plain until that works", "error", err)
		}
		failed = err != nil
	}
}

// index makes what was said findable in calls that are over.
func (k *Keeper) index(ctx context.Context, since time.Time) {
	for {
		n, err := k.Store.IndexCalls(ctx, since, indexBatch)
		if err != nil && ctx.Err() == nil {
			k.Log.ErrorContext(ctx, "calls could not be made findable by what was said", "error", err)
		}
		if n < indexBatch || err != nil {
			return
		}
	}
}

// SealLeft seals the recordings of calls that are over; all looks into every folder, not
// only those of the last two days.
func (k *Keeper) SealLeft(ctx context.Context, all bool) (n int, err error) {
	roots := []string{filepath.Join(k.Dir, folder)}
	if !all {
		now := time.Now().UTC()
		roots = []string{filepath.Join(k.Dir, folder, now.Format("2006/01/02")), filepath.Join(k.Dir, folder, now.AddDate(0, 0, -1).Format("2006/01/02"))}
	}
	var errs []error
	for _, root := range roots {
		err := filepath.WalkDir(root, func(file string, e fs.DirEntry, err error) error {
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case errors.Is(err, fs.ErrNotExist):
				return nil
			case err != nil:
				return err
			case e.IsDir():
				return nil
			case all && strings.HasSuffix(file, partSuffix):
				return removeIfThere(file) // of a program that was killed; nobody else seals
			case filepath.Ext(file) != ".wav":
				return nil
			}
			done, err := k.sealOne(ctx, file, e)
			if done {
				n++
			}
			errs = append(errs, err) // one that fails does not hold up the rest
			return nil
		})
		errs = append(errs, err)
	}
	return n, errors.Join(errs...)
}

func (k *Keeper) sealOne(ctx context.Context, file string, e fs.DirEntry) (done bool, err error) {
	info, err := e.Info()
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	ended, known, err := k.Store.Left(ctx, strings.TrimSuffix(filepath.Base(file), ".wav"))
	if err != nil {
		return false, err
	}
	still := firstDelay / 2
	if !known {
		still = settled
	}
	if known && !ended || time.Since(info.ModTime()) < still {
		return false, nil
	}
	name, err := filepath.Rel(k.Dir, file)
	if err != nil {
		return false, err
	}
	return true, Seal(k.Dir, k.Sealer, filepath.ToSlash(name))
}

// Retain deletes what is older than it may be, and proves in the audit trail that it is
// gone.
func (k *Keeper) Retain(ctx context.Context) {
	for _, kind := range store.Kinds() {
		before, ok := k.Retention.Before(kind, time.Now())
		if !ok || ctx.Err() != nil {
			continue
		}
		deleted, left, err := k.expire(ctx, kind, before)
		if err != nil && ctx.Err() == nil {
			k.Log.ErrorContext(ctx, "old data could not be deleted", "kind", kind, "error", err)
		}
		if deleted == 0 && left == 0 {
			continue
		}
		detail := map[string]string{
			"before": before.UTC().Format(time.RFC3339), "days": strconv.Itoa(k.Retention.days(kind)),
			"deleted": strconv.Itoa(deleted), "left": strconv.Itoa(left),
		}
		if err := k.Store.AddTrail(ctx, store.TrailEntry{Actor: "server", Action: "retention", Subject: kind, Detail: detail}); err != nil && ctx.Err() == nil {
			k.Log.ErrorContext(ctx, "the audit trail cannot be written", "error", err)
		}
	}
}

func (k *Keeper) expire(ctx context.Context, kind string, before time.Time) (deleted, left int, err error) {
	if kind == store.KeepRecordings || kind == store.KeepCalls { // no record goes before its recording
		n, stuck, err := k.expireRecordings(ctx, before)
		if kind == store.KeepRecordings || err != nil {
			return n, stuck, err
		}
	}
	return k.Store.Expire(ctx, kind, before)
}

func (k *Keeper) expireRecordings(ctx context.Context, before time.Time) (deleted, left int, err error) {
	const batch = 200
	for {
		list, err := k.Store.ExpiredRecordings(ctx, before, batch)
		if err != nil || len(list) == 0 {
			return deleted, 0, err
		}
		var gone []string
		for _, r := range list {
			if err = Remove(k.Dir, r.File); err == nil && !Exists(k.Dir, r.File) {
				gone = append(gone, r.Call)
			}
		}
		if len(gone) > 0 {
			if err := k.Store.ForgetRecordings(ctx, gone); err != nil {
				return deleted, 0, err
			}
			deleted += len(gone)
		}
		if len(gone) < len(list) { // the disk refuses; the next time, then
			left, cerr := k.Store.Overdue(ctx, store.KeepRecordings, before)
			return deleted, left, errors.Join(err, cerr)
		}
	}
}

// noteRetention writes into the audit trail that the settings of retention have changed.
func (k *Keeper) noteRetention(ctx context.Context) {
	const key = "retention.known"
	now, err := json.Marshal(k.Retention)
	if err != nil {
		return // five numbers always marshal
	}
	before, _, err := k.Store.Setting(ctx, key)
	if err == nil && before != string(now) {
		err = errors.Join(
			k.Store.AddTrail(ctx, store.TrailEntry{Actor: "server", Action: "retention-changed", Detail: map[string]string{"before": before, "after": string(now)}}),
			k.Store.SetSetting(ctx, key, string(now)))
	}
	if err != nil && ctx.Err() == nil {
		k.Log.ErrorContext(ctx, "the audit trail cannot be written", "error", err)
	}
}

// writeFile replaces a file of the data folder as a whole.
func writeFile(file string, b []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	t, err := os.CreateTemp(filepath.Dir(file), ".new-*") // made with 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(t.Name()) }() // does nothing after the rename
	_, err = t.Write(b)
	if err = errors.Join(err, t.Sync(), t.Close()); err != nil {
		return err
	}
	return os.Rename(t.Name(), file)
}

// Kept is how one kind of data is kept.
type Kept struct {
	Kind    string    `json:"kind" enum:"recordings,transcripts,calls,tickets,audit"`
	Days    int       `json:"days" doc:"0: for ever"`
	Overdue int       `json:"overdue" doc:"older than it may be; deleted within the hour"`
	Soon    int       `json:"soon" doc:"will be within a week"`
	Last    time.Time `json:"last,omitzero" doc:"of the last deletion"`
	Deleted int       `json:"deleted" doc:"by the last deletion"`
	Left    int       `json:"left" doc:"what the last deletion could not delete"`
}

const soon = 7 * 24 * time.Hour

// Kept tells of each kind how long it is kept, what is due, and what the last deletion
// proved.
func (k *Keeper) Kept(ctx context.Context) ([]Kept, error) {
	out := make([]Kept, 0, len(store.Kinds()))
	for _, kind := range store.Kinds() {
		one := Kept{Kind: kind, Days: k.Retention.days(kind)}
		if before, ok := k.Retention.Before(kind, time.Now()); ok {
			var err error
			if one.Overdue, err = k.Store.Overdue(ctx, kind, before); err != nil {
				return nil, err
			}
			then, err := k.Store.Overdue(ctx, kind, before.Add(soon))
			if err != nil {
				return nil, err
			}
			one.Soon = then - one.Overdue
		}
		last, err := k.Store.Trail(ctx, store.TrailFilter{Action: "retention", Subject: kind, Limit: 1})
		if err != nil {
			return nil, err
		}
		for _, e := range last.Items {
			one.Last = e.At
			one.Deleted, _ = strconv.Atoi(e.Detail["deleted"])
			one.Left, _ = strconv.Atoi(e.Detail["left"])
		}
		out = append(out, one)
	}
	return out, nil
}
