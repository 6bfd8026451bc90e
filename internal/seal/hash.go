package seal

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
)

// Look-up hashes have forms, one for each key that there was. The first is the PRF of a
// purpose and a value, 32 hex digits. Each later one is the newest key's PRF of the form
// before, behind "g" and three digits that number it: so a hash is brought into the new
// form without the value that it is of, which often is not there any more (who must not
// be called though his data were erased, how often a number was called). The keys before
// stay in the file for that, as the inner steps; alone they make no hash that the
// database has.
//
// While a rotation is under way the database has two forms. First every Sealer learns of
// the new key and still writes the old form (moveAnnounced); once all have, they write the
// new one and what is there is brought into it (moveUnderWay). Whoever looks for a hash
// meanwhile looks for both ([Sealer.Hashes]).
//
// Numbers by which words are found have forms as well: the first is the upper 20 bits of
// a hash, each later one is taken from a permutation of all 20-bit numbers, shuffled by
// the newest key, with the form's number above the 20 bits.
const (
	moveAnnounced = "announced"
	moveUnderWay  = "moving"

	firstHash  = 2 * hashBytes // digits
	formDigits = 3
	hashBytes  = 16
	maxForms   = 999

	numberBits = 20
	numbers    = 1 << numberBits
)

// hashing are the keys of look-up hashes.
type hashing struct {
	steps     []prf.PRF // oldest first
	is, other int       // the forms that are written and looked for, from 1
	move      string
	indexMade time.Time
	shuffles  []func() ([]uint32, error) // of the step with the same index; that of the first is nil
}

func parseHashing(f file) (h hashing, err error) {
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(f.Index)))
	if err != nil {
		return h, err
	}
	set, err := prf.NewPRFSet(handle)
	if err != nil {
		return h, err
	}
	chain := f.Chain
	if len(chain) == 0 {
		chain = []uint32{set.PrimaryID}
	}
	for i, id := range chain {
		step := set.PRFs[id]
		if step == nil {
			return h, fmt.Errorf("the look-up key %d is missing", id)
		}
		h.steps = append(h.steps, step)
		if i == 0 {
			h.shuffles = append(h.shuffles, nil)
			continue
		}
		h.shuffles = append(h.shuffles, sync.OnceValues(func() ([]uint32, error) { return shuffle(step) }))
	}
	newest := len(h.steps)
	h.is, h.other, h.move = newest, newest, f.Move
	switch {
	case f.Move == "":
	case newest == 1:
		return h, errors.New("one look-up key cannot be moved to")
	case f.Move == moveAnnounced:
		h.is = newest - 1
	case f.Move == moveUnderWay:
		h.other = newest - 1
	default:
		return h, fmt.Errorf("the move of look-up hashes %q is not known", f.Move)
	}
	if f.IndexMade != nil {
		h.indexMade = *f.IndexMade
	}
	return h, nil
}

// form is the beginning of the hashes of a form.
func form(n int) string {
	if n <= 1 {
		return ""
	}
	return fmt.Sprintf("g%0*d", formDigits, n)
}

// FormOf is the form that a hash has.
func FormOf(hash string) int {
	if len(hash) != firstHash+1+formDigits || hash[0] != 'g' {
		return 1
	}
	n, err := strconv.Atoi(hash[1 : 1+formDigits])
	if err != nil {
		return 1
	}
	return max(1, n)
}

func (h *hashing) hash(n int, purpose, value string) (string, error) {
	out, err := compute(h.steps[0], purpose+"\x00"+value)
	for i := 1; i < n && err == nil; i++ {
		out, err = h.next(i, out)
	}
	return out, err
}

// next is a hash of the i-th form in the one behind it.
func (h *hashing) next(i int, hash string) (string, error) {
	out, err := compute(h.steps[i], "again\x00"+hash)
	return form(i+1) + out, err
}

func compute(step prf.PRF, text string) (string, error) {
	b, err := step.ComputePRF([]byte(text), hashBytes)
	if err != nil {
		return "", fmt.Errorf("hash: %w", err)
	}
	return hex.EncodeToString(b), nil
}

// Hash is the look-up hash of a value for one purpose ("number", "number-tail") in the
// form that is written now; "" for "".
func (s *Sealer) Hash(purpose, value string) (string, error) {
	is, _, err := s.Hashes(purpose, value)
	return is, err
}

// Hashes are the form of a hash that is written now, and the one that what was written
// before or elsewhere may have: the same unless a rotation is under way.
func (s *Sealer) Hashes(purpose, value string) (is, other string, err error) {
	if value == "" {
		return "", "", nil
	}
	k := s.keys(false)
	if is, err = k.hash(k.is, purpose, value); err != nil || k.other == k.is {
		return is, is, err
	}
	other, err = k.hash(k.other, purpose, value)
	return is, other, err
}

