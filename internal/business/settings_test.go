package business_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"hotline/internal/business"
	"hotline/internal/quality"
)

// A line is changed, renamed and added in the form; what is another folder's business is
// not touched, and what follows from a new name is said.
func TestLinesAreWrittenBack(t *testing.T) {
	const text = `name: 云帆数码
language: zh
lines:
  # the shop
  - name: main
    numbers: [8000]      # on the card
    default: true
    greeting: 请讲。
    disclosure:
      text: 您好，这里是云帆数码，我是智能助手，通话会录音。   # by law
  - {name: english, numbers: [8001], business: ../en, from: main}
queue: {rollout: [{line: main, bot: 50}]}
`
	root := t.TempDir()
	dir := filepath.Join(root, "shop")
	for name, data := range map[string]string{
		"shop/business.yaml": text,
		"en/business.yaml":   "name: Cloud\nlanguage: en\nlines: [{name: main, numbers: [\"1\"], greeting: Hello.}]\n",
	} {
		require.NoError(t, os.MkdirAll(filepath.Join(root, filepath.Dir(name)), 0o750))
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(data), 0o600))
	}
	b, _ := business.Load(dir)
	r := b.Rules()
	require.Len(t, r.Lines, 2)
	assert.Equal(t, business.RuleLine{
		Was: "main", Name: "main", Numbers: []string{"8000"}, Default: true, Others: []string{}, Greeting: "请讲。", Disclosure: "您好，这里是云帆数码，我是智能助手，通话会录音。",
	}, r.Lines[0], "what is left out stays left out")
	assert.Equal(t, business.RuleLine{Was: "english", Name: "english", Numbers: []string{"8001"}, Others: []string{}, Elsewhere: "../en"}, r.Lines[1])

	r.Lines[0].Voice, r.Lines[0].Rate, r.Lines[0].Numbers = "kokoro-v1.0/zf_xiaoyi", 1.2, []string{"8000", "8002"}
	r.Lines[0].Disclosure = "您好，云帆数码，我是智能助手，通话会录音。"
	r.Lines[1].Numbers, r.Lines[1].Greeting = []string{"8009"}, "this is not said here"
	r.Lines = append(r.Lines, business.RuleLine{Name: "night", Numbers: []string{"8010"}, Language: "zh", Greeting: "夜间请讲。"})
	r.Voices["zh"] = "kokoro-v1.0/zf_xiaoxiao"
	e, err := business.EditRules(dir, []byte(text), r)
	require.NoError(t, err)
	gone, come := changedLines(text, string(e.Text))
	assert.ElementsMatch(t, []string{
		"    numbers: [8000]      # on the card", "      text: 您好，这里是云帆数码，我是智能助手，通话会录音。   # by law",
		"  - {name: english, numbers: [8001], business: ../en, from: main}",
	}, gone)
	assert.ElementsMatch(t, []string{
		`    numbers: ["8000", "8002"]  # on the card`, "    rate: 1.2", "    voice: kokoro-v1.0/zf_xiaoyi",
		"      text: 您好，云帆数码，我是智能助手，通话会录音。      # by law", `  - {name: english, numbers: ["8009"], business: ../en, from: main}`,
		`  - {name: night, numbers: ["8010"], language: zh, greeting: 夜间请讲。}`, "voices:", "  zh: kokoro-v1.0/zf_xiaoxiao",
	}, come, string(e.Text))

	r = b.Rules()
	r.Lines[0].Others, r.Lines[1].Others = []string{"english"}, []string{"main"}
	e, err = business.EditRules(dir, []byte(text), r)
	require.NoError(t, err)
	require.NoError(t, e.Report.Err())
	assert.Equal(t, []string{"lines[0].other_languages", "lines[1].other_languages"}, e.Changed)
	gone, come = changedLines(text, string(e.Text))
	assert.Equal(t, []string{"  - {name: english, numbers: [8001], business: ../en, from: main}"}, gone)
	assert.ElementsMatch(t, []string{
		"    other_languages: [english]", "  - {name: english, numbers: [8001], business: ../en, from: main, other_languages: [main]}",
	}, come, string(e.Text))
	require.NoError(t, os.WriteFile(filepath.Join(dir, business.File), e.Text, 0o600))
	b, _ = business.Load(dir)
	assert.Equal(t, r.Lines[0].Others, b.Rules().Lines[0].Others)
	r = b.Rules()
	r.Lines[0].Others = nil
	back, err := business.EditRules(dir, e.Text, r)
	require.NoError(t, err)
	assert.Equal(t, []string{"lines[0].other_languages"}, back.Changed)
	assert.NotContains(t, string(back.Text), "[english]")
	r.Lines[0].Others = []string{"night"}
	back, err = business.EditRules(dir, e.Text, r)
	require.NoError(t, err)
	require.ErrorContains(t, back.Report.Err(), "lines[0].other_languages")
	require.NoError(t, os.WriteFile(filepath.Join(dir, business.File), []byte(text), 0o600))
	b, _ = business.Load(dir)

	r = b.Rules()
	r.Lines[0].Name = "shop"
	e, err = business.EditRules(dir, []byte(text), r)
	require.NoError(t, err)
	assert.Equal(t, []string{"lines[0].name"}, e.Changed)
	require.Error(t, e.Report.Err(), "the rollout speaks of the old name")
	var said strings.Builder
	require.NoError(t, e.Report.Write(&said, "en", ""))
	assert.Contains(t, said.String(), "queue.rollout[0].line")
}

