package migrate_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"hotline/internal/migrate"
)

// zipOf is a zip of files whose content write makes.
func zipOf(t *testing.T, names []string, write func(name string, w io.Writer)) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range names {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		write(name, w)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func read(data []byte) (*migrate.Pack, error) {
	return migrate.Dialogflow(bytes.NewReader(data), int64(len(data)), "", "")
}

const hours = `{"name":"hours","responses":[{"messages":[{"type":"0","speech":["We open at nine."]}]}]}`

func TestExportsThatWouldFillTheMachine(t *testing.T) {
	blank := bytes.Repeat([]byte(" "), 1<<20)
	flood := func(_ string, w io.Writer) {
		for range 5 { // more than a file may hold
			_, _ = w.Write(blank)
		}
	}
	t.Run("one file", func(t *testing.T) {
		p, err := read(zipOf(t, []string{"agent.json", "intents/a.json"}, func(name string, w io.Writer) {
			if name == "agent.json" {
				_, _ = io.WriteString(w, `{"language":"en","displayName":"x"}`)
				return
			}
			flood(name, w)
		}))
		if err != nil || !strings.Contains(fmt.Sprint(p.Report.Left), "unpacks to more than is read") {
			t.Errorf("%+v, %v", p, err)
		}
	})
	t.Run("all together", func(t *testing.T) {
		var names []string
		for n := range 20 {
			names = append(names, fmt.Sprintf("intents/%d.json", n))
		}
		if _, err := read(zipOf(t, names, flood)); err == nil || !strings.Contains(err.Error(), "unpacks to more than") {
			t.Errorf("%v", err)
		}
	})
	t.Run("many files", func(t *testing.T) {
		var names []string
		for n := range 11_000 {
			names = append(names, fmt.Sprintf("intents/%d.json", n))
		}
		if _, err := read(zipOf(t, names, func(string, io.Writer) {})); err == nil || !strings.Contains(err.Error(), "more than") {
			t.Errorf("%v", err)
		}
	})
	t.Run("depth", func(t *testing.T) {
		p, err := read(zipOf(t, []string{"agent.json", "intents/deep.json"}, func(name string, w io.Writer) {
			if name == "agent.json" {
				_, _ = io.WriteString(w, `{"language":"en"}`)
				return
			}
			_, _ = io.WriteString(w, strings.Repeat(`{"name":`, 100_000))
		}))
		if err != nil || len(p.Report.Left) == 0 {
			t.Errorf("%+v, %v", p, err)
		}
	})
}

func TestNamesDoNotLeadOut(t *testing.T) {
	names := []string{"agent.json", "../intents/a.json", "/intents/b.json", `intents\..\..\c.json`, "intents/../../d.json", "intents/ok.json", "intents/ok_usersays_en.json"}
	p, err := read(zipOf(t, names, func(name string, w io.Writer) {
		switch {
		case name == "agent.json":
			_, _ = io.WriteString(w, `{"language":"en","displayName":"../../evil"}`)
		case strings.Contains(name, "usersays"):
			_, _ = io.WriteString(w, `[{"data":[{"text":"when do you open"}]}]`)
		default:
			_, _ = io.WriteString(w, strings.Replace(hours, `"hours"`, `"../../../hours"`, 1))
		}
	}))
	if err != nil || len(p.Pairs) != 1 {
		t.Fatalf("%+v, %v", p, err)
	}
	out := 0
	for _, l := range p.Report.Left {
		if l.Kind == "file" && strings.Contains(l.Why, "leads out") {
			out++
		}
	}
	if out != 4 {
		t.Errorf("%d names led out: %+v", out, p.Report.Left)
	}
	parent := t.TempDir()
	if err := p.Write(filepath.Join(parent, "shop")); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(parent); err != nil || len(entries) != 1 {
		t.Errorf("beside the folder: %v, %v", entries, err)
	}
	if err := p.Write(filepath.Join(parent, "shop")); err == nil {
		t.Error("a folder was written over")
	}
}

func TestWhatIsNoBot(t *testing.T) {
	for name, data := range map[string][]byte{
		"no zip":   []byte("PK nothing"),
		"empty":    nil,
		"no agent": zipOf(t, []string{"readme.txt", "a.json"}, func(_ string, w io.Writer) { _, _ = io.WriteString(w, "{}") }),
		"CX":       zipOf(t, []string{"agent.json", "flows/Default/Default.json", "intents/a/a.json"}, func(_ string, w io.Writer) { _, _ = io.WriteString(w, "{}") }),
	} {
		if _, err := read(data); err == nil {
			t.Errorf("%s was taken", name)
		} else if name == "CX" && !strings.Contains(err.Error(), "CX") {
			t.Errorf("CX: %v", err)
		}
	}
	if _, err := migrate.Rasa(fstest.MapFS{"a.txt": {Data: []byte("x")}}, "", ""); err == nil {
		t.Error("a folder without training data was taken")
	}
	if _, err := migrate.DialogflowFile(filepath.Join(t.TempDir(), "none.zip"), "", ""); err == nil {
		t.Error("a file that is not there was taken")
	}
}

func TestProjectsThatAreTooMuch(t *testing.T) {
	nlu := "nlu:\n- intent: hours\n  examples: |\n    - when do you open\nresponses:\n  utter_hours:\n  - text: At nine.\nrules:\n- rule: h\n  steps:\n  - intent: hours\n  - action: utter_hours\n"
	t.Run("a large file is passed over and named", func(t *testing.T) {
		p, err := migrate.Rasa(fstest.MapFS{"nlu.yml": {Data: []byte(nlu)}, "big.yml": {Data: bytes.Repeat([]byte("#\n"), 3<<20)}}, "", "")
		if err != nil || len(p.Pairs) != 1 || !strings.Contains(fmt.Sprint(p.Report.Left), "larger than") {
			t.Errorf("%+v, %v", p, err)
		}
	})
	t.Run("many files", func(t *testing.T) {
		all := fstest.MapFS{}
		for n := range 2100 {
			all[fmt.Sprintf("data/%d.yml", n)] = &fstest.MapFile{Data: []byte("nlu: []\n")}
		}
		if _, err := migrate.Rasa(all, "", ""); err == nil {
			t.Error("it was taken")
		}
	})
	t.Run("a broken file is named with its line", func(t *testing.T) {
		p, err := migrate.Rasa(fstest.MapFS{"nlu.yml": {Data: []byte(nlu)}, "data/broken.yml": {Data: []byte("nlu:\n- intent: a\n  examples: [\n")}}, "", "")
		if err != nil || len(p.Report.Left) == 0 || !strings.HasPrefix(p.Report.Left[0].Place, "data/broken.yml:") {
			t.Errorf("%+v, %v", p, err)
		}
	})
	t.Run("checkpoints in a circle end", func(t *testing.T) {
		p, err := migrate.Rasa(fstest.MapFS{"nlu.yml": {Data: []byte(nlu)}, "stories.yml": {Data: []byte(
			"stories:\n- story: a\n  steps:\n  - intent: go\n  - action: utter_hours\n  - checkpoint: x\n- story: b\n  steps:\n  - checkpoint: x\n  - intent: affirm\n  - action: utter_hours\n  - checkpoint: x\n- story: c\n  steps:\n  - checkpoint: x\n  - intent: deny\n  - action: utter_hours\n  - checkpoint: x\n")}}, "", "")
		if err != nil || p == nil {
			t.Error(err)
		}
	})
}
