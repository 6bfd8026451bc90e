package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/stand"
	"hotline/sip/siptest"
)

// An agent who is written into the business while the server runs can register his
// telephone, and be rung, without a restart; one who is written nowhere cannot.
func TestAgentIsAddedWhileTheServerRuns(t *testing.T) {
	n := lightWith(t, func(business string) string { // without the line whose folder is not here, and who names it
		before, rest, _ := strings.Cut(business, "  - name: english")
		_, after, _ := strings.Cut(rest, "\n\n")
		before, others, _ := strings.Cut(before, "    other_languages:")
		_, others, _ = strings.Cut(others, "\n")
		return before + others + "\n" + after
	})
	p := siptest.New(t, n.SIP)
	assert.NotEqual(t, 200, p.Register("zhao", stand.Password, "", 3600).Status())

	file := filepath.Join(filepath.Dir(n.Data), "retail-zh", "business.yaml")
	before := readText(file)
	text := strings.Replace(before, "\nagents:\n", "\nagents:\n  - {name: zhao, title: 小赵, skills: [service], languages: [zh]}\n", 1)
	require.NotEqual(t, before, text)
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	require.True(t, n.AwaitLog(t.Context(), "the business was read again", 30*time.Second))

	p = siptest.New(t, n.SIP)
	require.Equal(t, 200, p.Register("zhao", stand.Password, "", 3600).Status())
	registered(t, n.Stand, "zhao", "ready")
}
