package business_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"hotline/internal/business"
)

func TestEveryProblemIsNamedWithItsPlaceAndCure(t *testing.T) {
	dir := folder(t, map[string]string{
		"business.yaml": `name: 小店
langage: zh
timezone: Asia/Shangha
lines:
  - name: main
    numbers: [8000, 8001]
    default: true
    voice: kokoro-v1.0/zf_xiaoxiao
    greeting: 您好，欢迎致电，请问您今天需要办理什么业务呢，我可以帮您查物流、退货、换货、开发票和查询积分，请讲。
    menu:
      "1": {say: 时间, pair: hourz}
      "2": {say: 人工, skill: nobody}
      "*": {say: 人工, skill: service}
      "3": {say: 两样, skill: service, pair: hours}
  - name: second
    numbers: 8001
    default: true
    recording: {off: true}
skills:
  - name: service
agents:
  - {name: agent1, skills: [servise]}
hours:
  weekdays: 9点到晚上
  holidays:
    - {name: 国庆, from: 2026-10-07, to: 2026-10-01}
  workdays: [2026-10-12]
limits: {silence: 1h, no_match: 0x}
escalation: {skill: service, ring: 5}
not_ours: {goods: [加湿器], makers: hourz}
`,
		"knowledge/a.csv": `id,question,answer,variants,valid_from,valid_to,lines,categry
hours,几点营业,早上九点。,几点开门|几点开门,,,,
hours,在哪里,在市中心。,,,,,
,几点营业？,早上十点。,,,,,
long,说来话长,一句。两句。三句。,,,,,
list,有什么,有苹果、香蕉、梨、桃子。,,,,,
url,网址,请看 www.example.com 你懂的。,,,,,
app,应用,请打开APP点击按钮。,,,,,
empty,空的,,,,,,
dates,日期,好的。,,2026-05-02,2026-05-01,,
odd,怪日期,好的。,,5/6/2026,,,
old,过期,好的。,,,2020-01-01,,
where,线路,好的。,,,,nowhere,
`,
		"knowledge/b.csv":    "question,reply text\n",
		"knowledge/c.docx":   "x",
		"tables/orders.csv":  "a,b\n1,2,3\n",
		"dialogs/talks.yaml": "- name: x\n  turns:\n    - say: hi\n      keys: '1'\n      expect: {knowledge: gone, act: shout}\n",
	})
	_, report := business.Load(dir)
	text := problems(report)
	for _, want := range []string{
		`error: business.yaml:2: langage: "langage" is not known here — did you mean "language"?`,
		`error: business.yaml:3: timezone: the time zone "Asia/Shangha" does not exist`,
		`error: business.yaml:16: lines[1].numbers: the number 8001 is on line "main" already`,
		`both "main" and "second" are the default`,
		`warning: business.yaml:9: lines[0].greeting: the opening takes about`,
		`does not say that a machine is speaking`,
		`calls are recorded and the opening does not say so`,
		`error: business.yaml:11: lines[0].menu.1: there is no question with the id "hourz" — did you mean "hours"?`,
		`error: business.yaml:12: lines[0].menu.2: there is no skill "nobody"`,
		`lines[0].menu.*: "*" is not a key that can be set`,
		`error: business.yaml:14: lines[0].menu.3: the key must do one thing`,
		`there is no skill "servise"`,
		`warning: business.yaml:20: skills[0]: nobody has the skill "service"`,
		`hours.weekdays: "9点到晚上" is not hours such as 09:00-21:00, or closed`,
		`the holiday ends (2026-10-01) before it begins (2026-10-07)`,
		`2026-10-12 is a weekday anyway`,
		`business.yaml:28: limits.silence: 1h0m0s is out of range`,
		`limits.no_match: "0x" is not a whole number`,
		`escalation.ring: "5" is not a length of time such as 6s, 90s or 15m`,
		`not_ours.makers: there is no question with the id "hourz" — did you mean "hours"?`,
		`write not_sold: the id of the question whose answer says that these are not sold`,
		`error: knowledge/a.csv:1: categry: "categry" is not known here — did you mean "category"?`,
		`warning: knowledge/a.csv:2: variants: the wording "几点开门" stands in this row twice`,
		`error: knowledge/a.csv:3: id: the id "hours" is used at knowledge/a.csv:2 already`,
		`error: knowledge/a.csv:4: question: the question has another answer at knowledge/a.csv:2`,
		`warning: knowledge/a.csv:5: answer: it has 3 sentences`,
		`warning: knowledge/a.csv:6: answer: it lists 4 things`,
		`"www.example.com" cannot be taken down from a telephone`,
		`knowledge/a.csv:7: answer: it says 你`,
		`warning: knowledge/a.csv:8: answer: "APP" is spelled letter by letter`,
		`"点击" asks the caller to look at something`,
		`error: knowledge/a.csv:9: answer: the answer is empty`,
		`error: knowledge/a.csv:10: valid_to: it ends (2026-05-01) before it begins (2026-05-02)`,
		`error: knowledge/a.csv:11: valid_from: "5/6/2026" is no date that can be read without doubt`,
		`warning: knowledge/a.csv:12: valid_to: it has not counted since 2020-01-01`,
		`error: knowledge/a.csv:13: line: there is no line "nowhere"`,
		`error: knowledge/b.csv:1: the first row has no columns question and answer`,
		`warning: knowledge/c.docx: this kind of file is not read`,
		`error: tables/orders.csv:2: the row has 3 fields, the headings are 2`,
		`error: dialogs/talks.yaml:3: the turn does 2 things`,
		`it expects the question "gone", which does not exist`,
		`the act "shout" does not exist`,
	} {
		require.Contains(t, text, want)
	}
	require.Error(t, report.Err())

	var chinese strings.Builder
	require.NoError(t, report.Write(&chinese, "zh", ""))
	require.Contains(t, chinese.String(), "错误: knowledge/a.csv:4: question: 同一个问题在 knowledge/a.csv:2 有不同的答案")
	require.Contains(t, chinese.String(), "提醒: knowledge/a.csv:5: answer: 有 3 句话")
	for _, p := range report.Problems {
		message, cure := p.In("zh")
		require.NotContains(t, message+cure+p.Message+p.Cure, "%!", p.Code)
		require.NotEqual(t, p.Message, message, "%s has no Chinese wording", p.Code)
	}
}

