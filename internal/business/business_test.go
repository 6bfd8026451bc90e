package business_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/internal/business"
)

// folder writes a business of the given files.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		p := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(p), 0o755))
		require.NoError(t, os.WriteFile(p, []byte(text), 0o600))
	}
	return dir
}

const small = `name: 小店
language: zh
voices: {zh: kokoro-v1.0/zf_xiaoxiao}
lines:
  - name: main
    numbers: 08000
    default: true
    disclosure: {text: 您好，这里是小店的智能助手，通话会录音。}
    greeting: 请说您要办的事。
    menu:
      "1": {say: 营业时间, pair: hours}
skills: [{name: service, title: 客服}]
agents: [{name: agent1, title: 小王, skills: [service], languages: [zh]}]
escalation: {skill: service}
`

const questions = "id,question,answer,variants\nhours,几点营业,我们早上九点到晚上九点营业。,几点开门|什么时候关门\n"

func problems(r business.Report) string {
	var b strings.Builder
	_ = r.Write(&b, "en", "")
	return b.String()
}

func TestASmallFolderIsReadWhole(t *testing.T) {
	b, report := business.Load(folder(t, map[string]string{"business.yaml": small, "knowledge/q.csv": questions}))
	require.Empty(t, problems(report))
	l, ok := business.Find([]*business.Business{b}, "08000")
	require.True(t, ok)
	require.Equal(t, "main", l.Name)
	require.Equal(t, []string{"08000"}, l.Numbers, "a leading zero stays")
	require.Equal(t, "kokoro-v1.0/zf_xiaoxiao", l.Voice)
	require.Equal(t, 6*time.Second, l.Limits.Silence)
	opening := l.Opening()
	require.Len(t, opening, 2)
	require.True(t, opening[0].MustHear)
	require.False(t, opening[1].MustHear)
	require.Equal(t, []string{"几点开门", "什么时候关门"}, b.Knowledge[0].Variants)
	require.Len(t, l.Pairs(), 1)
	require.Equal(t, "agent1", b.AgentsWith("service", "zh")[0].Name)
	l, _ = business.Find([]*business.Business{b}, "12345")
	require.Equal(t, "main", l.Name, "the default line takes other numbers")
}
