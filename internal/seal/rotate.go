package seal

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// AddKey announces new keys in a key file, one for all that is sealed and one for look-up
// hashes: every program is to know of them before one uses them ([Promote]). A file that
// has more than one key already, since a rotation was broken off, keeps them: added is
// false. id is the key that will seal, or does already.
func AddKey(path string, now time.Time) (id uint32, added bool, err error) {
	err = change(path, func(f *file, m *keyset.Manager, h *keyset.Handle) (bool, error) {
		if f.Move != "" {
			id = cmp.Or(f.Next, h.KeysetInfo().GetPrimaryKeyId())
			return false, nil
		}
		if h.Len() > 1 { // broken off by a program that left the hashes as they were
			id = h.KeysetInfo().GetPrimaryKeyId()
			return true, f.addHashKey(now)
		}
		if id, err = m.Add(aead.AES256GCMKeyTemplate()); err != nil {
			return false, err
		}
		if f.Made == nil {
			f.Made = map[string]time.Time{}
		}
		f.Made[strconv.FormatUint(uint64(id), 10)] = now.UTC().Truncate(time.Second)
		f.Next = id
		added = true
		return true, f.addHashKey(now)
	})
	return id, added, err
}

// Promote has everything sealed by the key that was announced, while the ones before still
// open what they sealed, and look-up hashes written in its form. A program that does not
// know of the keys by then neither opens nor finds what the others write.
func Promote(path string) (promoted bool, err error) {
	err = change(path, func(f *file, m *keyset.Manager, _ *keyset.Handle) (bool, error) {
		if promoted = f.Move == moveAnnounced; !promoted {
			return false, nil
		}
		if f.Next != 0 {
			if err := m.SetPrimary(f.Next); err != nil {
				return false, err
			}
		}
		f.Next, f.Move = 0, moveUnderWay
		return true, nil
	})
	return promoted, err
}

// DropOldKeys leaves in a key file only the key that seals: what others have sealed does
// not open any more. The look-up hashes must all have their new form by then, which is the
// only one that is looked for from now on.
func DropOldKeys(path string) (dropped int, err error) {
	err = change(path, func(f *file, m *keyset.Manager, h *keyset.Handle) (bool, error) {
		if f.Move == moveAnnounced {
			return false, errors.New("the new keys are not in use yet")
		}
		primary := h.KeysetInfo().GetPrimaryKeyId()
		for _, k := range h.KeysetInfo().GetKeyInfo() {
			if k.GetKeyId() == primary {
				continue
			}
			if err := m.Delete(k.GetKeyId()); err != nil {
				return false, err
			}
			delete(f.Made, strconv.FormatUint(uint64(k.GetKeyId()), 10))
			dropped++
		}
		changed := dropped > 0 || f.Move != ""
		f.Move = ""
		return changed, nil
	})
	return dropped, err
}

// change replaces a key file as a whole: after a crash there is the old or the new one.
func change(path string, do func(*file, *keyset.Manager, *keyset.Handle) (bool, error)) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("change the master key file %s (it must be writable for the rotation): %w", path, err)
		}
	}()
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	// Two rotations at once would lose one's key.
	if err := syscall.Flock(int(dir.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	text, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		return err
	}
	f, handle, err := parseFile(text)
	if err != nil {
		return err
	}
	m := keyset.NewManagerFromHandle(handle)
	if changed, err := do(&f, m, handle); err != nil || !changed {
		return err
	}
	if handle, err = m.Handle(); err != nil {
		return err
	}
	if f.AEAD, err = keysetText(handle); err != nil {
		return err
	}
	if text, err = json.MarshalIndent(f, "", "  "); err != nil {
		return err
	}
	t, err := os.CreateTemp(filepath.Dir(path), ".master-key-*") // made with 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(t.Name()) }() // does nothing after the rename
	_, err = t.Write(append(text, '\n'))
	if err = errors.Join(err, t.Sync(), t.Close()); err != nil {
		return err
	}
	if _, err := parse(text); err != nil {
		return err
	}
	if err := os.Rename(t.Name(), path); err != nil {
		return err
	}
	return dir.Sync()
}

// CountKeys is how many sealing keys a key file has: more than one while a rotation is
// under way, of the look-up hashes too.
func CountKeys(path string) (int, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		return 0, fmt.Errorf("read the master key: %w", err)
	}
	_, handle, err := parseFile(text)
	if err != nil {
		return 0, fmt.Errorf("read the master key: %w", err)
	}
	return handle.Len(), nil
}
