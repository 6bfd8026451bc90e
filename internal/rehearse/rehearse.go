// Package rehearse moves a calendar on by hand, so that a campaign of weeks can be tried
// in minutes: the days and the waiting between attempts pass in leaps, and everything
// between two leaps takes as long as it does.
//
// # Concepts
//
// A file says how far the calendar is ahead of the clock. Several servers that read the
// same file have the same calendar. It never goes back. Only a program built with the tag
// "rehearsal" reads one (make rehearsal): what is shipped has no such setting.
//
// # Concurrency
//
// A Calendar may be used from several goroutines.
package rehearse

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Variable of the environment that names the file.
const Variable = "REHEARSAL_CALENDAR"

// Calendar is a clock that leaps.
type Calendar struct {
	path string

	mu    sync.Mutex // guards what follows
	ahead time.Duration
	read  time.Time
}

// Open reads a file that [Leap] has written.
func Open(path string) (*Calendar, error) {
	ahead, err := read(path)
	if err != nil {
		return nil, err
	}
	return &Calendar{path: path, ahead: ahead, read: time.Now()}, nil
}

// often is how long what was read counts.
const often = 50 * time.Millisecond

// Now is the calendar's time.
func (c *Calendar) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if now.Sub(c.read) > often {
		c.read = now
		if ahead, err := read(c.path); err == nil && ahead > c.ahead {
			c.ahead = ahead
		}
	}
	return now.Add(c.ahead).Round(0) // the difference of two is the calendar's, not the clock's
}

func read(path string) (time.Duration, error) {
	b, err := os.ReadFile(path) //nolint:gosec // who rehearses says where
	if err != nil {
		return 0, fmt.Errorf("read the calendar of a rehearsal: %w", err)
	}
	ms, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read the calendar of a rehearsal: %w", err)
	}
	return time.Duration(ms) * time.Millisecond, nil
}

// Leap sets how far the calendar is ahead; whoever reads meanwhile sees the old or the new.
func Leap(path string, ahead time.Duration) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".calendar")
	if err == nil {
		_, err = fmt.Fprintln(f, ahead.Milliseconds())
		if closed := f.Close(); err == nil {
			err = closed
		}
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("move the calendar of a rehearsal: %w", err)
	}
	return nil
}
