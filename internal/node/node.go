// Package node gives each of the servers that share a database a name that no other has
// at the same time, and lets them see each other.
//
// A name stands for much: the calls in progress under it are ended as interrupted when a
// server of that name starts, its attempts of campaigns are settled, its alerts are its
// own. So a second server of a name is refused. [Take] says whether a name is free:
//
//   - a file of the data folder is locked while a server of the name runs from it; the
//     system unlocks it with the process, however that ends. Who gets the lock knows that
//     the one before is gone, and its name is his at once;
//   - elsewhere a row of the database has a counter that goes up while the server lives.
//     Who finds the row waits whether the counter still goes up, a few seconds, and takes
//     the name when it does not. No two machines' clocks are compared but roughly.
//
// A [Lease] that is held says so each second ([Lease.Run]), and carries with it what the
// others' walls show of this server.
package node

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Row is what the database has of a server.
type Row struct {
	Name, Instance    string
	Host, URL         string // where it runs, for people; its console
	Keys              string // which keys it has read
	Beat              int64
	StartedAt, SeenAt time.Time // by its clock
	State             []byte
}

// Store is where rows are kept.
type Store interface {
	Nodes(ctx context.Context) ([]Row, error)
	// TakeNode puts a row where there is none of its name, or in place of one that still
	// has the instance and the beat that it is known to have had.
	TakeNode(ctx context.Context, r, instead Row) (taken bool, err error)
	// BeatNode keeps a row's keys and state and moves its beat, if it is still its
	// instance's.
	BeatNode(ctx context.Context, r Row) (ours bool, err error)
	LeaveNode(ctx context.Context, r Row) error
	// ForgetNodes deletes what was not seen since a time.
	ForgetNodes(ctx context.Context, before time.Time) error
}

// Config says who this server is.
type Config struct {
	Store Store
	Name  string
	Dir   string // the data folder
	URL   string // where others' people reach its console; may be empty
	Log   *slog.Logger
	// State is what others are to know; Keys which keys it has read. nil: nothing.
	State func() []byte
	Keys  func() string
	// Changed is called when what is known of others has changed; nil: nobody is told.
	Changed func()
	// Every is how often it says that it lives while there are others, default a second;
	// Patience how long a counter must have stood still to be a dead server's, default 12 s.
	Every, Patience time.Duration
}

const (
	every      = time.Second      // a beat, while there are others
	aloneEvery = 5                // beats that are left out while there is nobody to see them
	patience   = 12 * time.Second // after which a counter that stands still is a dead server's
	longAgo    = 2 * time.Minute  // since when nobody need wait, whatever the clocks
	forget     = 24 * time.Hour
	limit      = 5 * time.Second // of one look at the database
)

// InUseError tells of a name that another server has.
type InUseError struct {
	Name, Host string
	Since      time.Time
}

func (e *InUseError) Error() string {
	where := "another server"
	if e.Host != "" {
		where += " (" + e.Host
		if !e.Since.IsZero() {
			where += ", since " + e.Since.Local().Format(time.DateTime)
		}
		where += ")"
	}
	return fmt.Sprintf("database.node %q is in use by %s: servers that share a database each need a name of their own "+
		"(database.node in hotline.yaml, or HOTLINE_DATABASE_NODE); a second one would end the first one's calls", e.Name, where)
}

// ErrLost ends a [Lease] whose name another server has taken, after this one was not to
// be seen for a while.
var ErrLost = errors.New("another server has taken this one's name (database.node) while this one could not say that it lives")

// Lease is a name that is held.
type Lease struct {
	cfg  Config
	row  Row
	lock *os.File

	mu    sync.Mutex
	peers map[string]*peer // guarded by mu
}

// peer is another server.
type peer struct {
	row   Row
	moved time.Time // when its beat was seen to move
}

