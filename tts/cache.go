package tts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"hotline/media"
	"hotline/media/opus"
)

// CacheConfig of a Cache.
type CacheConfig struct {
	Dir      string // made when it is not there
	MaxBytes int64  // on disk; default 512 MB; what was not used longest goes first
	// Rate that sounds are made and kept at, 8, 12, 16, 24 or 48 kHz; default 16,000.
	Rate int
	// Keep says which utterances may stay on the disk; nil: all. Those that it
	// refuses are still shared while they are being made.
	Keep func(Utterance) bool
	Log  *slog.Logger // nil for silence
}

// maxCached is the longest text, in runes, that goes through the cache.
const maxCached = 400

// Cache keeps what was spoken on disk, as Opus files named by [Key]. Callers that
// ask for the same utterance at the same time share one synthesis, and hear it as
// it is made. A synthesis that failed or was cancelled is not kept.
//
// A synthesis runs in a goroutine of its own, at its own speed whatever its
// listeners' speed. It is cancelled when the last listener leaves before its end,
// and that listener waits for it; one that has ended writes its file while its
// listeners still play, and Close waits for that. Text should be normalised above
// the cache, and its voice be known.
type Cache struct {
	next Synthesizer
	cfg  CacheConfig

	mu      sync.Mutex // guards all below
	entries map[string]*entry
	bytes   int64
	flights map[string]*flight
	hits    int64
	misses  int64

	flying sync.WaitGroup
}

type entry struct {
	size    int64
	used    time.Time
	touched time.Time // what the file's time says
}

// CacheStats are counts since the start, and what is on disk now.
type CacheStats struct {
	Hits, Misses int64
	Files        int
	Bytes        int64
}

// NewCache opens the cache in cfg.Dir and reads what it holds.
func NewCache(next Synthesizer, cfg CacheConfig) (*Cache, error) {
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = 512 << 20
	}
	if cfg.Rate == 0 {
		cfg.Rate = 16000
	}
	if !opus.Native(cfg.Rate) {
		return nil, fmt.Errorf("speech cache: it cannot keep sound at %d Hz", cfg.Rate)
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	c := &Cache{next: next, cfg: cfg, entries: map[string]*entry{}, flights: map[string]*flight{}}
	if err := os.MkdirAll(cfg.Dir, 0o750); err != nil {
		return nil, fmt.Errorf("speech cache: %w", err)
	}
	err := filepath.WalkDir(cfg.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		key, ok := strings.CutSuffix(d.Name(), ".opus")
		if !ok || strings.HasPrefix(key, ".") { // left by a crash while writing
			if strings.HasPrefix(d.Name(), ".") && strings.Contains(d.Name(), ".opus.") {
				return os.Remove(path) //nolint:gosec // our own folder
			}
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return nil //nolint:nilerr // it has just been removed
		}
		c.entries[key] = &entry{size: info.Size(), used: info.ModTime(), touched: info.ModTime()}
		c.bytes += info.Size()
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("speech cache: read %s: %w", cfg.Dir, err)
	}
	c.mu.Lock()
	evicted := c.evict()
	c.mu.Unlock()
	c.remove(evicted)
	return c, nil
}

// Close waits until everything that is being made or written has ended. Nothing
// may be asked of the cache meanwhile or afterwards.
func (c *Cache) Close() error {
	c.flying.Wait()
	return nil
}

// Stats returns the counts.
func (c *Cache) Stats() CacheStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return CacheStats{c.hits, c.misses, len(c.entries), c.bytes}
}

// Ready implements Readier: u is on disk, or is being made and has begun to sound.
func (c *Cache) Ready(u Utterance) bool {
	key := Key(u)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries[key] != nil {
		return true
	}
	if fl := c.flights[key]; fl != nil && fl.begun() {
		return true
	}
	return Ready(c.next, u)
}

