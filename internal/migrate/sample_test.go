package migrate_test

import (
	"archive/zip"
	"bytes"
	"flag"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"hotline/dialog"
	"hotline/dialog/engine"
	"hotline/dialog/knowledge"
	"hotline/internal/action"
	"hotline/internal/business"
	"hotline/internal/migrate"
)

var update = flag.Bool("update", false, "write what the samples become to testdata/golden")

// samples are bots in the formats of their makers, and conversations that what they
// become must hold.
func samples(t *testing.T) map[string]func() (*migrate.Pack, error) {
	t.Helper()
	return map[string]func() (*migrate.Pack, error){
		"rasa":          func() (*migrate.Pack, error) { return migrate.Rasa(os.DirFS("testdata/rasa"), "青桔单车行", "") },
		"dialogflow-en": func() (*migrate.Pack, error) { return migrate.DialogflowFile("testdata/dialogflow", "", "") },
		"dialogflow-zh": func() (*migrate.Pack, error) { return migrate.DialogflowFile("testdata/dialogflow", "", "zh") },
	}
}

// dialogs are the conversations of a sample.
var dialogs = map[string]string{
	"rasa": "testdata/rasa/dialogs.yaml", "dialogflow-en": "testdata/dialogflow/dialogs-en.yaml", "dialogflow-zh": "testdata/dialogflow/dialogs-zh.yaml",
}

// files are all files below dir.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		out[name] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSamplesBecomeWhatTheGoldensSay(t *testing.T) {
	for name, read := range samples(t) {
		t.Run(name, func(t *testing.T) {
			p, err := read()
			if err != nil {
				t.Fatal(err)
			}
			dir, golden := filepath.Join(t.TempDir(), "shop"), filepath.Join("testdata", "golden", name)
			if err := p.Write(dir); err != nil {
				t.Fatal(err)
			}
			if *update {
				if err := os.RemoveAll(golden); err != nil {
					t.Fatal(err)
				}
				if err := p.Write(golden); err != nil {
					t.Fatal(err)
				}
			}
			got, want := files(t, dir), files(t, golden)
			for _, file := range slices.Sorted(maps.Keys(want)) {
				if got[file] != want[file] {
					t.Errorf("%s is now\n%s", file, got[file])
				}
			}
			for file := range got {
				if _, ok := want[file]; !ok {
					t.Errorf("%s is new", file)
				}
			}
		})
	}
}

func TestSamplesConverse(t *testing.T) {
	for name := range samples(t) {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "shop")
			if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", "golden", name))); err != nil {
				t.Fatal(err)
			}
			if err := os.MkdirAll(filepath.Join(dir, "dialogs"), 0o750); err != nil {
				t.Fatal(err)
			}
			script, err := os.ReadFile(dialogs[name])
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "dialogs", "sample.yaml"), script, 0o600); err != nil {
				t.Fatal(err)
			}
			b, report := business.Load(dir)
			if err := report.Err(); err != nil {
				t.Fatalf("hotline check: %v", report.Problems)
			}
			results, err := business.RunDialogs(t.Context(), b, func(l business.Line, now func() time.Time) (dialog.Engine, error) {
				x, err := knowledge.New(l.Pairs(), l.KnowledgeOptions())
				if err != nil {
					return nil, err
				}
				c := l.EngineConfig(knowledge.NewLive(x).Load)
				c.Now, c.Effects = now, &action.Actions{Web: &action.Web{}, Bookings: &action.Memory{}}
				return engine.New(c)
			})
			if err != nil || len(results) == 0 {
				t.Fatalf("%d dialogues, %v", len(results), err)
			}
			var out strings.Builder
			if err := business.WriteDialogs(&out, results); err != nil {
				t.Fatal(err)
			}
			for _, r := range results {
				if !r.Passed {
					t.Errorf("%s", out.String())
					break
				}
			}
		})
	}
}

// zipped is the folder as Dialogflow gives it.
func zipped(tb testing.TB, folder fs.FS) []byte {
	tb.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	if err := z.AddFS(folder); err != nil {
		tb.Fatal(err)
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func TestTheZipIsReadAsItsFolder(t *testing.T) {
	data := zipped(t, os.DirFS("testdata/dialogflow"))
	one, err := migrate.Dialogflow(bytes.NewReader(data), int64(len(data)), "", "")
	if err != nil {
		t.Fatal(err)
	}
	other, err := migrate.DialogflowFile("testdata/dialogflow", "", "")
	if err != nil || !reflect.DeepEqual(one.Report, other.Report) || !reflect.DeepEqual(one.Pairs, other.Pairs) || !reflect.DeepEqual(one.Flows, other.Flows) {
		t.Errorf("%+v\n%+v, %v", one.Report, other.Report, err)
	}
	file := filepath.Join(t.TempDir(), "agent.zip")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if third, err := migrate.DialogflowFile(file, "", ""); err != nil || !reflect.DeepEqual(one.Report, third.Report) {
		t.Errorf("from the file: %v", err)
	}
}
