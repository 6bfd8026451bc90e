package custody

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"hotline/dialog/private"
	"hotline/internal/seal"
	"hotline/internal/store"
)

// UnmaskedFile is a file in which personal data stand unmasked.
type UnmaskedFile struct {
	File  string         `json:"file"`
	What  string         `json:"what" enum:"messages,attempts,log,export,named,other"` // what it is
	Kinds map[string]int `json:"kinds"`                                                // how many of each: "phone", "identity" …
	Line  int            `json:"line"`                                                 // of the first
}

// What an [UnmaskedFile] is.
const (
	Messages = "messages" // short messages that no gateway takes
	Attempts = "attempts" // who tried what from outside
	Logs     = "log"
	Exports  = "export"
	Named    = "named" // outside of the data folder, by the operator
	Other    = "other"
)

// what a file of the data folder is, by its name.
func what(file string) string {
	name := filepath.Base(file)
	switch {
	case name == "sms.jsonl":
		return Messages
	case strings.HasPrefix(name, "audit.log"):
		return Attempts
	case strings.Contains(name, ".log"):
		return Logs
	case filepath.Ext(name) == ".csv":
		return Exports
	default:
		return Other
	}
}

// Overrun is a kind of data that is older than it may be.
type Overrun struct {
	Kind  string `json:"kind"`
	Days  int    `json:"days"`
	Count int    `json:"count"`
}

// Listener is who read recordings, calls and numbers in the time of the report.
type Listener struct {
	Actor      string   `json:"actor"`
	Recordings int      `json:"recordings"`
	Calls      int      `json:"calls"`
	Numbers    int      `json:"numbers"` // shown unmasked in lists
	Exports    int      `json:"exports"`
	Listened   []string `json:"listened"` // the calls whose recordings
}

// Report is what the privacy report says.
type Report struct {
	At        time.Time      `json:"at"`
	From      time.Time      `json:"from"`
	Unmasked  []UnmaskedFile `json:"unmasked"`
	Overrun   []Overrun      `json:"overrun"`
	Plain     int            `json:"plain_recordings"` // of calls that are over
	Listeners []Listener     `json:"listeners"`
	Key       struct {
		ID   string    `json:"id"`
		Made time.Time `json:"made"`
		Days int       `json:"days"`
		Due  bool      `json:"due"`
	} `json:"key"`
	// HashKey is the key by which numbers and words are found: the how manieth.
	HashKey struct {
		Number int       `json:"number"`
		Made   time.Time `json:"made"`
		Days   int       `json:"days"`
		Due    bool      `json:"due"`
	} `json:"hash_key"`
	Rotating bool `json:"rotating"` // a rotation was begun and is not over
	Trail    struct {
		Rows   int64  `json:"rows"`
		Head   string `json:"head"`
		Broken string `json:"broken,omitempty"`
	} `json:"audit_trail"`
}

// Problems tells whether somebody should do something.
func (r Report) Problems() bool {
	return len(r.Unmasked) > 0 || len(r.Overrun) > 0 || r.Plain > 0 || r.Key.Due || r.HashKey.Due || r.Rotating || r.Trail.Broken != ""
}

// Report looks for what is wrong with personal data, and for who has read it since a time.
func (k *Keeper) Report(ctx context.Context, from time.Time) (r Report, err error) {
	now := time.Now().UTC().Truncate(time.Second)
	r.At, r.From = now, from.UTC()
	r.Unmasked, r.Overrun, r.Listeners = []UnmaskedFile{}, []Overrun{}, []Listener{}
	if err := k.unmasked(ctx, &r); err != nil {
		return r, err
	}
	for _, kind := range store.Kinds() {
		before, ok := k.Retention.Before(kind, now.Add(-24*time.Hour)) // the server deletes each hour
		if !ok {
			continue
		}
		n, err := k.Store.Overdue(ctx, kind, before)
		if err != nil {
			return r, err
		}
		if n > 0 {
			r.Overrun = append(r.Overrun, Overrun{kind, k.Retention.days(kind), n})
		}
	}
	if r.Plain, err = k.plain(ctx); err != nil {
		return r, err
	}
	if err := k.listeners(ctx, &r); err != nil {
		return r, err
	}
	id, made := k.Sealer.Key()
	r.Key.ID, r.Key.Made, r.Key.Days = strconv.FormatUint(uint64(id), 10), made.UTC(), int(now.Sub(made).Hours()/24)
	r.Key.Due = k.KeyDays > 0 && r.Key.Days >= k.KeyDays
	number, made, moving := k.Sealer.HashKey()
	r.HashKey.Number, r.HashKey.Made, r.HashKey.Days = number, made.UTC(), int(now.Sub(made).Hours()/24)
	r.HashKey.Due = k.KeyDays > 0 && r.HashKey.Days >= k.KeyDays
	r.Rotating = moving
	if keys, err := seal.CountKeys(k.KeyFile); err == nil {
		r.Rotating = r.Rotating || keys > 1
	}
	state, err := k.Store.CheckTrail(ctx)
	if err != nil {
		return r, err
	}
	r.Trail.Rows, r.Trail.Head, r.Trail.Broken = state.Rows, state.Head, state.BrokenText
	return r, nil
}