// Words are a line each: those that stay keep theirs with its comment.
func TestWordsAreWrittenBack(t *testing.T) {
	dir := staffed(t, "")
	file := business.WordFile("insults")
	const text = "# ours\n王八蛋   # since May\n=坏透 | warn\n\n# and more\n坏蛋\n"
	assert.Equal(t, []string{"王八蛋", "=坏透 | warn", "坏蛋"}, business.WordEntries([]byte(text)))
	e, err := business.EditWords(dir, file, []byte(text), []string{"王八蛋", "=坏透 | end", "浑球"})
	require.NoError(t, err)
	assert.Equal(t, "# ours\n王八蛋   # since May\n=坏透 | end\n\n# and more\n浑球\n", string(e.Text))
	assert.Equal(t, []string{"=坏透", "坏蛋", "浑球"}, e.Changed)
	require.NoError(t, e.Report.Err())

	e, err = business.EditWords(dir, file, []byte(text), []string{"王八蛋", "=坏透 | warn", "坏蛋"})
	require.NoError(t, err)
	assert.Equal(t, text, string(e.Text))
	assert.Empty(t, e.Changed)

	// The first entry makes the file, and what it does is known from the next call on.
	e, err = business.EditWords(dir, file, nil, []string{"大坏蛋"})
	require.NoError(t, err)
	assert.Equal(t, "大坏蛋\n", string(e.Text))
	b, _ := business.LoadWith(dir, file, e.Text)
	assert.NotEmpty(t, b.Sensitive("zh").Find("你这个大坏蛋"))

	e, err = business.EditWords(dir, file, nil, []string{"坏 | shout"})
	require.NoError(t, err)
	require.Error(t, e.Report.Err())
	require.ErrorContains(t, e.Report.Err(), file)
	_, err = business.EditWords(dir, file, nil, []string{"a\nb"})
	require.ErrorIs(t, err, business.ErrNotPatched)
}

// Without a file the sheets begin as ours, with their comments.
func TestSheetsAreWrittenBack(t *testing.T) {
	dir := staffed(t, "")
	ours := string(quality.Shipped("zh"))
	s := business.ReadSheets(nil, "zh")
	e, err := business.EditSheets(dir, nil, s)
	require.NoError(t, err)
	assert.Empty(t, e.Changed)

	s.PerAgent = 6
	s.Sheets[0].Pass = 85
	s.Sheets[0].Items[6].Limit = 6
	s.Sheets[0].Items = append(s.Sheets[0].Items, business.SheetRow{ID: "thanks", Title: "道谢", Points: 5, Rule: quality.Says, Phrases: []string{"谢谢", "感谢"}})
	s.Sheets[1].Items = s.Sheets[1].Items[1:]
	e, err = business.EditSheets(dir, nil, s)
	require.NoError(t, err)
	require.NoError(t, e.Report.Err())
	gone, come := changedLines(ours, string(e.Text))
	assert.Len(t, gone, 4, string(e.Text))
	assert.ElementsMatch(t, []string{
		"sample: {per_agent: 6, bot: 5}     # 每周抽几通", "    pass: 85", "      - {id: silence, title: 没有长时间冷场, points: 10, rule: dead_air, limit: 6s}",
		`      - {id: thanks, title: 道谢, points: 5, rule: says, phrases: [谢谢, 感谢]}`,
	}, come, string(e.Text))
	assert.True(t, strings.HasPrefix(string(e.Text), strings.SplitAfter(ours, "\n")[0]), "its comment")

	s.Sheets[0].Items[0].Points = 300
	e, err = business.EditSheets(dir, nil, s)
	require.NoError(t, err)
	require.Error(t, e.Report.Err())
}