// Synthesize implements Synthesizer.
func (c *Cache) Synthesize(ctx context.Context, u Utterance, dst media.Writer) error {
	if utf8.RuneCountInString(u.Text) > maxCached || Ready(c.next, u) || canonical(u.Text) == "" {
		return c.next.Synthesize(ctx, u, dst)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	key := Key(u)
	if c.use(key) {
		played, err := c.play(ctx, key, dst)
		if played || err == nil || ctx.Err() != nil {
			return err
		}
		c.cfg.Log.Warn("cached speech is damaged, making it again", "file", key, "error", err)
		c.forget(key)
	}
	return c.join(ctx, key, u).listen(ctx, dst)
}

// use notes that key is wanted and says whether it is there.
func (c *Cache) use(key string) bool {
	c.mu.Lock()
	e := c.entries[key]
	if e == nil {
		c.misses++
		c.mu.Unlock()
		return false
	}
	c.hits++
	now := time.Now()
	e.used = now
	touch := now.Sub(e.touched) > time.Hour // so that the order outlives a restart
	if touch {
		e.touched = now
	}
	c.mu.Unlock()
	if touch {
		if err := os.Chtimes(c.path(key), now, now); err != nil {
			c.cfg.Log.Debug("speech cache: no new time on a file", "file", key, "error", err)
		}
	}
	return true
}

// play plays a file; played says that its sound has begun, so that it cannot be
// replaced any more.
func (c *Cache) play(ctx context.Context, key string, dst media.Writer) (played bool, err error) {
	b, err := os.ReadFile(c.path(key))
	if err != nil {
		return false, err
	}
	return playOpus(ctx, b, dst)
}

// playOpus plays an Opus file that is in memory.
func playOpus(ctx context.Context, b []byte, dst media.Writer) (played bool, err error) {
	if err := opus.Check(bytes.NewReader(b)); err != nil {
		return false, err
	}
	rate := dst.Rate()
	if !opus.Native(rate) {
		rate = opus.Clock
	}
	r, err := opus.NewReader(bytes.NewReader(b), rate)
	if err != nil {
		return false, err
	}
	out := NewFrames(dst, rate)
	buf := make([]int16, rate/50)
	for {
		n, err := r.Read(buf)
		if n > 0 {
			if err := out.Write(ctx, buf[:n]); err != nil {
				return true, err
			}
		}
		if n < len(buf) {
			if err != nil && !isEOF(err) {
				return out.Sent() > 0, err
			}
			return true, out.Flush(ctx)
		}
	}
}

// join returns the flight for key, beginning one if there is none.
func (c *Cache) join(ctx context.Context, key string, u Utterance) *flight {
	c.mu.Lock()
	defer c.mu.Unlock()
	if fl := c.flights[key]; fl != nil && fl.board() {
		return fl
	}
	making, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	fl := newFlight(c.cfg.Rate, cancel)
	c.flights[key] = fl
	c.flying.Go(func() {
		defer close(fl.landed)
		defer cancel(nil)
		if err := fl.make(making, c.next, u); err == nil && (c.cfg.Keep == nil || c.cfg.Keep(u)) {
			c.store(key, fl.sound())
		}
		c.mu.Lock() // until the file is there, the flight is what is played
		if c.flights[key] == fl {
			delete(c.flights, key)
		}
		c.mu.Unlock()
	})
	return fl
}

// store writes one file and makes room for it.
func (c *Cache) store(key string, samples []int16) {
	if len(samples) == 0 {
		return
	}
	path := c.path(key)
	err := os.MkdirAll(filepath.Dir(path), 0o750)
	if err == nil {
		err = opus.WriteFile(path, samples, c.cfg.Rate)
	}
	if err != nil {
		c.cfg.Log.Warn("speech cache: a sound was not kept", "error", err)
		return
	}
	info, err := os.Stat(path)
	if err != nil {
		return
	}
	now := time.Now()
	c.mu.Lock()
	if old := c.entries[key]; old != nil {
		c.bytes -= old.size
	}
	c.entries[key] = &entry{size: info.Size(), used: now, touched: now}
	c.bytes += info.Size()
	evicted := c.evict()
	c.mu.Unlock()
	c.remove(evicted)
}

// evict takes out what was not used longest until a tenth is free, and returns
// the keys. The caller holds mu.
func (c *Cache) evict() []string {
	if c.bytes <= c.cfg.MaxBytes {
		return nil
	}
	keys := slices.SortedFunc(maps.Keys(c.entries), func(a, b string) int {
		return c.entries[a].used.Compare(c.entries[b].used)
	})
	n := 0
	for ; n < len(keys) && c.bytes > c.cfg.MaxBytes/10*9; n++ {
		c.bytes -= c.entries[keys[n]].size
		delete(c.entries, keys[n])
	}
	return keys[:n]
}

func (c *Cache) forget(key string) {
	c.mu.Lock()
	if e := c.entries[key]; e != nil {
		c.bytes -= e.size
		delete(c.entries, key)
	}
	c.mu.Unlock()
	c.remove([]string{key})
}

func (c *Cache) remove(keys []string) {
	for _, key := range keys {
		if err := os.Remove(c.path(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			c.cfg.Log.Warn("speech cache: a file cannot be removed", "error", err)
		}
	}
}

func (c *Cache) path(key string) string {
	return filepath.Join(c.cfg.Dir, key[:2], key+".opus")
}
