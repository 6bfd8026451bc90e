package seal_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"hotline/internal/seal"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A hash of each key is brought into the form of the next without the value that it is
// of, and comes out as if the value had been hashed anew.
func TestHashesChangeTheirFormWithoutTheirValue(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.key")
	s, _, err := seal.LoadOrCreate(path)
	require.NoError(t, err)
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	first, other, err := s.Hashes("number", "13800138000")
	require.NoError(t, err)
	assert.Equal(t, first, other, "no rotation is under way")
	word, _, err := s.Numbers("search", "耳机")
	require.NoError(t, err)
	assert.Less(t, word, int64(1<<20))

	hash, number := first, word
	for n := 2; n <= 4; n++ {
		_, _, err := seal.AddKey(path, time.Now())
		require.NoError(t, err)
		s.Key() // notices
		is, other, err := s.Hashes("number", "13800138000")
		require.NoError(t, err)
		assert.Equal(t, hash, is, "what is announced is looked for and not written")
		assert.NotEqual(t, is, other)
		renewed, err := s.Renew(hash)
		require.NoError(t, err)
		assert.Equal(t, other, renewed)
		assert.Equal(t, n, seal.FormOf(renewed))
		_, err = seal.DropOldKeys(path)
		require.Error(t, err, "before they are in use")

		moved, err := seal.Promote(path)
		require.NoError(t, err)
		assert.True(t, moved)
		moved, err = seal.Promote(path)
		require.NoError(t, err)
		assert.False(t, moved, "a rotation that was broken off goes on")
		count, made, moving := s.HashKey()
		assert.Equal(t, n, count)
		assert.True(t, moving)
		assert.WithinDuration(t, time.Now(), made, time.Minute)
		is, other, err = s.Hashes("number", "13800138000")
		require.NoError(t, err)
		assert.Equal(t, []string{renewed, hash}, []string{is, other})
		newest, least := s.Newest()
		assert.Less(t, hash, newest, "in the order of their texts")
		assert.Less(t, newest, renewed)
		again, err := s.Renew(renewed)
		require.NoError(t, err)
		assert.Equal(t, renewed, again)
		isWord, otherWord, err := s.Numbers("search", "耳机")
		require.NoError(t, err)
		moved64, err := s.RenewNumber(number)
		require.NoError(t, err)
		assert.Equal(t, []int64{moved64, number}, []int64{isWord, otherWord})
		assert.GreaterOrEqual(t, isWord, least)
		assert.Less(t, otherWord, least)

		_, err = seal.DropOldKeys(path)
		require.NoError(t, err)
		s.Key()
		is, other, err = s.Hashes("number", "13800138000")
		require.NoError(t, err)
		assert.Equal(t, []string{renewed, renewed}, []string{is, other})
		hash, number = renewed, moved64
	}
	renewed, err := s.Renew(first)
	require.NoError(t, err)
	assert.Equal(t, hash, renewed, "over several keys")
	fresh, err := seal.Load(path)
	require.NoError(t, err)
	got, err := fresh.Hash("number", "13800138000")
	require.NoError(t, err)
	assert.Equal(t, hash, got)
	kept, err := fresh.HashAs(1, "number", "13800138000")
	require.NoError(t, err)
	assert.Equal(t, first, kept)

	// The keys before make nothing that is looked for now.
	old := filepath.Join(t.TempDir(), "old.key")
	require.NoError(t, os.WriteFile(old, before, 0o600))
	former, err := seal.Load(old)
	require.NoError(t, err)
	_, err = former.HashAs(4, "number", "13800138000")
	require.ErrorIs(t, err, seal.ErrKey)
}

// No two words of different numbers fall together by a rotation.
func TestNumbersOfWordsAreShuffled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.key")
	s, _, err := seal.LoadOrCreate(path)
	require.NoError(t, err)
	_, _, err = seal.AddKey(path, time.Now())
	require.NoError(t, err)
	s.Key()
	seen := make(map[int64]bool, 1<<20)
	still := 0
	for n := range int64(1 << 20) {
		m, err := s.RenewNumber(n)
		require.NoError(t, err)
		if m < 1<<20 || m >= 2<<20 || seen[m] {
			require.Fail(t, "no permutation", "%d to %d", n, m)
		}
		seen[m] = true
		if m-1<<20 == n {
			still++
		}
	}
	assert.Less(t, still, 20, "one stays where it is, on average")
}

func TestDamagedHashKeysAreRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.key")
	_, _, err := seal.LoadOrCreate(path)
	require.NoError(t, err)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	for name, with := range map[string]string{
		"a key that is not there": `"index_chain": [1, 2],`,
		"a move to nothing":       `"index_move": "moving",`,
		"an unknown move":         `"index_move": "sideways",`,
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, "{%s%s", with, text[1:]), 0o600))
			_, err := seal.Load(path)
			require.ErrorContains(t, err, "damaged")
		})
	}
	assert.Equal(t, 1, seal.FormOf("g00"))
	assert.Equal(t, 1, seal.FormOf("gxyz0123456789abcdef0123456789abcdef"))
}
