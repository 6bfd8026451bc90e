package seal_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"hotline/internal/seal"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func noise(n int) []byte {
	b := make([]byte, n)
	r := rand.New(rand.NewPCG(1, uint64(n)))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func TestSealedFileIsReadAnywhere(t *testing.T) {
	s := newSealer(t)
	for _, size := range []int{0, 1, 44, 65535, 65536, 65537, 3*65536 + 17} {
		plain := noise(size)
		var sealed bytes.Buffer
		require.NoError(t, s.SealFile(&sealed, bytes.NewReader(plain), int64(size), "a.wav"))
		f, err := s.OpenFile(bytes.NewReader(sealed.Bytes()), int64(sealed.Len()), "a.wav")
		require.NoError(t, err)
		require.EqualValues(t, size, f.Size())
		whole, err := io.ReadAll(io.NewSectionReader(f, 0, f.Size()))
		require.NoError(t, err)
		assert.Equal(t, plain, append([]byte{}, whole...))
		for range 50 {
			if size == 0 {
				break
			}
			from := rand.IntN(size)
			b := make([]byte, rand.IntN(size-from)+1)
			n, err := f.ReadAt(b, int64(from))
			require.NoError(t, err)
			assert.Equal(t, plain[from:from+n], b)
		}
		n, err := f.ReadAt(make([]byte, 10), int64(size))
		assert.Zero(t, n)
		require.ErrorIs(t, err, io.EOF)
		if size > 100 {
			assert.NotContains(t, sealed.String(), string(plain[:40]))
		}
	}
}

func TestHarmToASealedFileIsNoticed(t *testing.T) {
	s := newSealer(t)
	plain := noise(3 * 65536)
	var b bytes.Buffer
	require.NoError(t, s.SealFile(&b, bytes.NewReader(plain), int64(len(plain)), "a.wav"))
	sealed := b.Bytes()
	read := func(sealed []byte, place string) error {
		f, err := s.OpenFile(bytes.NewReader(sealed), int64(len(sealed)), place)
		if err != nil {
			return err
		}
		_, err = io.ReadAll(io.NewSectionReader(f, 0, f.Size()))
		return err
	}
	require.NoError(t, read(sealed, "a.wav"))
	require.ErrorIs(t, read(sealed, "b.wav"), seal.ErrKey, "of another call")
	chunk := 65536 + 28
	harm := map[string][]byte{
		"cut":     sealed[:len(sealed)-1],
		"shorter": sealed[:len(sealed)-chunk],
		"longer":  append(bytes.Clone(sealed), sealed[512:512+chunk]...),
		"moved":   append(append(append(bytes.Clone(sealed[:512]), sealed[512+chunk:512+2*chunk]...), sealed[512:512+chunk]...), sealed[512+2*chunk:]...),
		"empty":   nil, "plain": plain,
	}
	for _, at := range []int{0, 12, 600, len(sealed) - 1} {
		c := bytes.Clone(sealed)
		c[at] ^= 1
		harm["bit "+string(rune('a'+at%26))] = c
	}
	for what, c := range harm {
		require.Error(t, read(c, "a.wav"), what)
	}
	_, err := newSealer(t).OpenFile(bytes.NewReader(sealed), int64(len(sealed)), "a.wav")
	require.ErrorIs(t, err, seal.ErrKey)
}

// dying is a file whose program is killed after so many writes.
type dying struct {
	*os.File
	left int
}

var errKilled = errors.New("killed")

func (d *dying) WriteAt(b []byte, at int64) (int, error) {
	if d.left--; d.left < 0 {
		n, _ := d.File.WriteAt(b[:len(b)/2], at)
		return n, errKilled
	}
	return d.File.WriteAt(b, at)
}

func TestRotation(t *testing.T) {
	key := filepath.Join(t.TempDir(), "master.key")
	s, _, err := seal.LoadOrCreate(key)
	require.NoError(t, err)
	old, made := s.Key()
	assert.WithinDuration(t, time.Now(), made, time.Minute)
	before, err := os.ReadFile(key)
	require.NoError(t, err)
	field, err := s.Seal([]byte("13800138000"), "x")
	require.NoError(t, err)
	hash, err := s.Hash("number", "13800138000")
	require.NoError(t, err)
	plain := noise(100_000)
	name := filepath.Join(t.TempDir(), "a.sealed")
	f, err := os.Create(name)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	require.NoError(t, s.SealFile(f, bytes.NewReader(plain), int64(len(plain)), "a"))
	changed, err := s.Rewrap(f, "a")
	require.NoError(t, err)
	assert.False(t, changed)

	id, added, err := seal.AddKey(key, time.Now())
	require.NoError(t, err)
	require.True(t, added)
	again, added, err := seal.AddKey(key, time.Now())
	require.NoError(t, err)
	assert.False(t, added, "a rotation that was broken off goes on")
	assert.Equal(t, id, again)
	now, _ := s.Key()
	assert.Equal(t, old, now, "before every server has noticed")
	promoted, err := seal.Promote(key)
	require.NoError(t, err)
	assert.True(t, promoted)
	now, _ = s.Key()
	assert.Equal(t, id, now, "a running server notices")
	assert.NotEqual(t, old, now)
	assert.False(t, s.Fits(field))
	opened, err := s.Open(field, "x")
	require.NoError(t, err)
	assert.Equal(t, "13800138000", string(opened))
	sealedAnew, err := s.Seal(opened, "x")
	require.NoError(t, err)
	assert.True(t, s.Fits(sealedAnew))
	rehash, err := s.Hash("number", "13800138000")
	require.NoError(t, err)
	renewed, err := s.Renew(hash)
	require.NoError(t, err)
	assert.Equal(t, renewed, rehash)

	// Killed at any write, the file opens by both keys.
	read := func() {
		st, err := f.Stat()
		require.NoError(t, err)
		r, err := s.OpenFile(f, st.Size(), "a")
		require.NoError(t, err)
		got, err := io.ReadAll(io.NewSectionReader(r, 0, r.Size()))
		require.NoError(t, err)
		require.Equal(t, plain, got)
	}
	for left := range 2 {
		_, err := s.Rewrap(&dying{f, left}, "a")
		require.ErrorIs(t, err, errKilled)
		read()
	}
	_, err = s.Rewrap(f, "a")
	require.NoError(t, err)
	changed, err = s.Rewrap(f, "a")
	require.NoError(t, err)
	assert.False(t, changed)
	read()

	dropped, err := seal.DropOldKeys(key)
	require.NoError(t, err)
	assert.Equal(t, 1, dropped)
	s.Key() // notices
	_, err = s.Open(field, "x")
	require.ErrorIs(t, err, seal.ErrKey, "the old key is refused")
	read()
	require.NoError(t, os.WriteFile(key, before, 0o600))
	former, err := seal.Load(key)
	require.NoError(t, err)
	st, err := f.Stat()
	require.NoError(t, err)
	_, err = former.OpenFile(f, st.Size(), "a")
	require.ErrorIs(t, err, seal.ErrKey, "nothing of it is left in the file")
}
