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
// The file holds Tink keysets, so a key is rotated by adding one.
//
// # Concurrency
//
// A Sealer is safe for concurrent use and starts nothing.
package seal

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

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
	aead  tink.AEAD
	index *prf.Set
}

// file is the key file: two Tink keysets as JSON.
type file struct {
	Comment string          `json:"comment"`
	Version int             `json:"version"`
	AEAD    json.RawMessage `json:"aead"`
	Index   json.RawMessage `json:"index"`
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
	s, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("the master key file %s is damaged, put it back from your backup: %w", path, err)
	}
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

func parse(text []byte) (*Sealer, error) {
	var f file
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, err
	}
	if f.Version != 1 {
		return nil, fmt.Errorf("version %d is not known", f.Version)
	}
	sealing, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(f.AEAD)))
	if err != nil {
		return nil, err
	}
	indexing, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(f.Index)))
	if err != nil {
		return nil, err
	}
	s := &Sealer{}
	if s.aead, err = aead.New(sealing); err != nil {
		return nil, err
	}
	if s.index, err = prf.NewPRFSet(indexing); err != nil {
		return nil, err
	}
	return s, nil
}

// create writes a new key file; it never replaces one.
func create(path string) error {
	sealing, err := newKeyset(aead.AES256GCMKeyTemplate())
	if err != nil {
		return err
	}
	indexing, err := newKeyset(prf.HMACSHA256PRFKeyTemplate())
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(file{
		Comment: "Opens the personal data of hotline's database. Back it up apart from the database; without it names, numbers and transcripts are lost.",
		Version: 1, AEAD: sealing, Index: indexing,
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
	var b bytes.Buffer
	err = insecurecleartextkeyset.Write(h, keyset.NewJSONWriter(&b))
	return b.Bytes(), err
}

// Seal encrypts a field; place is its "table/column/row". An empty field stays
// nil, so that a query can tell that there is none.
func (s *Sealer) Seal(plain []byte, place string) ([]byte, error) {
	if len(plain) == 0 {
		return nil, nil
	}
	b, err := s.aead.Encrypt(plain, []byte(place))
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
	b, err := s.aead.Decrypt(sealed, []byte(place))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", place, ErrKey)
	}
	return b, nil
}

// Hash is the look-up hash of a value for one purpose ("number", "number-tail"),
// 32 hex digits; "" for "".
func (s *Sealer) Hash(purpose, value string) (string, error) {
	if value == "" {
		return "", nil
	}
	b, err := s.index.ComputePrimaryPRF([]byte(purpose+"\x00"+value), 16)
	if err != nil {
		return "", fmt.Errorf("hash: %w", err)
	}
	return hex.EncodeToString(b), nil
}
