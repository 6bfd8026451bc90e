package campaignfile

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"hotline/internal/testdata"
)

// The owner's guides name every key.
func TestDocsNameEveryKey(t *testing.T) {
	for _, name := range []string{"campaigns.md", "campaigns.zh.md"} {
		text, err := os.ReadFile(filepath.Join(testdata.Root(t), "docs", name))
		require.NoError(t, err)
		for _, kind := range []any{file{}, variant{}, windows{}, holiday{}, retry{}, caps{}, goal{}} {
			for f := range reflect.TypeOf(kind).Fields() {
				key := f.Tag.Get("yaml")
				switch key {
				case "tuesday", "wednesday", "thursday", "friday", "saturday": // "monday … sunday"
					continue
				}
				require.Regexp(t, "`"+key+"[`:]|[{ ]"+key+": ", string(text), "%s does not explain %s", name, key)
			}
		}
		for _, o := range outcomes {
			require.Contains(t, string(text), "`"+string(o)+"`", name)
		}
	}
}

// What the packs bring can be used as it is.
func TestThePacksCampaigns(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testdata.Root(t), "examples", "*", "campaigns", "*.yaml"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 10)
	ids := map[string]string{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		c, problems := Parse(text)
		require.Empty(t, problems, name)
		require.NotEmpty(t, c.ID, name)
		require.Empty(t, ids[c.ID], "%s and %s have one id", name, ids[c.ID])
		ids[c.ID] = name
	}
}