// Take makes a name this server's, or says who has it. [Lease.Close] gives it back.
func Take(ctx context.Context, cfg Config) (*Lease, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	l := &Lease{cfg: cfg, peers: map[string]*peer{}, row: Row{
		Name: cfg.Name, Instance: rand.Text(), Host: fmt.Sprintf("%s, process %d", host, os.Getpid()), URL: cfg.URL,
	}}
	l.cfg.Every, l.cfg.Patience = cmp.Or(cfg.Every, every), cmp.Or(cfg.Patience, patience)
	if cfg.Keys != nil {
		l.row.Keys = cfg.Keys()
	}
	former, err := l.lockFile()
	if err != nil {
		return nil, err
	}
	if err := l.take(ctx, former); err != nil {
		return nil, errors.Join(err, l.lock.Close())
	}
	return l, nil
}

// lockFile locks the name in the data folder and returns which instances had it last: the
// one before, and the one before that, since a start may have ended before its row was
// there.
func (l *Lease) lockFile() (former []string, err error) {
	if err := os.MkdirAll(l.cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("lock the name of this server: %w", err)
	}
	path := lockPath(l.cfg.Dir, l.cfg.Name)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // of the data folder
	if err != nil {
		return nil, fmt.Errorf("lock the name of this server: %w", err)
	}
	text, err := os.ReadFile(path) //nolint:gosec // the same
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock the name of this server: %w", err), f.Close())
	}
	lines := append(strings.Split(string(text), "\n"), "", "", "")
	who := lines[1]
	switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
	case errors.Is(err, syscall.EWOULDBLOCK):
		return nil, errors.Join(&InUseError{Name: l.cfg.Name, Host: cmp.Or(who, "it runs from the same data folder")}, f.Close())
	case err != nil: // a disk that knows no locks: the database decides alone
		l.cfg.Log.Warn("the data folder's disk knows no locks, a restart after a crash takes some seconds longer", "error", err)
	default:
		former = []string{lines[0], lines[2]}
	}
	l.lock = f
	if err := l.write(l.row.Instance + "\n" + l.row.Host + "\n" + lines[0] + "\n"); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return former, nil
}

// Running tells whether a server of the name runs from the data folder, and which (its
// host and process). It asks the lock of [Take] alone: one elsewhere is not seen.
func Running(dir, name string) (who string, running bool) {
	f, err := os.Open(lockPath(dir, name))
	if err != nil {
		return "", false // none has ever run here, or it is not ours to know
	}
	defer func() { _ = f.Close() }() // gives a lock back
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB); !errors.Is(err, syscall.EWOULDBLOCK) {
		return "", false
	}
	text, err := io.ReadAll(io.LimitReader(f, 4<<10))
	if err != nil {
		return "", true
	}
	lines := append(strings.Split(string(text), "\n"), "", "")
	return lines[1], true
}

func lockPath(dir, name string) string {
	return filepath.Join(dir, "node-"+url.PathEscape(name)+".lock")
}

func (l *Lease) write(text string) error {
	_, err := l.lock.WriteAt([]byte(text), 0)
	if err == nil {
		err = l.lock.Truncate(int64(len(text)))
	}
	if err = errors.Join(err, l.lock.Sync()); err != nil {
		return fmt.Errorf("lock the name of this server: %w", err)
	}
	return nil
}