// HashAs is a hash in a form; 0 is the one that is written now. Its error is an [ErrKey]
// for a form that this key file does not know.
func (s *Sealer) HashAs(n int, purpose, value string) (string, error) {
	k := s.keys(false)
	if n > len(k.steps) {
		k = s.keys(true)
	}
	switch {
	case n <= 0:
		n = k.is
	case n > len(k.steps):
		return "", fmt.Errorf("hash: form %d: %w", n, ErrKey)
	}
	return k.hash(n, purpose, value)
}

// Form is the one that is written now.
func (s *Sealer) Form() int { return s.keys(false).is }

// Newest is the beginning of all hashes of the newest form, and the least number of it.
// In the order of their text all others come before; "" where there is only one form.
func (s *Sealer) Newest() (hash string, number int64) {
	n := len(s.keys(false).steps)
	return form(n), int64(n-1) << numberBits
}

// Renew is a hash in the newest form.
func (s *Sealer) Renew(hash string) (string, error) {
	if hash == "" {
		return "", nil
	}
	k := s.keys(false)
	var err error
	for i := FormOf(hash); i < len(k.steps) && err == nil; i++ {
		hash, err = k.next(i, hash)
	}
	return hash, err
}

// Numbers are the numbers by which a word is found, as Hashes are.
func (s *Sealer) Numbers(purpose, value string) (is, other int64, err error) {
	k := s.keys(false)
	first, err := k.hash(1, purpose, value)
	if err != nil {
		return 0, 0, err
	}
	upper, err := strconv.ParseUint(first[:16], 16, 64)
	if err != nil {
		return 0, 0, fmt.Errorf("hash: %w", err)
	}
	n := int64(upper >> (64 - numberBits))
	if is, err = k.number(n, k.is); err != nil || k.other == k.is {
		return is, is, err
	}
	other, err = k.number(n, k.other)
	return is, other, err
}

// RenewNumber is a number in the newest form.
func (s *Sealer) RenewNumber(n int64) (int64, error) {
	k := s.keys(false)
	return k.number(n, len(k.steps))
}

// number is one in a form that is not before its own.
func (h *hashing) number(n int64, to int) (int64, error) {
	for i := int(n>>numberBits) + 1; i < to; i++ {
		table, err := h.shuffles[i]()
		if err != nil {
			return 0, err
		}
		n = int64(i)<<numberBits | int64(table[n&(numbers-1)])
	}
	return n, nil
}

// shuffle is a permutation of all numbers that only who has the key can know. It takes
// some 20 ms, once.
func shuffle(step prf.PRF) ([]uint32, error) {
	b, err := step.ComputePRF([]byte("shuffle"), 32)
	if err != nil {
		return nil, fmt.Errorf("hash: %w", err)
	}
	source := rand.NewChaCha8([32]byte(b)) // its output is specified, that of a Rand's methods is not
	table := make([]uint32, numbers)
	for i := range table {
		table[i] = uint32(i)
	}
	for i := uint64(numbers - 1); i > 0; i-- {
		j := source.Uint64() % (i + 1)
		table[i], table[j] = table[j], table[i]
	}
	return table, nil
}

// HashKey numbers the key of the look-up hashes, and says when it was made, as far as the
// file knows, and whether hashes are being brought into its form.
func (s *Sealer) HashKey() (number int, made time.Time, moving bool) {
	k := s.keys(true)
	made = k.indexMade
	if made.IsZero() { // of a file from before this was written down: at least as old
		made = k.made
	}
	return len(k.steps), made, k.move != ""
}

// State names the keys that this Sealer has read from its file, and how far they have come:
// the same for all that have read the same.
func (s *Sealer) State() string {
	k := s.keys(true)
	return fmt.Sprintf("%d-%d-%s", k.primary, len(k.steps), k.move)
}

// addHashKey announces a new key of look-up hashes.
func (f *file) addHashKey(now time.Time) error {
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(f.Index)))
	if err != nil {
		return err
	}
	if len(f.Chain) == 0 {
		f.Chain = []uint32{handle.KeysetInfo().GetPrimaryKeyId()}
	}
	if len(f.Chain) >= maxForms {
		return fmt.Errorf("there were %d look-up keys, which is as many as there can be", maxForms)
	}
	m := keyset.NewManagerFromHandle(handle)
	id, err := m.Add(prf.HMACSHA256PRFKeyTemplate())
	if err != nil {
		return err
	}
	if handle, err = m.Handle(); err != nil {
		return err
	}
	text, err := keysetText(handle)
	if err != nil {
		return err
	}
	made := now.UTC().Truncate(time.Second)
	f.Index, f.Chain, f.Move, f.IndexMade, f.Version = text, append(f.Chain, id), moveAnnounced, &made, 2
	return nil
}
