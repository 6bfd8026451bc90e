// Package audit keeps the log of who tried what against the server: lines of JSON in
// a file that is replaced when it is full, so that an attacker cannot fill the disk
// with his own record.
//
// # Concurrency
//
// A [Log] may be used from any goroutine; it starts none.
package audit

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Entry is one line.
type Entry struct {
	At     time.Time `json:"at"`
	Kind   string    `json:"kind" doc:"scanner, login_failed, unknown_user, malformed, flood, connections, blocked, unblocked, toll_fraud, knowledge_draft, knowledge_published and its like"`
	Source string    `json:"source,omitempty" doc:"an IPv4 address or an IPv6 network; empty: several"`
	User   string    `json:"user,omitempty" doc:"who was tried last, masked"`
	Detail string    `json:"detail,omitempty"`
	Count  int       `json:"count" doc:"how many alike it stands for"`
}

// Config bounds the log. The zero value is useful.
type Config struct {
	MaxBytes int64 // of one file; default 8 MB
	Keep     int   // files that are full and kept; default 4
	Log      *slog.Logger
}

// Log is an audit log.
type Log struct {
	path string
	cfg  Config

	mu     sync.Mutex // guards what follows
	file   *os.File
	size   int64
	failed bool // the last write did: it is told once
}

// Open opens or makes the log. It is readable by the service alone.
func Open(path string, cfg Config) (*Log, error) {
	cfg.MaxBytes = cmp.Or(cfg.MaxBytes, 8<<20)
	cfg.Keep = cmp.Or(cfg.Keep, 4)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	l := &Log{path: path, cfg: cfg}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of the audit log: %w", err)
	}
	if err := l.open(); err != nil {
		return nil, err
	}
	return l, nil
}

// open opens the file to append. The caller holds l.mu.
func (l *Log) open() error {
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("opening the audit log: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(fmt.Errorf("opening the audit log: %w", err), f.Close())
	}
	l.file, l.size = f, info.Size()
	return nil
}

// Add writes an entry. A disk that is full costs the entry and nothing else.
func (l *Log) Add(e Entry) {
	line, err := json.Marshal(e)
	if err != nil {
		return // text that is no UTF-8 is replaced, so this cannot be
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	err = l.write(append(line, '\n'))
	if err != nil && !l.failed {
		l.cfg.Log.Error("the audit log cannot be written", "error", err)
	}
	l.failed = err != nil
}

func (l *Log) write(line []byte) error {
	if l.file == nil {
		if err := l.open(); err != nil {
			return err
		}
	}
	if l.size > 0 && l.size+int64(len(line)) > l.cfg.MaxBytes {
		if err := l.turn(); err != nil {
			return err
		}
	}
	n, err := l.file.Write(line)
	l.size += int64(n)
	return err
}

// turn puts the full file aside and begins another. The caller holds l.mu.
func (l *Log) turn() error {
	err := l.file.Close()
	l.file = nil
	for i := l.cfg.Keep; i > 0 && err == nil; i-- {
		if err = os.Rename(l.aside(i-1), l.aside(i)); errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	}
	if err != nil {
		return fmt.Errorf("putting the full audit log aside: %w", err)
	}
	return l.open()
}

// aside is the name of the i-th file, 0 being the one that is written.
func (l *Log) aside(i int) string {
	if i == 0 {
		return l.path
	}
	return l.path + "." + strconv.Itoa(i)
}

// Recent are the latest entries before a time, the latest first; zero means now.
func (l *Log) Recent(limit int, before time.Time) ([]Entry, error) {
	l.mu.Lock()
	defer l.mu.Unlock() // no file is put aside meanwhile
	var out []Entry
	for i := 0; i <= l.cfg.Keep && len(out) < limit; i++ {
		b, err := os.ReadFile(l.aside(i))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading the audit log: %w", err)
		}
		entries := parse(b)
		for _, e := range slices.Backward(entries) {
			if len(out) < limit && (before.IsZero() || e.At.Before(before)) {
				out = append(out, e)
			}
		}
	}
	return out, nil
}

// parse reads the lines that are whole: a crash may have cut one.
func parse(b []byte) (out []Entry) {
	lines := bufio.NewScanner(bytes.NewReader(b))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e Entry
		if json.Unmarshal(lines.Bytes(), &e) == nil && e.Kind != "" {
			out = append(out, e)
		}
	}
	return out
}

// Close closes the file.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	f := l.file
	l.file = nil
	return f.Close()
}
