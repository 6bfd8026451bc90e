package business_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"hotline/internal/business"
)

func TestCampaignsAreChecked(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	write("business.yaml", `name: 云上商城
language: zh
voices: {zh: any}
lines:
  - name: main
    numbers: [8000]
    disclosure: {text: 您好，这里是云上商城，我是智能助手，通话会录音。}
    greeting: 请说。
skills: [{name: service}]
agents: [{name: a, skills: [service], languages: [zh]}]
escalation: {skill: service}
`)
	write("knowledge/q.csv", "问题,答案\n几点开门,九点开门。\n")
	good := "name: 通知\nline: main\npurpose: service\ngreeting: 您好，我是云上商城的智能助手，通话会录音，您的{商品}到了，不想再接，说一声就行。\n"
	for _, c := range []struct {
		name, text string
		want       []string // place and a part of the message
	}{
		{"right", good, []string{"campaigns/c.yaml:4: 开场白之后没有安排流程"}},
		{"a line that is not", strings.Replace(good, "main", "mian", 1), []string{"campaigns/c.yaml:2: 没有线路“mian”"}},
		{"a key that is not", good + "purpos: x\n", []string{"campaigns/c.yaml:5: 不认识“purpos”"}},
		{"a task that is not", good + "task: gone\n", []string{"campaigns/c.yaml:5: "}},
		{"no word of a machine", strings.Replace(good, "的智能助手", "", 1), []string{"campaigns/c.yaml:4: "}},
		{
			"neither who nor that it is recorded nor a way out", "name: x\ngreeting: 您好，我是智能助手，您的东西到了。\n",
			[]string{"campaigns/c.yaml:2: 开场白之后没有安排流程", "campaigns/c.yaml:2: 开场白没有说“云上商城”", "campaigns/c.yaml:2: 开场白没有说明通话会录音", "campaigns/c.yaml:2: 开场白没有说可以拒绝"},
		},
		{"nobody free, nothing said", good + "mode: predictive\nskill: service\nopt_out: \"9\"\n", []string{"campaigns/c.yaml:1: predictive"}},
		{"a skill that is not", good + "mode: preview\nskill: gone\n", []string{"campaigns/c.yaml:6: 没有技能组“gone”"}},
		{"a bad holiday", good + "windows:\n  holidays:\n    - {name: a, from: someday}\n", []string{"campaigns/c.yaml:7: "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			write("campaigns/c.yaml", c.text)
			_, report := business.Load(dir)
			var got []string
			for _, p := range report.Problems {
				if strings.HasPrefix(p.File, "campaigns/") {
					message, cure := p.In("zh")
					require.NotContains(t, message+cure, "%!")
					got = append(got, p.Place()+": "+message)
				}
			}
			require.Len(t, got, len(c.want), "%q", got)
			for i, want := range c.want {
				require.Contains(t, got[i], want)
			}
		})
	}
}
