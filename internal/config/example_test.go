package config_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/config"
	"hotline/internal/testdata"
)

// TestExampleIsAccepted reads deploy/hotline.yaml as it is, and with everything that it
// offers switched on.
func TestExampleIsAccepted(t *testing.T) {
	example, err := os.ReadFile(filepath.Join(testdata.Root(t), "deploy", "hotline.yaml"))
	require.NoError(t, err)
	c, err := config.Load(filepath.Join(testdata.Root(t), "deploy", "hotline.yaml"), nil)
	require.NoError(t, err)
	assert.Empty(t, c.Trunks)

	all := regexp.MustCompile(`(?m)^#(\S|  )`).ReplaceAll(example, []byte("$1"))
	all = regexp.MustCompile(`(?m)^  listen: \[":5060"\]\n`).ReplaceAll(all, nil) // the longer one follows
	path := filepath.Join(t.TempDir(), "hotline.yaml")
	require.NoError(t, os.WriteFile(path, all, 0o600))
	c, err = config.Load(path, []string{"HOTLINE_TRUNKS_TELECOM_PASSWORD=secret"})
	require.NoError(t, err)
	require.Len(t, c.Trunks, 2)
	assert.Equal(t, "telecom", c.Trunks[0].Name)
	assert.Equal(t, "static", c.Trunks[1].Kind)
	assert.Contains(t, c.SIP.Addresses(), "tls::5061")
	assert.False(t, c.SIP.AnonymousCalls)
}
