package main

import (
	"archive/zip"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"hotline/internal/migrate"
)

const samples = "../../internal/migrate/testdata/"

func TestAnImportedBotAnswers(t *testing.T) {
	t.Setenv("HOTLINE_MODELS", t.TempDir())
	file := filepath.Join(t.TempDir(), "agent.zip")
	f, err := os.Create(file)
	require.NoError(t, err)
	z := zip.NewWriter(f)
	require.NoError(t, z.AddFS(os.DirFS(samples+"dialogflow")))
	require.NoError(t, z.Close())
	require.NoError(t, f.Close())
	for name, c := range map[string]struct {
		args      []string
		say, hear string
	}{
		"rasa":                 {[]string{"rasa", samples + "rasa", "--name", "青桔单车行"}, "车坏了\n轮胎\n是的\n", "我们可以上门换胎"},
		"dialogflow":           {[]string{"dialogflow", file}, "I want to book a table\nfour\ntomorrow\noutside\n", "Shall I book it?"},
		"dialogflow, Chinese":  {[]string{"dialogflow", file, "--language", "zh", "--name", "海边餐厅"}, "我要订位\n四位\n明天\n外面\n", "帮您订下吗"},
		"dialogflow, a folder": {[]string{"dialogflow", samples + "dialogflow"}, "opening hours\n", "We open at eleven"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "shop")
			out, code := typed(t, "", append([]string{"import"}, append(c.args, dir)...)...)
			require.Zero(t, code, out)
			require.Contains(t, out, "Not carried over")
			require.Contains(t, out, dir+": ")
			out, code = typed(t, "", "check", "--business", dir, "--language", "en")
			require.Zero(t, code, out)
			require.Contains(t, out, "0 errors")
			out, code = typed(t, c.say, "chat", "--business", dir)
			require.Zero(t, code, out)
			require.Contains(t, out, c.hear)

			out, code = typed(t, "", append([]string{"import"}, append(c.args, dir)...)...)
			require.Equal(t, 1, code, "a folder was written over")
			require.Contains(t, out, "not empty")
		})
	}
}

func TestTheReportAsJSON(t *testing.T) {
	out, code := typed(t, "", "import", "rasa", samples+"rasa", filepath.Join(t.TempDir(), "shop"), "--json")
	require.Zero(t, code, out)
	var r migrate.Report
	require.NoError(t, json.Unmarshal([]byte(out), &r))
	require.Equal(t, "rasa", r.Source)
	places := 0
	for _, l := range r.Left {
		if l.Place != "" {
			places++
		}
	}
	require.Greater(t, places, 5, "where it stands: %+v", r.Left)
}

func TestImportsThatCannotBe(t *testing.T) {
	dir := t.TempDir()
	empty, out := filepath.Join(dir, "empty"), filepath.Join(dir, "out")
	require.NoError(t, os.Mkdir(empty, 0o750))
	for _, c := range []struct {
		args []string
		code int
		why  string
	}{
		{[]string{"rasa", empty, out}, 1, "no training data"},
		{[]string{"rasa", filepath.Join(dir, "none"), out}, 1, "open the Rasa project"},
		{[]string{"dialogflow", empty, out}, 1, "no agent.json"},
		{[]string{"dialogflow", filepath.Join(dir, "none.zip"), out}, 1, "none.zip"},
		{[]string{"dialogflow", "import_test.go", out}, 1, "read the export"},
		{[]string{"rasa", samples + "rasa", out, "--language", "fr"}, 2, "zh or en"},
		{[]string{"rasa", samples + "rasa"}, 2, ""},
	} {
		text, code := typed(t, "", append([]string{"import"}, c.args...)...)
		require.Equal(t, c.code, code, "%v: %s", c.args, text)
		require.Contains(t, text, c.why)
		require.NoDirExists(t, out)
	}
}
