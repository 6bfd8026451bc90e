package command_test

import (
	"bufio"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/dialog/command"
)

// testdata/called_*.tsv: what is said, and what it is.
func TestCalled(t *testing.T) {
	for _, language := range []string{"zh", "en"} {
		f, err := os.Open("testdata/called_" + language + ".tsv")
		require.NoError(t, err)
		r := command.New(language)
		n := 0
		for lines := bufio.NewScanner(f); lines.Scan(); {
			text, want, ok := strings.Cut(lines.Text(), "\t")
			require.True(t, ok, lines.Text())
			assert.Equal(t, command.Called(want), r.Called(text), text)
			n++
		}
		require.NoError(t, f.Close())
		assert.Greater(t, n, 80)
	}
}