// Files that are read for personal data: text that people or programs may carry away.
var looked = []string{".log", ".jsonl", ".csv", ".json", ".txt"}

// maxLooked is how much of a file is read.
const maxLooked = 64 << 20

func (k *Keeper) unmasked(ctx context.Context, r *Report) error {
	var files []string
	err := filepath.WalkDir(k.Dir, func(file string, e fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case e.IsDir() && (e.Name() == folder || e.Name() == reports || e.Name() == "speech"):
			return fs.SkipDir
		case !e.Type().IsRegular():
			return nil
		}
		name := e.Name()
		if base, n, ok := strings.Cut(name, ".log."); ok && strings.Trim(n, "0123456789") == "" { // put aside
			name = base + ".log"
		}
		if slices.Contains(looked, filepath.Ext(name)) {
			files = append(files, file)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("look for personal data: %w", err)
	}
	for i, file := range append(files, k.Logs...) {
		f, err := lookInto(file)
		if err != nil {
			return fmt.Errorf("look for personal data: %w", err)
		}
		if f.What = what(file); i >= len(files) && f.What != Logs {
			f.What = Named
		}
		if len(f.Kinds) > 0 {
			r.Unmasked = append(r.Unmasked, f)
		}
	}
	return nil
}

func lookInto(file string) (f UnmaskedFile, err error) {
	f = UnmaskedFile{File: file, Kinds: map[string]int{}}
	in, err := os.Open(file) //nolint:gosec // of the data folder, or named by the operator
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 4<<20)
	for n, size := 1, 0; lines.Scan() && size < maxLooked; n++ {
		size += len(lines.Bytes())
		for _, s := range private.Find(lines.Text()) {
			// Names and addresses are guesses, good enough to mask and not to accuse.
			if s.Kind == private.Name || s.Kind == private.Address {
				continue
			}
			if f.Line == 0 {
				f.Line = n
			}
			f.Kinds[string(s.Kind)]++
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return f, nil
	}
	return f, lines.Err()
}

// plain counts recordings that should be sealed.
func (k *Keeper) plain(ctx context.Context) (n int, err error) {
	err = filepath.WalkDir(filepath.Join(k.Dir, folder), func(file string, e fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case e.IsDir() || filepath.Ext(file) != ".wav":
			return nil
		}
		info, err := e.Info()
		if err != nil {
			return nil //nolint:nilerr // it was sealed just now
		}
		ended, known, err := k.Store.Left(ctx, strings.TrimSuffix(e.Name(), ".wav"))
		if (ended || !known) && time.Since(info.ModTime()) > settled {
			n++
		}
		return err
	})
	return n, err
}

func (k *Keeper) listeners(ctx context.Context, r *Report) error {
	by := map[string]*Listener{}
	for _, action := range []string{"get-recording", "get-call", "numbers", "export-calls", "join-call", "caller-exported"} {
		for cursor := ""; ; {
			page, err := k.Store.Trail(ctx, store.TrailFilter{Action: action, From: r.From, Limit: 500, Cursor: cursor})
			if err != nil {
				return err
			}
			for _, e := range page.Items {
				l := by[e.Actor]
				if l == nil {
					l = &Listener{Actor: e.Actor, Listened: []string{}}
					by[e.Actor] = l
				}
				l.count(e)
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
	}
	for _, l := range by {
		r.Listeners = append(r.Listeners, *l)
	}
	slices.SortFunc(r.Listeners, func(a, b Listener) int { return strings.Compare(a.Actor, b.Actor) })
	return nil
}

func (l *Listener) count(e store.TrailEntry) {
	switch e.Action {
	case "get-recording", "join-call":
		l.Recordings++
		if !slices.Contains(l.Listened, e.Subject) {
			l.Listened = append(l.Listened, e.Subject)
		}
	case "get-call":
		l.Calls++
	case "numbers":
		n, err := strconv.Atoi(e.Detail["count"])
		if err != nil {
			n = 1
		}
		l.Numbers += n
	default:
		l.Exports++
	}
}

const (
	reports     = "reports" // below the data folder
	reportsKept = 400       // days
)

// report writes the day's report into the data folder, once.
func (k *Keeper) report(ctx context.Context) {
	now := time.Now()
	file := filepath.Join(k.Dir, reports, "privacy-"+now.Format(time.DateOnly)+".json")
	if _, err := os.Stat(file); err == nil {
		return
	}
	r, err := k.Report(ctx, now.Add(-reportEvery))
	var b []byte
	if err == nil {
		b, err = json.MarshalIndent(r, "", "  ")
	}
	if err == nil {
		err = writeFile(file, append(b, '\n'))
	}
	if err != nil {
		if ctx.Err() == nil {
			k.Log.ErrorContext(ctx, "the privacy report could not be made", "error", err)
		}
		return
	}
	if r.Problems() {
		k.Log.WarnContext(ctx, "the privacy report of the day says that something is to be done", "report", file)
	}
	old, err := filepath.Glob(filepath.Join(k.Dir, reports, "privacy-*.json"))
	if err != nil {
		return
	}
	oldest := "privacy-" + now.AddDate(0, 0, -reportsKept).Format(time.DateOnly) + ".json"
	for _, f := range old {
		if filepath.Base(f) < oldest {
			_ = removeIfThere(f) // the next day tries again
		}
	}
}
