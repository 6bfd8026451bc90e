package business_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/simplifiedchinese"

	"hotline/internal/business"
)

func rowOf(t *testing.T, dir, id string) business.Row {
	t.Helper()
	b, report := business.Load(dir)
	require.NoError(t, report.Err())
	r, ok := b.RowByID(id)
	require.True(t, ok, id)
	return r
}

func TestWritingARowLeavesTheRestOfItsFileAsItWas(t *testing.T) {
	csv := "\ufeff备注,编号,标准问,答案,相似问\r\n,hours, 几点营业 ,十点。,几点开门|几点开\r\n\"长\r\n备注\",where,在哪里,在上海。,\r\n,why,为什么,因为。,\r\n"
	yaml := "# ours\npairs:\n  # first\n  - id: a\n    question: '一号'   # hand-made\n    answer: >-\n      第一\n\n  # second\n  - id: b\n    question: 二号\n    answer: 第二\n    variants:\n      - 两号\n"
	dir := folder(t, map[string]string{"business.yaml": small, "knowledge/q.csv": csv, "knowledge/y.yaml": yaml})
	where, b := rowOf(t, dir, "where"), rowOf(t, dir, "b")

	where.Answer = "在\"北京\",朝阳。"
	require.NoError(t, business.WriteRows(dir, where.File, []business.Row{where}, nil))
	data, err := os.ReadFile(filepath.Join(dir, "knowledge", "q.csv"))
	require.NoError(t, err)
	assert.Equal(t, strings.Replace(csv, "在上海。", "\"在\"\"北京\"\",朝阳。\"", 1), string(data))

	b.Answer, b.Lines = "第二: 新的", nil
	require.NoError(t, business.WriteRows(dir, b.File, []business.Row{b}, []string{"nobody"}))
	data, err = os.ReadFile(filepath.Join(dir, "knowledge", "y.yaml"))
	require.NoError(t, err)
	kept, _, _ := strings.Cut(yaml, "  - id: b")
	assert.Equal(t, kept+"  - id: \"b\"\n    question: \"二号\"\n    answer: \"第二: 新的\"\n    variants: [\"两号\"]\n", string(data))

	fresh := business.Row{ID: "new", Question: "新的?", Answer: "是。"}
	require.NoError(t, business.WriteRows(dir, b.File, []business.Row{fresh}, []string{"a"}))
	loaded, report := business.Load(dir)
	require.NoError(t, report.Err())
	_, ok := loaded.RowByID("a")
	assert.False(t, ok)
	assert.Equal(t, "是。", rowOf(t, dir, "new").Answer)

	// A column that the file has no heading for, and a file that is not there.
	where.Spoken = "在北京。"
	require.NoError(t, business.WriteRows(dir, where.File, []business.Row{where}, nil))
	assert.Equal(t, "在北京。", rowOf(t, dir, "where").Spoken)
	assert.Equal(t, []string{"几点开门", "几点开"}, rowOf(t, dir, "hours").Variants)
	require.NoError(t, business.WriteRows(dir, business.ConsoleFile, []business.Row{{ID: "c1", Question: "第三", Answer: "三。"}}, nil))
	assert.Equal(t, business.ConsoleFile, rowOf(t, dir, "c1").File)
}

func TestWritingIntoAWorkbookKeepsItsOtherSheets(t *testing.T) {
	dir := folder(t, map[string]string{"business.yaml": small})
	var b bytes.Buffer
	require.NoError(t, business.ExportWorkbook(&b, []business.Row{{ID: "a", Question: "一", Answer: "甲", Variants: []string{"壹", "幺"}}, {ID: "hours", Question: "二", Answer: "=1+1"}, {ID: "c", Question: "三", Answer: "丙"}}))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "knowledge"), 0o750))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "knowledge", "w.xlsx"), b.Bytes(), 0o600))
	row := rowOf(t, dir, "hours")
	assert.Equal(t, "=1+1", row.Answer)
	row.Answer, row.Spoken = "乙", "念乙"
	require.NoError(t, business.WriteRows(dir, row.File, []business.Row{row, {ID: "d", Question: "四", Answer: "丁"}}, []string{"a"}))
	assert.Equal(t, "念乙", rowOf(t, dir, "hours").Spoken)
	assert.Equal(t, "丁", rowOf(t, dir, "d").Answer)
	assert.Equal(t, "丙", rowOf(t, dir, "c").Answer)
}

