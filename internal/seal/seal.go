// Package seal encrypts personal fields before they reach the database and makes
// the keyed hashes by which they are found again.
//
// # Concepts
//
// A [Sealer] holds two keys from one key file that lies outside the database: an
// AEAD key (AES-256-GCM) for the fields and a PRF key (HMAC-SHA256) for look-up.
// Each field is bound to its place, "table/column/row", as associated data, so a
// value that was moved to another row or column does not open. A hash tells who
// can read the database which rows have the same number, and nothing more: without
// the key it cannot be tried against a list of numbers.
//
// The file holds Tink keysets. Keys are rotated by adding one of each ([AddKey]), sealing
// everything anew and putting all hashes into their new form once every program knows of
// them ([Promote], hash.go), and dropping the sealing keys before it ([DropOldKeys]); a Sealer notices within a second
// that its file has changed.
//
// Recordings are sealed as files in independent chunks, so that any part can be read
// without the rest; see recording.go for the form.
//
// # Concurrency
//
// A Sealer is safe for concurrent use and starts nothing.
package seal

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// ErrKey is returned for a value that this key does not open: another key sealed
// it, it was moved, or it was changed.
var ErrKey = errors.New("the master key does not open this value")

// Sealer seals and opens fields.
type Sealer struct {
	path string

	now     atomic.Pointer[keys]
	looked  atomic.Int64 // when the file was looked at last, ns since 1970
	loading sync.Mutex   // one reads the file again
}

// keys are what one version of the key file holds.
type keys struct {
	aead    tink.AEAD
	primary uint32
	made    time.Time // the primary key
	text    []byte
	hashing
}

// file is the key file: two Tink keysets as JSON.
type file struct {
	Comment string          `json:"comment"`
	Version int             `json:"version"`
	AEAD    json.RawMessage `json:"aead"`
	Index   json.RawMessage `json:"index"`
	// Made says when each key of AEAD was made, by its id.
	Made map[string]time.Time `json:"made,omitempty"`
	// Next is the key of AEAD that was announced and does not seal yet; 0: none.
	Next uint32 `json:"next,omitempty"`
	// Chain are the keys of Index, oldest first; empty where there is one. A program that
	// does not know it must not read the file: then Version is 2.
	Chain []uint32 `json:"index_chain,omitempty"`
	// Move is how far the last key of Chain has come; "" once all hashes have its form.
	Move string `json:"index_move,omitempty"`
	// IndexMade says when the last key of Chain was made.
	IndexMade *time.Time `json:"index_made,omitempty"`
}

// Load reads a key file.
func Load(path string) (*Sealer, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the master key file %s does not exist: put it back from your backup, or correct HOTLINE_MASTER_KEY_FILE: %w", path, err)
	}
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	if info.Mode().Perm()&0o022 != 0 {
		return nil, fmt.Errorf("the master key file %s can be written by other users: run chmod 600 on it", path)
	}
	text, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("read the master key: %w", err)
	}
	k, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("the master key file %s is damaged, put it back from your backup: %w", path, err)
	}
	if k.made.IsZero() {
		k.made = info.ModTime()
	}
	s := &Sealer{path: path}
	s.now.Store(k)
	s.looked.Store(time.Now().UnixNano())
	return s, nil
}

// LoadOrCreate reads the key file, or makes one that only this user can read.
// created tells the operator that there is now a file to back up.
func LoadOrCreate(path string) (s *Sealer, created bool, err error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		switch err := create(path); {
		case err == nil:
			created = true
		case !errors.Is(err, fs.ErrExist): // another process was first
			return nil, false, fmt.Errorf("create the master key %s: %w", path, err)
		}
	}
	s, err = Load(path)
	return s, created && err == nil, err
}

func parse(text []byte) (*keys, error) {
	f, sealing, err := parseFile(text)
	if err != nil {
		return nil, err
	}
	k := &keys{primary: sealing.KeysetInfo().GetPrimaryKeyId(), text: text}
	k.made = f.Made[strconv.FormatUint(uint64(k.primary), 10)]
	if k.aead, err = aead.New(sealing); err != nil {
		return nil, err
	}
	if k.hashing, err = parseHashing(f); err != nil {
		return nil, err
	}
	return k, nil
}

