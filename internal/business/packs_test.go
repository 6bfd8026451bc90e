package business_test

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"hotline/asr/onnx/onnxtest"
	"hotline/dialog"
	"hotline/dialog/engine"
	"hotline/dialog/knowledge"
	"hotline/internal/action"
	"hotline/internal/business"
	"hotline/internal/embed"
	"hotline/internal/testdata"
)

func pack(t *testing.T, name string) string {
	t.Helper()
	return filepath.Join(testdata.Root(t), "examples", name)
}

func packs() []string { return []string{"retail-zh", "retail-en", "dental-zh", "repair-zh"} }

// engineOf makes the real dialogue engine of a line.
func engineOf(e knowledge.Embedders) business.EngineOf {
	return func(l business.Line, now func() time.Time) (dialog.Engine, error) {
		o := l.KnowledgeOptions()
		// what is tried is the understanding: a busy machine may take its time
		o.Embedder, o.EmbedWithin, o.BuildWithin = e.In(l.Language), time.Minute, 10*time.Minute
		x, err := knowledge.New(l.Pairs(), o)
		if err != nil {
			return nil, err
		}
		if err := x.EmbedErr(); err != nil {
			return nil, err
		}
		c := l.EngineConfig(knowledge.NewLive(x).Load)
		c.Now, c.Effects = now, &action.Actions{Web: &action.Web{}, Bookings: &action.Memory{}}
		return engine.New(c)
	}
}

func TestThePacksAreClean(t *testing.T) {
	for _, name := range packs() {
		t.Run(name, func(t *testing.T) {
			_, report := business.Load(pack(t, name))
			require.Empty(t, problems(report))
		})
	}
}

func TestThePacksAreLargeEnough(t *testing.T) {
	pairs := map[string]int{"retail-zh": 200, "retail-en": 130, "dental-zh": 65, "repair-zh": 65}
	require.ElementsMatch(t, packs(), slices.Collect(maps.Keys(pairs)))
	for name, want := range pairs {
		t.Run(name, func(t *testing.T) {
			b, _ := business.Load(pack(t, name))
			require.GreaterOrEqual(t, len(b.Knowledge), want)
			for _, r := range b.Knowledge {
				require.GreaterOrEqual(t, len(r.Variants), 3, r.ID)
			}
			scripts, _ := b.LoadScripts()
			require.GreaterOrEqual(t, len(scripts), 15)
		})
	}
}

func TestTheNumbersOfTheDemo(t *testing.T) {
	b, _ := business.Load(pack(t, "retail-zh"))
	for number, want := range map[string]string{"8000": "chinese", "8001": "english", "12345": "chinese", "": "chinese"} {
		l, ok := business.Find([]*business.Business{b}, number)
		require.True(t, ok)
		require.Equal(t, want, l.Name, number)
	}
	l, _ := b.LineNamed("english")
	require.Equal(t, "en", l.Language)
	require.Equal(t, "Cloud Lane", l.Home.Name)
	require.NotEmpty(t, l.Voice)
	require.Greater(t, len(l.Pairs()), 40)
}

func hold(t *testing.T, name string, e knowledge.Embedders) ([]business.ScriptResult, string) {
	t.Helper()
	b, _ := business.Load(pack(t, name))
	results, err := business.RunDialogs(t.Context(), b, engineOf(e))
	require.NoError(t, err)
	var out strings.Builder
	require.NoError(t, business.WriteDialogs(&out, results))
	return results, out.String()
}

// Without a model the bot may ask back where it would have answered, but it
// answers no other question, and commands and people do not depend on one.
func TestTheConversationsOfThePacksWithoutAModel(t *testing.T) {
	for _, name := range packs() {
		t.Run(name, func(t *testing.T) {
			results, text := hold(t, name, nil)
			for _, r := range results {
				asks := false
				for i, turn := range r.Turns {
					want := turn.Expect.Knowledge
					asks = asks || len(want) > 0 || turn.Expect.Flow != ""
					if len(want) > 0 && i+1 < len(r.Done) && r.Done[i+1].KnowledgeID != "" {
						require.Contains(t, want, r.Done[i+1].KnowledgeID, "%s\n%s", r.Name, text)
					}
				}
				require.True(t, r.Passed || asks, text)
			}
		})
	}
}

func opened(t *testing.T, id string) *embed.Model {
	t.Helper()
	dir := testdata.Model(t, id)
	onnxtest.Start(t)
	m, err := embed.Open(dir, embed.Options{})
	require.NoError(t, err)
	return m
}

func TestTheConversationsOfThePacksGoAsTheyMust(t *testing.T) {
	both := embed.Joined{opened(t, "embed/e5-small-zhen"), opened(t, "embed/minilm-l6-en")}
	defer func() { require.NoError(t, both.Close()) }()
	m := func(language string) knowledge.Embedder {
		if language == "en" {
			return both
		}
		return both[0]
	}
	var all []business.ScriptResult
	for _, name := range packs() {
		t.Run(name, func(t *testing.T) {
			results, text := hold(t, name, m)
			for _, r := range results {
				require.True(t, r.Passed, text)
			}
			all = append(all, results...)
		})
	}
	figures := business.CompletedTasks(all)
	t.Log(figures)
	require.GreaterOrEqual(t, figures.Share, 0.87)
	require.GreaterOrEqual(t, figures.Tasks, 60)
}

// What the console exports is what stands in the folder, byte for byte, so that
// an edit shows as one changed line under version control.
func TestThePacksSurviveAnExport(t *testing.T) {
	for _, name := range packs() {
		files, err := filepath.Glob(filepath.Join(pack(t, name), business.KnowledgeDir, "*.csv"))
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, file := range files {
			rows, report := business.ReadKnowledge(file)
			require.Empty(t, problems(report))
			have, err := os.ReadFile(file)
			require.NoError(t, err)
			var out bytes.Buffer
			require.NoError(t, business.Export(&out, rows, name[strings.LastIndexByte(name, '-')+1:]))
			require.Equal(t, string(have), out.String(), file)
		}
	}
}