func TestAFileWithErrorsIsNotWrittenBack(t *testing.T) {
	dir := folder(t, map[string]string{"business.yaml": small, "knowledge/q.csv": "id,question,answer,anwser\na,b,c,d\n"})
	require.ErrorContains(t, business.WriteRows(dir, "knowledge/q.csv", []business.Row{{ID: "a", Question: "b", Answer: "x"}}, nil), "has errors")
}

func TestAnImportTellsWhatItWouldDo(t *testing.T) {
	b := &business.Business{Language: "zh", Lines: []business.Line{{Name: "main"}}}
	have := []business.Row{
		{ID: "hours", Question: "几点营业", Answer: "十点。", Variants: []string{"几点开门"}, Category: "门店", File: "knowledge/q.csv", Line: 2},
		{ID: "where", Question: "在哪里", Answer: "在上海。", File: "knowledge/q.csv", Line: 3},
		{ID: "ship", Question: "运费多少", Answer: "满五十免运费。", File: "knowledge/q.csv", Line: 4},
	}
	text := "id,question,answer,variants\n" +
		",几点营业,九点。,几点开门\n" + // changed, its category kept
		",在哪里,在上海。,\n" + // unchanged
		"x1,运费多少,免运费。,\n" + // contradicts ship
		"x2,在哪里,在上海。,\n" + // repeated
		"x3,邮费怎么算,五元。,几点开门\n" + // means ship; a wording of another
		"x4,,没有问题,\n"
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(text)
	require.NoError(t, err)
	rows, report := business.ParseKnowledge("C:\\下载\\a.csv", []byte(gb))
	plan := business.Compare(b, have, rows, &report, func(r business.Row) (business.Row, bool) { return have[2], r.Question == "邮费怎么算" })
	var kinds []string
	for _, p := range plan {
		kinds = append(kinds, p.Kind)
	}
	assert.Equal(t, []string{"changed", "unchanged", "added", "duplicate", "added", "added"}, kinds)
	assert.Equal(t, "门店", plan[0].Row.Category)
	assert.Equal(t, "hours", plan[0].Row.ID)
	got := problems(report)
	for _, want := range []string{
		"a.csv:4: question: the question has another answer at knowledge/q.csv:4",
		"a.csv:5: question: the row has the same question and answer as",
		"a.csv:7: question",
		"a.csv:6: variants: the wording \"几点开门\" also belongs to a.csv:2",
	} {
		assert.Contains(t, got, want)
	}
	assert.NotContains(t, got, "knowledge/q.csv:2: ")

	rows, report = business.ParseKnowledge("b.csv", []byte("question,answer\n邮费怎么算,五元。\n"))
	business.Compare(b, have, rows, &report, func(business.Row) (business.Row, bool) { return have[2], true })
	assert.Contains(t, problems(report), "b.csv:2: question: it means much the same as \"运费多少\" at knowledge/q.csv:4, which has another answer")
}

func FuzzImport(f *testing.F) {
	f.Add("a.csv", []byte("问题,答案\n几点,十点\n\"x,y\n"))
	f.Add("a.yaml", []byte("pairs:\n  - id: a\n    question: b\n    answer: c\n  # d\n  - {id: e, question: f, answer: g}\n"))
	f.Add("a.tsv", []byte("\xff\xfeq\ta\r\n'=1\t2"))
	f.Add("a.xlsx", []byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		rows, report := business.ParseKnowledge(name, data)
		b := &business.Business{Language: "zh"}
		plan := business.Compare(b, []business.Row{{ID: "a", Question: "b", Answer: "c", File: "knowledge/q.csv", Line: 2}}, rows, &report, nil)
		require.Len(t, plan, len(rows))
		if report.Errors() > 0 || len(rows) == 0 || strings.ContainsAny(name, "/\\#\x00") || name[0] == '.' {
			return
		}
		// What was read without errors can be written back into its own file.
		ext := strings.ToLower(filepath.Ext(name))
		if ext == ".xlsx" || ext == ".xlsm" {
			return
		}
		dir := t.TempDir()
		file := filepath.Join(dir, "k"+ext)
		require.NoError(t, os.WriteFile(file, data, 0o600))
		if err := business.WriteRows(dir, "k"+ext, []business.Row{{ID: "zz-new", Question: "新问题", Answer: "新答案"}}, nil); err != nil {
			return // refused, and nothing is lost
		}
		again, report := business.ReadKnowledge(file)
		require.NoError(t, report.Err())
		require.Len(t, again, len(rows)+1)
		for i, r := range rows {
			require.Equal(t, r.Digest(), again[i].Digest())
		}
	})
}
