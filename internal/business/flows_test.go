package business_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/dialog/flow"
	"hotline/internal/business"
	"hotline/internal/testdata"
)

// What the documents build from nothing works as they say.
func TestTheWorkedExampleOfTheDocuments(t *testing.T) {
	for name, head := range map[string]string{
		"flows.md":    "name: Shoemaker\nlanguage: en\ntimezone: America/New_York\n",
		"flows.zh.md": "name: 修鞋店\nlanguage: zh\ntimezone: Asia/Shanghai\n",
	} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(testdata.Root(t), "docs", name))
			require.NoError(t, err)
			blocks := regexp.MustCompile("(?s)```(?:csv|yaml)\n(.*?)```").FindAllStringSubmatch(string(data), 3)
			require.Len(t, blocks, 3)
			dir := folder(t, map[string]string{
				business.File:       head + "lines: [{name: main, numbers: [1], default: true, disclosure: {text: 您好，我是智能助手，通话会录音。I'm the virtual assistant. This call's recorded., interruptible: false}}]\nskills: [{name: service}]\nagents: [{name: agent1, skills: [service]}]\nescalation: {skill: service}\n",
				"tables/shoes.csv":  blocks[0][1],
				"flows/shoes.yaml":  blocks[1][1],
				"dialogs/test.yaml": blocks[2][1],
			})
			b, report := business.Load(dir)
			require.NoError(t, report.Err())
			results, err := business.RunDialogs(t.Context(), b, engineOf(nil))
			require.NoError(t, err)
			require.Len(t, results, 2)
			var out strings.Builder
			require.NoError(t, business.WriteDialogs(&out, results))
			for _, r := range results {
				require.True(t, r.Passed, out.String())
			}
		})
	}
}

// FuzzFlowAnswers says and presses anything to every flow of the packs: it goes on or
// ends, within bounds.
func FuzzFlowAnswers(f *testing.F) {
	type one struct {
		set  *flow.Set
		name string
	}
	var all []one
	for _, name := range packs() {
		b, _ := business.Load(filepath.Join(testdata.Root(f), "examples", name))
		for _, name := range b.Flows.Names() {
			all = append(all, one{b.Flows, name})
		}
	}
	require.GreaterOrEqual(f, len(all), 25)
	for i := range all {
		f.Add(byte(i), "零零一七|不对，是零零三二|好|没有|[1#]", "13800138000")
		f.Add(byte(i), "eight nine three two|no, Friday|[9005#]|yes|no idea|morning|[*]", "")
		f.Add(byte(i), "明天下午|十二月三十二号|幺三八|[\x00]|我叫\u202e李|，，，|{order}", "{caller}")
	}
	f.Fuzz(func(t *testing.T, which byte, talk, caller string) {
		answers := strings.Split(talk, "|")
		if len(answers) > 40 {
			answers = answers[:40]
		}
		env := flow.Env{Now: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC), Caller: caller}
		set, name := all[int(which)%len(all)].set, all[int(which)%len(all)].name
		m, ok := set.Start(flow.State{}, name, flow.Heard{Text: answers[0], Confidence: 1}, env)
		require.True(t, ok)
		for turn := 0; turn < 100 && m.State.Running(); turn++ {
			require.Less(t, len(m.Out), 600)
			before := m.State.Slots()
			if m.Await != nil { // nothing is had, or nobody answers
				resp := flow.Response{}
				if m.Await.Book != nil && len(m.Await.Book.Rows) > 0 && turn%2 == 0 {
					resp.Rows = m.Await.Book.Rows[:1]
				}
				m = set.Resume(m.State, resp, env)
				continue
			}
			h := flow.Heard{Text: answers[turn%len(answers)], Confidence: float64(turn%5) / 4}
			if keys, ok := strings.CutPrefix(h.Text, "["); ok {
				h.Keys, h.Text = strings.TrimSuffix(keys, "]"), ""
			}
			h.Correction = turn%7 == 3
			next, ok := set.Answer(m.State, h, env)
			if !ok {
				next = set.Retry(m.State, env)
			}
			require.Equal(t, before, m.State.Slots(), "a State is a value")
			m = next
		}
		set.Facts(m.State)
		// Whoever never says anything of use is brought to a person.
		m, _ = set.Start(flow.State{}, name, flow.Heard{}, env)
		for turn := 0; m.State.Running(); turn++ {
			require.Less(t, turn, 200, name)
			if m.Await != nil {
				m = set.Resume(m.State, flow.Response{}, env)
				continue
			}
			m = set.Retry(m.State, env)
		}
	})
}

// FuzzFlowFile loads any text as a flow, next to the table it may look into.
func FuzzFlowFile(f *testing.F) {
	for _, name := range packs() {
		files, err := filepath.Glob(filepath.Join(testdata.Root(f), "examples", name, "flows", "*.yaml"))
		require.NoError(f, err)
		for _, file := range files[:2] {
			data, err := os.ReadFile(file)
			require.NoError(f, err)
			f.Add(data)
		}
	}
	f.Add([]byte("title: x\nsteps: [{id: a, goto: a}]\n"))
	f.Add([]byte("title: '{'\nslots: [{name: a, type: code, pattern: '(', length: 9-1}]\nsteps: [{if: 'a ==', then: {flow: f}}]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		b, report := business.Load(folder(t, map[string]string{
			business.File: small, "knowledge/q.csv": questions, "tables/orders.csv": "订单号,电话,状态\n1234,13800138000,已签收\n", "flows/f.yaml": string(data),
		}))
		for _, p := range report.Problems {
			require.NotContains(t, p.Message+p.Cure, "%!")
			require.GreaterOrEqual(t, p.Line, 0)
		}
		env := flow.Env{Now: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC), Caller: "13800138000"}
		for _, name := range b.Flows.Names() {
			g, ok := b.Flows.Draw(name)
			require.True(t, ok)
			g.Mermaid()
			m, ok := b.Flows.Start(flow.State{}, name, flow.Heard{Text: "一二三四", Confidence: 1}, env)
			for turn := 0; ok && turn < 50 && m.State.Running(); turn++ {
				if m.Await != nil {
					m = b.Flows.Resume(m.State, flow.Response{}, env)
					continue
				}
				m = b.Flows.Retry(m.State, env)
			}
		}
	})
}
