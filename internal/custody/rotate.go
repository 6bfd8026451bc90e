package custody

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"hotline/internal/seal"
	"hotline/internal/store"
)

// Settle is how long after a new key was made something may still be written that was
// sealed by the one before: a Sealer notices within a second, and a row waits for its
// transaction for half a minute at most.
const Settle = 35 * time.Second

// Rotated is what a rotation did.
type Rotated struct {
	Key        uint32 // the one that seals now
	Fields     int    // sealed anew
	Recordings int    // wrapped anew
	Dropped    int    // keys that are refused from now on
}

// Rotate makes a new key, seals everything by it and drops the ones before, while calls
// go on and whichever process they are in. Broken off at any moment, it is called again
// and goes on where it was. tell hears of its steps; nil: nobody.
func Rotate(ctx context.Context, db *store.Store, sealer *seal.Sealer, dir, keyFile, by string, settle time.Duration, tell func(string)) (r Rotated, err error) {
	if tell == nil {
		tell = func(string) {}
	}
	id, added, err := seal.AddKey(keyFile, time.Now())
	if err != nil {
		return r, err
	}
	r.Key = id
	made := time.Now()
	if added {
		tell("a new key seals from now on")
		if err := db.AddTrail(ctx, store.TrailEntry{Actor: by, Action: "key-made", Subject: strconv.FormatUint(uint64(id), 10)}); err != nil {
			return r, err
		}
	} else {
		tell("going on with a rotation that was broken off")
	}
	if now, _ := sealer.Key(); now != id {
		return r, errors.New("the key file was changed by somebody else, begin again")
	}
	for {
		// What is sealed anew in a pass that began once all writers know the new key was
		// not written by the old one after it.
		last := time.Since(made) > settle
		n, err := db.Reseal(ctx)
		r.Fields += n
		if err != nil {
			return r, err
		}
		m, err := rewrapAll(ctx, sealer, dir)
		r.Recordings += m
		if err != nil {
			return r, err
		}
		if last && n+m == 0 {
			break
		}
		tell(fmt.Sprintf("%d fields and %d recordings have the new key", r.Fields, r.Recordings))
		if !last {
			select {
			case <-time.After(max(0, settle-time.Since(made)) + time.Millisecond):
			case <-ctx.Done():
				return r, context.Cause(ctx)
			}
		}
	}
	if r.Dropped, err = seal.DropOldKeys(keyFile); err != nil {
		return r, err
	}
	sealer.Key() // it notices at once
	return r, db.AddTrail(ctx, store.TrailEntry{Actor: by, Action: "key-rotated", Subject: strconv.FormatUint(uint64(id), 10), Detail: map[string]string{
		"fields": strconv.Itoa(r.Fields), "recordings": strconv.Itoa(r.Recordings), "dropped": strconv.Itoa(r.Dropped),
	}})
}

// rewrapAll wraps the keys of all sealed recordings anew.
func rewrapAll(ctx context.Context, sealer *seal.Sealer, dir string) (n int, err error) {
	err = filepath.WalkDir(filepath.Join(dir, folder), func(file string, e fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case e.IsDir() || !strings.HasSuffix(file, suffix):
			return nil
		}
		changed, err := rewrap(sealer, dir, file)
		if changed {
			n++
		}
		return err
	})
	return n, err
}

func rewrap(sealer *seal.Sealer, dir, file string) (changed bool, err error) {
	name, err := filepath.Rel(dir, strings.TrimSuffix(file, suffix))
	if err != nil {
		return false, err
	}
	f, err := os.OpenFile(file, os.O_RDWR, 0) //nolint:gosec // below the data folder
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil // deleted meanwhile
	}
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return sealer.Rewrap(f, filepath.ToSlash(name))
}

// resume ends a rotation that was broken off.
func (k *Keeper) resume(ctx context.Context) {
	n, err := seal.CountKeys(k.KeyFile)
	if err != nil || n < 2 {
		return
	}
	k.Log.InfoContext(ctx, "a rotation of keys was broken off, it goes on")
	r, err := Rotate(ctx, k.Store, k.Sealer, k.Dir, k.KeyFile, "server", Settle, nil)
	switch {
	case err == nil:
		k.Log.InfoContext(ctx, "the keys are rotated", "fields", r.Fields, "recordings", r.Recordings)
	case ctx.Err() == nil:
		k.Log.ErrorContext(ctx, "the rotation of keys has failed, run hotline key rotate to see why", "error", err)
	}
}