func TestWhatCouldBeReadIsThereAllTheSame(t *testing.T) {
	b, report := business.Load(folder(t, map[string]string{
		"business.yaml":   "name: x\nlines:\n  - {name: a, numbers: 1, colour: red}\n",
		"knowledge/q.csv": "question,answer\n\"好的吗,没有收尾\n再来,一个\n",
	}))
	require.Error(t, report.Err())
	require.Contains(t, problems(report), "knowledge/q.csv:2: a quotation mark is opened here and never closed")
	require.Equal(t, "a", b.Lines[0].Name)
	require.Len(t, b.Knowledge, 2)
	require.Equal(t, "一个", b.Knowledge[1].Answer)
}

func TestAFolderWithoutABusiness(t *testing.T) {
	b, report := business.Load(t.TempDir())
	require.NotNil(t, b)
	require.ErrorContains(t, report.Err(), "there is no business.yaml")
}

func TestALineMayLiveInAnotherFolderButNotInACircle(t *testing.T) {
	root := t.TempDir()
	for name, other := range map[string]string{"a": "../b", "b": "../a"} {
		require.NoError(t, os.MkdirAll(filepath.Join(root, name), 0o755))
		text := "name: " + name + "\nlines:\n  - {name: own, numbers: 1}\n  - {name: far, numbers: 2, business: " + other + ", from: own}\n"
		require.NoError(t, os.WriteFile(filepath.Join(root, name, business.File), []byte(text), 0o600))
	}
	b, report := business.Load(filepath.Join(root, "a"))
	require.Contains(t, problems(report), "leads back to this one")
	require.Equal(t, "b", b.Lines[1].Home.Name)
	require.Equal(t, []string{"2"}, b.Lines[1].Numbers)
}

const table = "问题,答案,相似问,生效日期\n几点营业？,九点。,几点开门|几点关门,2026年3月1日\n"