// take takes the name in the database.
func (l *Lease) take(ctx context.Context, former []string) error {
	if err := l.cfg.Store.ForgetNodes(ctx, time.Now().Add(-forget)); err != nil {
		return err
	}
	until := time.Now().Add(l.cfg.Patience)
	gone := func(r Row) bool { return r.Instance == "" || slices.Contains(former, r.Instance) }
	var first Row // as it was found
	for {
		there, err := l.there(ctx)
		if err != nil {
			return err
		}
		free := gone(there) || time.Since(there.SeenAt) > longAgo
		switch {
		case first.Instance == "":
			if first = there; !free {
				l.cfg.Log.InfoContext(ctx, "a server had this one's name a moment ago, it is seen whether it lives", "node", l.cfg.Name, "host", there.Host)
			}
		case there.Instance != first.Instance || there.Beat != first.Beat:
			if free = gone(there); !free {
				return &InUseError{Name: l.cfg.Name, Host: there.Host, Since: there.StartedAt}
			}
		case time.Now().After(until):
			free = true
		}
		if free {
			taken, err := l.cfg.Store.TakeNode(ctx, l.row, there)
			if err != nil || taken {
				return err
			}
			continue // somebody else was faster: he lives
		}
		select {
		case <-time.After(l.cfg.Every / 2):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// there is the row of this server's name; a zero one where there is none.
func (l *Lease) there(ctx context.Context) (Row, error) {
	rows, err := l.cfg.Store.Nodes(ctx)
	if err != nil {
		return Row{}, err
	}
	if i := slices.IndexFunc(rows, func(r Row) bool { return r.Name == l.cfg.Name }); i >= 0 {
		return rows[i], nil
	}
	return Row{}, nil
}

// Name is this server's.
func (l *Lease) Name() string { return l.cfg.Name }

// Close gives the name back.
func (l *Lease) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	return errors.Join(l.cfg.Store.LeaveNode(ctx, l.row), l.write(""), l.lock.Close())
}

// Run says each second that this server lives, and looks which others do, until ctx ends.
// Its error is [ErrLost]: a database that does not answer is waited for.
func (l *Lease) Run(ctx context.Context) error {
	tick := time.NewTicker(l.cfg.Every)
	defer tick.Stop()
	failed := false
	for n := 0; ; n++ {
		if n%aloneEvery == 0 || l.others() {
			err := l.beat(ctx)
			switch {
			case errors.Is(err, ErrLost):
				return err
			case err != nil && !failed && ctx.Err() == nil:
				l.cfg.Log.WarnContext(ctx, "this server cannot say that it lives, nor see others, until the database answers", "error", err)
			}
			failed = err != nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (l *Lease) beat(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	row := l.row
	if l.cfg.Keys != nil {
		row.Keys = l.cfg.Keys()
	}
	if l.cfg.State != nil && l.others() {
		row.State = l.cfg.State()
	}
	ours, err := l.cfg.Store.BeatNode(ctx, row)
	if err != nil {
		return err
	}
	rows, err := l.cfg.Store.Nodes(ctx)
	if err != nil {
		return err
	}
	if !ours {
		there, err := l.there(ctx)
		if err != nil {
			return err
		}
		if there.Instance != "" && there.Instance != row.Instance {
			return ErrLost
		}
		if _, err := l.cfg.Store.TakeNode(ctx, row, there); err != nil { // deleted by hand, or after a day without a database
			return err
		}
	}
	if l.see(rows, time.Now()) && l.cfg.Changed != nil {
		l.cfg.Changed()
	}
	return nil
}

// see learns what others are; changed tells whether somebody should look.
func (l *Lease) see(rows []Row, now time.Time) (changed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	there := map[string]bool{}
	for _, r := range rows {
		if r.Name == l.cfg.Name {
			continue
		}
		there[r.Name] = true
		p := l.peers[r.Name]
		switch {
		case p == nil || p.row.Instance != r.Instance:
			lives := now
			if p == nil && now.Sub(r.SeenAt).Abs() > longAgo {
				lives = time.Time{} // until it moves
			}
			p = &peer{moved: lives}
			l.peers[r.Name] = p
			changed = changed || !lives.IsZero()
		case p.row.Beat != r.Beat:
			changed = changed || !l.lives(p, now) || !bytes.Equal(p.row.State, r.State)
			p.moved = now
		case !p.moved.IsZero() && !l.lives(p, now):
			p.moved = time.Time{}
			changed = true
		}
		p.row = r
	}
	for name := range l.peers {
		if !there[name] {
			delete(l.peers, name)
			changed = true
		}
	}
	return changed
}

func (l *Lease) lives(p *peer, now time.Time) bool {
	return !p.moved.IsZero() && now.Sub(p.moved) < l.cfg.Patience
}

func (l *Lease) others() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.peers) > 0
}

// Elsewhere are the other servers that live, by name.
func (l *Lease) Elsewhere() (rows []Row) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	for _, p := range l.peers {
		if l.lives(p, now) {
			rows = append(rows, p.row)
		}
	}
	slices.SortFunc(rows, func(a, b Row) int { return cmp.Compare(a.Name, b.Name) })
	return rows
}
