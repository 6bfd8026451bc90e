package migrate_test

import (
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"hotline/dialog/flow"
	"hotline/internal/business"
	"hotline/internal/migrate"
)

// sound holds of whatever was read: it can be written, and hotline check finds no
// error in it.
func sound(t *testing.T, p *migrate.Pack) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "shop")
	if err := p.Write(dir); err != nil {
		t.Fatalf("it cannot be written: %v", err)
	}
	if len(p.Pairs)+len(p.Flows) == 0 {
		return // a business that knows nothing yet
	}
	if _, report := business.Load(dir); report.Err() != nil {
		t.Fatalf("hotline check: %v", report.Problems)
	}
}

// quick is the part of sound that takes no time: a fuzzer wants thousands in a second.
func quick(t *testing.T, p *migrate.Pack) {
	t.Helper()
	if _, problems := flow.Compile(p.Flows, flow.Context{Language: p.Language, Skills: []string{"service"}}); len(problems) > 0 {
		t.Fatalf("tasks that do not work: %v", problems)
	}
	ids := map[string]bool{}
	for _, r := range p.Pairs {
		if r.Question == "" || r.Answer == "" || ids[r.ID] {
			t.Fatalf("a question that cannot be: %+v", r)
		}
		ids[r.ID] = true
	}
	if err := p.Report.Write(io.Discard); err != nil {
		t.Fatal(err)
	}
}

// TestDamagedSamples takes lines away and doubles them: what is left is read, and is a
// business that works.
func TestDamagedSamples(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 8))
	damage := func(text string) string {
		lines := strings.SplitAfter(text, "\n")
		for range 1 + r.IntN(6) {
			switch i := r.IntN(len(lines)); r.IntN(3) {
			case 0:
				lines = slices.Delete(lines, i, i+1)
			case 1:
				lines = slices.Insert(lines, i, lines[r.IntN(len(lines))])
			default:
				lines[i] = lines[r.IntN(len(lines))]
			}
		}
		return strings.Join(lines, "")
	}
	read := 0
	for n := range 24 {
		var p *migrate.Pack
		var err error
		folder, root := fstest.MapFS{}, "testdata/rasa"
		if n%2 == 1 {
			root = "testdata/dialogflow"
		}
		sample := files(t, root)
		for _, name := range slices.Sorted(maps.Keys(sample)) {
			text := sample[name]
			if r.IntN(3) == 0 {
				text = damage(text)
			}
			folder[name] = &fstest.MapFile{Data: []byte(text)}
		}
		if n%2 == 1 {
			p, err = migrate.DialogflowFolder(folder, "", "")
		} else {
			p, err = migrate.Rasa(folder, "Shop", "")
		}
		if err != nil { // too little is left of it
			continue
		}
		read++
		sound(t, p)
	}
	if read < 12 {
		t.Errorf("%d of 24 were read", read)
	}
}

func sample(f *testing.F, name string) string {
	f.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		f.Fatal(err)
	}
	return string(data)
}

func FuzzRasaProject(f *testing.F) {
	f.Add(sample(f, "rasa/domain.yml"), sample(f, "rasa/data/nlu.yml"), sample(f, "rasa/data/rules.yml"))
	f.Add(sample(f, "rasa/domain.yml"), sample(f, "rasa/data/nlu.yml"), sample(f, "rasa/data/stories.yml"))
	f.Add("forms:\n  f: {required_slots: [f, f]}\nresponses:\n  utter_a: [{text: \"{f}\"}]\n", "nlu:\n- intent: a/b\n  examples: |\n    - [x]{\"entity\": \"f\"}\n", "rules:\n- rule: r\n  steps:\n  - intent: a\n  - action: f\n  - active_loop: f\n  - active_loop: null\n  - intent: affirm\n  - action: utter_a\n")
	f.Add("responses: {utter_a: [{text: \"?\"}]}", "nlu: [{intent: a, examples: [x]}]", "stories: [{story: s, steps: [{checkpoint: c}, {intent: a}, {action: utter_a}, {checkpoint: c}]}]")
	f.Fuzz(func(t *testing.T, domain, nlu, talks string) {
		const most = 32 << 10
		if len(domain)+len(nlu)+len(talks) > most {
			return
		}
		p, err := migrate.Rasa(fstest.MapFS{"domain.yml": {Data: []byte(domain)}, "data/nlu.yml": {Data: []byte(nlu)}, "data/talks.yml": {Data: []byte(talks)}}, "Shop", "")
		if err != nil {
			return
		}
		quick(t, p)
	})
}

func FuzzDialogflowZip(f *testing.F) {
	f.Add(zipped(f, os.DirFS("testdata/dialogflow")))
	f.Add(zipped(f, fstest.MapFS{"agent.json": {Data: []byte(`{"language":"en"}`)}, "intents/hours.json": {Data: []byte(hours)}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		if p, err := read(data); err == nil {
			quick(t, p)
		}
	})
}

func FuzzDialogflowAgent(f *testing.F) {
	for _, name := range []string{"table.book", "delivery.add", "menu", "table.book - yes"} {
		f.Add(sample(f, "dialogflow/agent.json"), sample(f, "dialogflow/intents/"+name+".json"), sample(f, "dialogflow/intents/delivery.start.json"), sample(f, "dialogflow/intents/delivery.add_usersays_en.json"), sample(f, "dialogflow/entities/dish.json"), sample(f, "dialogflow/entities/dish_entries_en.json"))
	}
	f.Fuzz(func(t *testing.T, agent, intent, before, says, entity, entries string) {
		const most = 32 << 10
		if len(intent)+len(before)+len(says)+len(entries) > most {
			return
		}
		p, err := migrate.DialogflowFolder(fstest.MapFS{
			"agent.json": {Data: []byte(agent)}, "intents/a.json": {Data: []byte(before)}, "intents/a_usersays_en.json": {Data: []byte(says)},
			"intents/b.json": {Data: []byte(intent)}, "intents/b_usersays_en.json": {Data: []byte(says)},
			"entities/dish.json": {Data: []byte(entity)}, "entities/dish_entries_en.json": {Data: []byte(entries)},
		}, "", "")
		if err == nil {
			quick(t, p)
		}
	})
}