func TestTablesInEveryEncodingReadTheSame(t *testing.T) {
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(table)
	require.NoError(t, err)
	wide, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(strings.ReplaceAll(table, ",", "\t"))
	require.NoError(t, err)
	for name, text := range map[string]string{
		"utf-8": table, "bom": "\ufeff" + table, "gb18030": gb, "utf-16": wide,
		"crlf": strings.ReplaceAll(table, "\n", "\r\n"), "semicolon": strings.ReplaceAll(table, ",", ";"),
		"quoted": "\"问题\",\"答案\",\"相似问\",\"生效日期\"\n\"几点营业？\",九点。,\"几点开门\n几点关门\",2026/3/1\n",
	} {
		file := filepath.Join(t.TempDir(), "q.csv")
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		rows, report := business.ReadKnowledge(file)
		require.Empty(t, problems(report), name)
		require.Len(t, rows, 1, name)
		require.Equal(t, "几点营业？", rows[0].Question, name)
		require.Equal(t, []string{"几点开门", "几点关门"}, rows[0].Variants, name)
		require.Equal(t, "2026-03-01", rows[0].ValidFrom.String(), name)
		require.NotEmpty(t, rows[0].ID)
	}
}

func TestAWorkbookAndYAMLReadLikeATable(t *testing.T) {
	dir := t.TempDir()
	book := excelize.NewFile()
	for cell, v := range map[string]any{
		"A1": "编号", "B1": "问题", "C1": "答案", "D1": "相似问法", "E1": "失效日期",
		"A2": 12, "B2": "几点营业", "C2": "九点。", "D2": "几点开门\n几点关门", "E2": time.Date(2030, 3, 1, 0, 0, 0, 0, time.UTC),
		"B4": "在哪里", "C4": "在上海。",
	} {
		require.NoError(t, book.SetCellValue("Sheet1", cell, v))
	}
	_, err := book.NewSheet("说明")
	require.NoError(t, err)
	require.NoError(t, book.SetCellValue("说明", "A1", "不是问答"))
	file := filepath.Join(dir, "q.xlsx")
	require.NoError(t, book.SaveAs(file))
	rows, report := business.ReadKnowledge(file)
	require.Empty(t, problems(report))
	require.Len(t, rows, 2)
	require.Equal(t, "12", rows[0].ID)
	require.Equal(t, []string{"几点开门", "几点关门"}, rows[0].Variants)
	require.Equal(t, "2030-03-01", rows[0].ValidTo.String())
	require.Equal(t, 4, rows[1].Line, "the sheet's own row")

	file = filepath.Join(dir, "q.yaml")
	require.NoError(t, os.WriteFile(file, []byte("- {id: a, question: 几点营业, answer: 九点。, variants: [几点开门], valid_to: 2030-03-01}\n- question: x\n  anwser: y\n"), 0o600))
	rows, report = business.ReadKnowledge(file)
	require.Contains(t, problems(report), `q.yaml:3: [1].anwser: "anwser" is not known here — did you mean "answer"?`)
	require.Len(t, rows, 2)
	require.Equal(t, "2030-03-01", rows[0].ValidTo.String())

	require.NoError(t, os.WriteFile(filepath.Join(dir, "bad.xlsx"), []byte("PK\x03\x04 not"), 0o600))
	_, report = business.ReadKnowledge(filepath.Join(dir, "bad.xlsx"))
	require.Contains(t, problems(report), "not readable as a workbook")
}

func TestExportAndImportLoseNothing(t *testing.T) {
	rows := []business.Row{
		{ID: "a-1", Question: "a, \"b\"?", Answer: "=1+1 line\nbreak", Variants: []string{"x", "y;z"}, Category: "c", Lines: []string{"main"}, ValidTo: business.Date{Year: 2030, Month: 1, Day: 2}},
		{ID: "b", Question: "'-quote", Answer: "@x", Spoken: "s", FollowUp: "f", Flow: "w", Note: "n", Topic: "t", Skill: "k", Scene: "售前"},
	}
	for _, language := range []string{"zh", "en"} {
		var out bytes.Buffer
		require.NoError(t, business.Export(&out, rows, language))
		file := filepath.Join(t.TempDir(), "x.csv")
		require.NoError(t, os.WriteFile(file, out.Bytes(), 0o600))
		back, report := business.ReadKnowledge(file)
		require.Empty(t, problems(report))
		require.Len(t, back, 2)
		for i := range back {
			back[i].File, back[i].Line = "", 0
			require.Equal(t, rows[i], back[i])
		}
		for line := range strings.Lines(out.String()) {
			for cell := range strings.SplitSeq(line, ",") {
				require.False(t, strings.HasPrefix(cell, "="), "a spreadsheet would run %q", cell)
			}
		}
	}
}

