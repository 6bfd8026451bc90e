package migrate_test

import (
	"archive/zip"
	"bytes"
	"path/filepath"
	"testing"
	"testing/fstest"

	"hotline/internal/business"
	"hotline/internal/migrate"
)

func holds(t *testing.T, p *migrate.Pack, err error, pairs, tasks int) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Pairs) != pairs || len(p.Flows) != tasks {
		t.Errorf("%d questions, %d tasks: %+v", len(p.Pairs), len(p.Flows), p.Report)
	}
	dir := filepath.Join(t.TempDir(), "shop")
	if err := p.Write(dir); err != nil {
		t.Fatal(err)
	}
	if _, report := business.Load(dir); report.Err() != nil {
		t.Errorf("hotline check: %v", report.Problems)
	}
}

func TestRasaProject(t *testing.T) {
	p, err := migrate.Rasa(fstest.MapFS{
		"data/nlu.yml": {Data: []byte("nlu:\n- intent: hours\n  examples: |\n    - 几点开门\n    - [周末](day)开门吗\n- intent: book\n  examples: |\n    - 我要预约\n- intent: stock\n  examples: |\n    - 还有货吗\n")},
		"domain.yml":   {Data: []byte("responses:\n  utter_hours:\n  - text: 早上九点开门。\n  utter_ask_phone:\n  - text: 您的电话是多少？\n  utter_done:\n  - text: 记下了。\nforms:\n  book_form:\n    required_slots: [phone]\n")},
		"data/rules.yml": {Data: []byte("rules:\n- rule: odd\n  steps:\n  - active_loop: null\n- rule: hours\n  steps:\n  - intent: hours\n  - action: utter_hours\n- rule: book\n  steps:\n  - intent: book\n  - action: book_form\n  - active_loop: book_form\n" +
			"- rule: done\n  condition:\n  - active_loop: book_form\n  steps:\n  - action: book_form\n  - active_loop: null\n  - action: utter_done\n- rule: stock\n  steps:\n  - intent: stock\n  - action: action_stock\n")},
	}, "小店", "")
	holds(t, p, err, 1, 2)
}

func TestDialogflowAgent(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range map[string]string{
		"agent.json":                        `{"language":"zh-cn","displayName":"小店"}`,
		"../evil.json":                      `{}`,
		"intents/hours.json":                `{"name":"hours","responses":[{"messages":[{"type":"0","lang":"zh-cn","speech":["早上九点开门。"]}]}]}`,
		"intents/hours_usersays_zh-cn.json": `[{"data":[{"text":"几点"},{"text":"开门"}]}]`,
		"intents/book.json":                 `{"name":"book","responses":[{"parameters":[{"name":"day","required":true,"dataType":"@sys.date","prompts":[{"lang":"zh-cn","value":"哪天？"},"哪一天？"]}],"messages":[{"speech":"$day 见。"}]}]}`,
		"intents/book_usersays_zh-cn.json":  `[{"data":[{"text":"我要预约"}]}]`,
	} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	p, err := migrate.Dialogflow(bytes.NewReader(b.Bytes()), int64(b.Len()), "", "")
	holds(t, p, err, 1, 1)
	if got := p.Flows[0].Slots[0].Ask; len(got) != 2 { // the second as old exports write it
		t.Errorf("it asks %q", got)
	}
}
