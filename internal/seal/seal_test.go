package seal_test

import (
	"bytes"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"hotline/internal/seal"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func newSealer(t *testing.T) *seal.Sealer {
	t.Helper()
	s, created, err := seal.LoadOrCreate(filepath.Join(t.TempDir(), "keys", "master.key"))
	require.NoError(t, err)
	require.True(t, created)
	return s
}

func TestSealedFieldOpensOnlyInItsPlace(t *testing.T) {
	s := newSealer(t)
	sealed, err := s.Seal([]byte("13800138000"), "calls/caller/1")
	require.NoError(t, err)
	assert.False(t, bytes.Contains(sealed, []byte("13800")))

	plain, err := s.Open(sealed, "calls/caller/1")
	require.NoError(t, err)
	assert.Equal(t, "13800138000", string(plain))

	_, err = s.Open(sealed, "calls/caller/2")
	require.ErrorIs(t, err, seal.ErrKey, "a value moved to another row")
	sealed[len(sealed)-1] ^= 1
	_, err = s.Open(sealed, "calls/caller/1")
	require.ErrorIs(t, err, seal.ErrKey, "a value that was changed")
	_, err = newSealer(t).Open(sealed, "calls/caller/1")
	require.ErrorIs(t, err, seal.ErrKey, "another key")
}

func TestEmptyFieldStaysEmpty(t *testing.T) {
	s := newSealer(t)
	sealed, err := s.Seal(nil, "x")
	require.NoError(t, err)
	assert.Nil(t, sealed)
	plain, err := s.Open(nil, "x")
	require.NoError(t, err)
	assert.Empty(t, plain)
	h, err := s.Hash("number", "")
	require.NoError(t, err)
	assert.Empty(t, h)
}

func TestHash(t *testing.T) {
	s := newSealer(t)
	hash := func(s *seal.Sealer, purpose, v string) string {
		h, err := s.Hash(purpose, v)
		require.NoError(t, err)
		return h
	}
	a := hash(s, "number", "13800138000")
	assert.Len(t, a, 32)
	assert.Equal(t, a, hash(s, "number", "13800138000"))
	assert.NotEqual(t, a, hash(s, "number", "13800138001"))
	assert.NotEqual(t, a, hash(s, "number-tail", "13800138000"), "purposes do not mix")
	assert.NotEqual(t, a, hash(newSealer(t), "number", "13800138000"), "another key")
}

func TestKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.key")
	_, err := seal.Load(path)
	require.ErrorContains(t, err, "HOTLINE_MASTER_KEY_FILE")

	// Two processes that start at once agree on one key.
	var wg sync.WaitGroup
	sealers := make([]*seal.Sealer, 4)
	for i := range sealers {
		wg.Go(func() {
			s, _, err := seal.LoadOrCreate(path)
			assert.NoError(t, err)
			sealers[i] = s
		})
	}
	wg.Wait()
	sealed, err := sealers[0].Seal([]byte("x"), "p")
	require.NoError(t, err)
	for _, s := range sealers {
		_, err := s.Open(sealed, "p")
		require.NoError(t, err)
	}

	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	left, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	assert.Len(t, left, 1, "no temporary file is left")

	require.NoError(t, os.Chmod(path, 0o666))
	_, err = seal.Load(path)
	require.ErrorContains(t, err, "chmod 600")
	require.NoError(t, os.Chmod(path, 0o600))
	require.NoError(t, os.WriteFile(path, []byte("{"), 0o600))
	_, err = seal.Load(path)
	require.ErrorContains(t, err, "damaged")
}
