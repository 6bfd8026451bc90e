package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"hotline/examples"
	"hotline/internal/business"
)

// typed runs the program as it would be typed.
func typed(t *testing.T, in string, args ...string) (out string, code int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(in), &stdout, &stderr)
	return stdout.String() + stderr.String(), code
}

func TestInitListsThePacks(t *testing.T) {
	out, code := typed(t, "", "init", "--language", "en")
	require.Zero(t, code, out)
	packs, err := business.PacksIn(examples.Packs)
	require.NoError(t, err)
	for _, p := range packs {
		require.Contains(t, out, p.Pack)
		require.Contains(t, out, p.Name)
		require.Greater(t, p.Questions, 60, p.Pack)
	}
}

// A business that was begun from a pack is whole: nothing is wrong with it, it is
// called as its owner said, it answers a question, and its conversations pass.
func TestABusinessBegunFromAPackAnswers(t *testing.T) {
	// the packs and what is asked of each, the answer's words
	for pack, ask := range map[string]struct{ name, question, answer string }{
		"retail-zh": {"山海小铺", "运费怎么算？", "五十九元"},
		"retail-en": {"Harbor & Sons", "Do you ship to Alaska and Hawaii?", "fifty states"},
		"dental-zh": {"小白鸽口腔", "拍片子多少钱？", "一百二十元"},
		"repair-zh": {"老王家修", "上门费多少钱？", "三十元"},
	} {
		t.Run(pack, func(t *testing.T) {
			t.Setenv("HOTLINE_MODELS", t.TempDir())
			dir := filepath.Join(t.TempDir(), "mine", "shop")
			out, code := typed(t, "", "init", "--pack", pack, "--name", ask.name, "--language", "en", dir)
			require.Zero(t, code, out)
			require.Contains(t, out, "0 errors, 0 warnings")
			require.Contains(t, out, "hotline serve --business "+dir)

			out, code = typed(t, "", "check", "--business", dir, "--language", "en")
			require.Zero(t, code, out)
			require.Contains(t, out, "0 errors, 0 warnings")

			out, code = typed(t, ask.question+"\n", "chat", "--business", dir)
			require.Zero(t, code, out)
			opening, answer, _ := strings.Cut(strings.TrimPrefix(out, "< "), "< ")
			require.Contains(t, opening, ask.name)
			require.Contains(t, answer, ask.answer)

			for _, file := range []string{"README.md", "business.yaml"} { // it is a business now, not an example of one
				text, err := os.ReadFile(filepath.Join(dir, file))
				require.NoError(t, err)
				require.NotRegexp(t, "虚构|made-up|[Mm]ade up shop|\\.\\./retail", string(text), file)
			}
			readme, err := os.ReadFile(filepath.Join(dir, "README.md"))
			require.NoError(t, err)
			require.Contains(t, string(readme), "# "+ask.name)

			entries, err := os.ReadDir(filepath.Join(dir, "dialogs"))
			require.NoError(t, err)
			require.NotEmpty(t, entries)
		})
	}
}

func TestInitKeepsWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	mine := filepath.Join(dir, "business.yaml")
	require.NoError(t, os.WriteFile(mine, []byte("name: mine\n"), 0o600))
	out, code := typed(t, "", "init", "--pack", "retail-en", dir)
	require.Equal(t, exitFailed, code)
	require.Contains(t, out, "not empty")
	data, err := os.ReadFile(mine)
	require.NoError(t, err)
	require.Equal(t, "name: mine\n", string(data))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)
}

func TestInitUsedWrongly(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"init", "somewhere"}, exitUsage, "--pack"},
		{[]string{"init", "--pack", "retail-en"}, exitUsage, "DIR"},
		{[]string{"init", "--pack", "bakery", "somewhere"}, exitUsage, "retail-en"},
		{[]string{"init", "--pack", "retail-en", "--name", "a: {b}", filepath.Join(t.TempDir(), "x")}, exitFailed, "cannot be said"},
	} {
		out, code := typed(t, "", c.args...)
		require.Equal(t, c.code, code, out)
		require.Contains(t, out, c.says)
		require.NoDirExists(t, c.args[len(c.args)-1])
	}
}