func parseFile(text []byte) (f file, sealing *keyset.Handle, err error) {
	if err := json.Unmarshal(text, &f); err != nil {
		return f, nil, err
	}
	if f.Version != 1 && f.Version != 2 {
		return f, nil, fmt.Errorf("version %d is not known", f.Version)
	}
	sealing, err = insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(f.AEAD)))
	return f, sealing, err
}

// lookEvery is how often the key file is looked at.
const lookEvery = time.Second

// keys are those of the file as it was a second ago at most, or as it is now.
func (s *Sealer) keys(now bool) *keys {
	k := s.now.Load()
	at := time.Now().UnixNano()
	if !now && at-s.looked.Load() < int64(lookEvery) || !s.loading.TryLock() {
		return k
	}
	defer s.loading.Unlock()
	s.looked.Store(at)
	text, err := os.ReadFile(s.path)
	if err != nil || bytes.Equal(text, k.text) {
		return k // without its file it goes on; the next start says what is missing
	}
	fresh, err := parse(text)
	if err != nil {
		return k
	}
	s.now.Store(fresh)
	return fresh
}

// Key names the key that seals now, and says when it was made.
func (s *Sealer) Key() (id uint32, made time.Time) {
	k := s.keys(true)
	return k.primary, k.made
}

// Fits tells whether a sealed value was sealed by the key that seals now. Tink puts a
// byte of 1 and the key's id before each.
func (s *Sealer) Fits(sealed []byte) bool {
	return len(sealed) == 0 || KeyOf(sealed) == s.keys(false).primary
}

// KeyOf is the id of the key that sealed a value, 0 for what is none.
func KeyOf(sealed []byte) uint32 {
	if len(sealed) < 5 || sealed[0] != 1 {
		return 0
	}
	return binary.BigEndian.Uint32(sealed[1:])
}

// create writes a new key file; it never replaces one.
func create(path string) error {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return err
	}
	sealing, err := keysetText(handle)
	if err != nil {
		return err
	}
	indexing, err := newKeyset(prf.HMACSHA256PRFKeyTemplate())
	if err != nil {
		return err
	}
	now := time.Now().UTC().Truncate(time.Second)
	text, err := json.MarshalIndent(file{
		Comment: "Opens the personal data of hotline's database. Back it up apart from the database; without it names, numbers and transcripts are lost.",
		Version: 1, AEAD: sealing, Index: indexing,
		Made:      map[string]time.Time{strconv.FormatUint(uint64(handle.KeysetInfo().GetPrimaryKeyId()), 10): now},
		IndexMade: &now,
	}, "", "  ")
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	t, err := os.CreateTemp(dir, ".master-key-*") // made with 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(t.Name()) }()
	_, err = t.Write(append(text, '\n'))
	if err = errors.Join(err, t.Sync(), t.Close()); err != nil {
		return err
	}
	// Link, unlike rename, fails where a file already is.
	if err := os.Link(t.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(dir) //nolint:gosec // the operator names the folder
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func newKeyset(t *tinkpb.KeyTemplate) (json.RawMessage, error) {
	h, err := keyset.NewHandle(t)
	if err != nil {
		return nil, err
	}
	return keysetText(h)
}

func keysetText(h *keyset.Handle) (json.RawMessage, error) {
	var b bytes.Buffer
	err := insecurecleartextkeyset.Write(h, keyset.NewJSONWriter(&b))
	return b.Bytes(), err
}

// Seal encrypts a field; place is its "table/column/row". An empty field stays
// nil, so that a query can tell that there is none.
func (s *Sealer) Seal(plain []byte, place string) ([]byte, error) {
	if len(plain) == 0 {
		return nil, nil
	}
	b, err := s.keys(false).aead.Encrypt(plain, []byte(place))
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", place, err)
	}
	return b, nil
}

// Open is the reverse of Seal with the same place; its error is an [ErrKey].
func (s *Sealer) Open(sealed []byte, place string) ([]byte, error) {
	if len(sealed) == 0 {
		return nil, nil
	}
	b, err := s.keys(false).aead.Decrypt(sealed, []byte(place))
	if err != nil { // maybe by a key that was added just now
		b, err = s.keys(true).aead.Decrypt(sealed, []byte(place))
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", place, ErrKey)
	}
	return b, nil
}