func TestImportChangesAddsAndLeavesAlone(t *testing.T) {
	dir := folder(t, map[string]string{
		"business.yaml":    small,
		"knowledge/q.csv":  questions,
		"knowledge/y.yaml": "- {id: why, question: 为什么, answer: 因为。}\n",
	})
	file := filepath.Join(t.TempDir(), "new.csv")
	write := func(text string) { require.NoError(t, os.WriteFile(file, []byte(text), 0o600)) }

	write("问题,答案,相似问\n几点营业,十点开门。,几点开门\n在哪里,在上海。,地址\n为什么,因为。,\n")
	load := func() *business.Business {
		b, _ := business.Load(dir)
		return b
	}
	done, report, err := business.Import(load(), file, nil)
	require.NoError(t, err)
	require.Empty(t, problems(report))
	require.Equal(t, business.Imported{Added: 1, Changed: 1, Unchanged: 1, Files: []string{"knowledge/imported.csv", "knowledge/q.csv"}}, done)
	b, report := business.Load(dir)
	require.NoError(t, report.Err())
	hours, _ := b.RowByID("hours")
	require.Equal(t, "十点开门。", hours.Answer)
	require.Len(t, b.Knowledge, 3)

	done, _, err = business.Import(load(), file, nil)
	require.NoError(t, err)
	require.Equal(t, business.Imported{Unchanged: 3}, done, "a second time changes nothing")

	write("question,answer\n为什么,不告诉您。\n新的,答案。\n")
	done, report, err = business.Import(load(), file, nil)
	require.NoError(t, err)
	require.Empty(t, problems(report))
	require.Equal(t, business.Imported{Added: 1, Changed: 1, Files: []string{"knowledge/imported.csv", "knowledge/y.yaml"}}, done)
	b, report = business.Load(dir)
	require.NoError(t, report.Err())
	require.Len(t, b.Knowledge, 4)
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(small), []byte(questions), []byte("- {name: x, turns: [{say: hi}]}"))
	f.Add([]byte("lines: [{business: .., numbers: [1, 1]}]\nhours: {holidays: [{from: 1}]}"), []byte("\xff\xfe1"), []byte("&a [*a]"))
	f.Add([]byte("? [a]\n: b"), []byte("问题;答案\n\"\"\"\n"), []byte("- 1"))
	f.Fuzz(func(t *testing.T, yaml, csv, script []byte) {
		dir := folder(t, map[string]string{business.File: string(yaml), "knowledge/q.csv": string(csv), "dialogs/d.yaml": string(script), "tables/t.csv": string(csv), "knowledge/y.yaml": string(script)})
		b, report := business.Load(dir)
		for _, p := range report.Problems {
			require.NotContains(t, p.Message+p.Cure, "%!")
			require.GreaterOrEqual(t, p.Line, 0)
		}
		for _, l := range b.Lines {
			require.NotNil(t, l.Home)
			l.Opening()
			l.Pairs()
		}
		b.Hours.NextOpen(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	})
}

func FuzzExport(f *testing.F) {
	f.Add("q", "=a\"", "v|w")
	f.Fuzz(func(t *testing.T, q, a, v string) {
		file := filepath.Join(t.TempDir(), "x.csv")
		var one, two bytes.Buffer
		require.NoError(t, business.Export(&one, []business.Row{{ID: "x", Question: q, Answer: a, Variants: []string{v}}}, "en"))
		require.NoError(t, os.WriteFile(file, one.Bytes(), 0o600))
		rows, _ := business.ReadKnowledge(file)
		require.NoError(t, business.Export(&two, rows, "en"))
		require.NoError(t, os.WriteFile(file, two.Bytes(), 0o600))
		again, _ := business.ReadKnowledge(file)
		require.Equal(t, rows, again)
	})
}
