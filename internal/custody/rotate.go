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
	Hashes     int    // by which numbers and words are found, in the new key's form
	Dropped    int    // keys that are refused from now on
}

// Rotate makes new keys, seals everything by the one, brings all look-up hashes into the
// form of the other, and drops the sealing keys before, while calls go on and whichever
// process they are in. Broken off at any moment, it is called again and goes on where it
// was. tell hears of its steps; nil: nobody.
//
// It waits twice until all processes have noticed: of the new keys before one of them uses
// them, and before the last look for what is old, which nobody may write any more.
func Rotate(ctx context.Context, db *store.Store, sealer *seal.Sealer, dir, keyFile, by string, settle time.Duration, tell func(string)) (r Rotated, err error) {
	if tell == nil {
		tell = func(string) {}
	}
	id, added, err := seal.AddKey(keyFile, time.Now())
	if err != nil {
		return r, err
	}
	r.Key = id
	if added {
		if err := db.AddTrail(ctx, store.TrailEntry{Actor: by, Action: "key-made", Subject: strconv.FormatUint(uint64(id), 10)}); err != nil {
			return r, err
		}
	} else {
		tell("going on with a rotation that was broken off")
	}
	// All must look for hashes of the new form before one of them writes such.
	if err := noticed(ctx, db, sealer, keyFile, settle, tell); err != nil {
		return r, err
	}
	promoted, err := seal.Promote(keyFile)
	if err != nil {
		return r, err
	}
	if now, _ := sealer.Key(); now != id {
		return r, errors.New("the key file was changed by somebody else, begin again")
	}
	if promoted {
		tell("a new key seals from now on")
	}
	if err := renew(ctx, db, sealer, dir, &r, tell); err != nil {
		return r, err
	}
	// What is renewed in a pass that began once all writers knew was not undone after it.
	if err := noticed(ctx, db, sealer, keyFile, settle, tell); err != nil {
		return r, err
	}
	if err := renew(ctx, db, sealer, dir, &r, tell); err != nil {
		return r, err
	}
	if r.Dropped, err = seal.DropOldKeys(keyFile); err != nil {
		return r, err
	}
	sealer.Key() // it notices at once
	return r, db.AddTrail(ctx, store.TrailEntry{Actor: by, Action: "key-rotated", Subject: strconv.FormatUint(uint64(id), 10), Detail: map[string]string{
		"fields": strconv.Itoa(r.Fields), "recordings": strconv.Itoa(r.Recordings), "hashes": strconv.Itoa(r.Hashes), "dropped": strconv.Itoa(r.Dropped),
	}})
}

// renew seals and hashes anew what is left to be, until nothing is.
func renew(ctx context.Context, db *store.Store, sealer *seal.Sealer, dir string, r *Rotated, tell func(string)) error {
	for {
		fields, err := db.Reseal(ctx)
		r.Fields += fields
		if err != nil {
			return err
		}
		recordings, err := rewrapAll(ctx, sealer, dir)
		r.Recordings += recordings
		if err != nil {
			return err
		}
		hashes, err := db.Rehash(ctx)
		r.Hashes += hashes
		if err != nil || fields+recordings+hashes == 0 {
			return err
		}
		tell(fmt.Sprintf("%d fields, %d recordings and %d look-up hashes have the new keys", r.Fields, r.Recordings, r.Hashes))
	}
}

const (
	readEvery = time.Second
	// silent is how long ago a server may have been seen that is waited for.
	silent = 30 * time.Second
)

// noticed waits until all servers that live have read the key file as it is now, and then
// until what they began before has ended.
func noticed(ctx context.Context, db *store.Store, sealer *seal.Sealer, keyFile string, settle time.Duration, tell func(string)) error {
	told := map[string]bool{}
	for {
		want := sealer.State()
		nodes, err := db.Nodes(ctx)
		if err != nil {
			return err
		}
		wait := settle
		for _, n := range nodes {
			if n.Keys == want || time.Since(n.SeenAt).Abs() > silent {
				continue
			}
			if wait = -1; !told[n.Name] {
				told[n.Name] = true
				tell(fmt.Sprintf("waiting until server %s (%s) has read %s; where it has a copy of its own, copy the file there now", n.Name, n.Host, keyFile))
			}
		}
		pause := wait
		if wait < 0 {
			pause = readEvery
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if wait >= 0 {
			return nil
		}
	}
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
		k.Log.InfoContext(ctx, "the keys are rotated", "fields", r.Fields, "recordings", r.Recordings, "hashes", r.Hashes)
	case ctx.Err() == nil:
		k.Log.ErrorContext(ctx, "the rotation of keys has failed, run hotline key rotate to see why", "error", err)
	}
}
