package business

import (
	"bytes"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"hotline/internal/strict"
)

// KnowledgeDir is the folder of questions and answers.
const KnowledgeDir = "knowledge"

// column is one field of a Row in a table.
type column struct {
	name    string   // as in the contract and in exports
	chinese string   // as in exports for Chinese owners
	aliases []string // other headings that people write
}

// columns are the headings that are known, in the order of exports.
func columns() []column {
	return []column{
		{"id", "编号", []string{"序号", "标识", "知识编号"}},
		{"question", "问题", []string{"标准问", "标准问题", "标准问法", "提问", "q", "questions"}},
		{"answer", "答案", []string{"回答", "回复", "标准答案", "a", "answers"}},
		{"variants", "相似问", []string{"相似问法", "相似问题", "扩展问", "变体", "同义问", "其他问法", "variant", "similar", "alternatives"}},
		{"category", "分类", []string{"类别", "类目", "知识分类"}},
		{"scene", "场景", []string{"业务场景"}},
		{"valid_from", "生效日期", []string{"开始日期", "生效时间", "有效期起", "from"}},
		{"valid_to", "失效日期", []string{"结束日期", "截止日期", "失效时间", "有效期止", "to", "until"}},
		{"topic", "主题", []string{"简称", "话题"}},
		{"skill", "技能组", []string{"转接组"}},
		{"line", "线路", []string{"lines", "热线"}},
		{"spoken", "口播", []string{"播报", "语音播报", "播报内容"}},
		{"follow_up", "追问", []string{"后续问题", "followup"}},
		{"flow", "流程", []string{"任务"}},
		{"note", "备注", []string{"说明", "notes", "comment", "remark"}},
	}
}

// headingOf is the column that a heading means.
func headingOf(heading string) (string, bool) {
	h := strings.ToLower(strings.TrimSpace(strings.Trim(heading, "*＊")))
	h = strings.NewReplacer(" ", "_", "-", "_").Replace(h)
	for _, c := range columns() {
		if h == c.name || h == c.chinese || slices.Contains(c.aliases, h) {
			return c.name, true
		}
	}
	return "", false
}

func headings() []string {
	var out []string
	for _, c := range columns() {
		out = append(out, c.name, c.chinese)
	}
	return out
}

// knowledge reads every file of knowledge/.
func (f *folder) knowledge() {
	names, err := knowledgeNames(f.business.Dir)
	if err != nil || names == nil {
		if !f.broken {
			f.report.add(Warning, f.in(KnowledgeDir, 0), "no_knowledge")
		}
		return
	}
	for _, name := range names {
		rows := f.file(filepath.Join(f.business.Dir, KnowledgeDir, name), path.Join(KnowledgeDir, name))
		f.business.Knowledge = append(f.business.Knowledge, rows...)
	}
	if len(f.business.Knowledge) == 0 {
		f.report.add(Warning, f.in(KnowledgeDir, 0), "no_knowledge")
	}
}

// ReadKnowledge reads one file of questions and answers: .csv, .tsv, .xlsx or
// .yaml. Rows carry the name of the file and their line.
func ReadKnowledge(file string) ([]Row, Report) {
	var report Report
	f := folder{business: &Business{Location: time.Local}, report: &report, now: time.Now()}
	rows := f.file(file, filepath.Base(file))
	return rows, report
}

func (f *folder) file(path, name string) []Row {
	data, err := readFile(path)
	if err != nil {
		f.report.add(Error, f.in(name, 0), "unreadable", reason(err))
		return nil
	}
	return f.parse(name, data)
}

// parse reads data as the kind of file that name ends in.
func (f *folder) parse(name string, data []byte) []Row {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".csv", ".tsv", ".txt":
		return f.csv(name, data)
	case ".xlsx", ".xlsm":
		return f.workbook(name, data)
	case ".yaml", ".yml":
		return f.yaml(name, data)
	}
	f.report.add(Warning, f.in(name, 0), "unknown_file")
	return nil
}

func (f *folder) csv(name string, data []byte) []Row {
	text, ok := decodeText(data)
	if !ok {
		line := 1 + strings.Count(text[:max(0, strings.Index(text, "\ufffd"))], "\n")
		f.report.add(Error, f.in(name, line), "encoding")
	}
	if head, _, ok := strings.Cut(text, "\x00"); ok {
		f.report.add(Error, f.in(name, 1+strings.Count(head, "\n")), "encoding")
		return nil
	}
	records, unclosed := readCSV(text)
	for _, line := range unclosed {
		f.report.add(Error, f.in(name, line), "quote")
	}
	return f.table(name, records)
}

// Limits on workbooks: a small file can unpack to a very large one.
const (
	maxUnzipped = 256 << 20
	maxSheets   = 100
)

func (f *folder) workbook(name string, data []byte) (rows []Row) {
	// The reader is a library's and meets damaged files.
	defer func() {
		if r := recover(); r != nil {
			f.report.add(Error, f.in(name, 0), "workbook", "damaged")
		}
	}()
	book, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{UnzipSizeLimit: maxUnzipped, UnzipXMLSizeLimit: 16 << 20})
	if err != nil {
		f.report.add(Error, f.in(name, 0), "workbook", err.Error())
		return nil
	}
	defer func() { _ = book.Close() }() // read from memory; only temporary files are lost
	for i, sheet := range book.GetSheetList() {
		if i >= maxSheets {
			break
		}
		// Raw values: a date comes as its number whatever format the cell shows.
		cells, err := book.GetRows(sheet, excelize.Options{RawCellValue: true})
		if err != nil {
			f.report.add(Error, f.in(name, 0), "workbook", err.Error())
			continue
		}
		var records []record
		for n, c := range cells {
			if strings.TrimSpace(strings.Join(c, "")) != "" {
				records = append(records, record{line: n + 1, fields: c})
			}
		}
		if len(records) == 0 {
			continue
		}
		// Other sheets may be notes: only one with our headings is knowledge. The
		// first is meant to be.
		if i > 0 && !hasHeadings(records[0].fields) {
			continue
		}
		at := name
		if i > 0 {
			at = name + "#" + sheet
		}
		rows = append(rows, f.table(at, records)...)
	}
	return rows
}

func hasHeadings(fields []string) bool {
	var question, answer bool
	for _, h := range fields {
		c, _ := headingOf(h)
		question = question || c == "question"
		answer = answer || c == "answer"
	}
	return question && answer
}

// table makes rows of records, the first of which holds the headings.
func (f *folder) table(name string, records []record) []Row {
	if len(records) == 0 {
		f.report.add(Warning, f.in(name, 0), "empty_file")
		return nil
	}
	head := records[0]
	index := make([]string, len(head.fields))
	used := map[string]bool{}
	if !hasHeadings(head.fields) {
		f.report.add(Error, f.in(name, head.line), "no_headings", strings.Join(head.fields, ", "))
		return nil
	}
	for i, h := range head.fields {
		h = strings.TrimSpace(h)
		c, ok := headingOf(h)
		switch {
		case ok && used[c]:
			f.report.add(Error, f.in(name, head.line).at(h), "duplicate_key", h)
		case ok:
			index[i], used[c] = c, true
		case h == "":
		default:
			if near := strict.Nearest(h, headings()); near != "" {
				f.report.add(Error, f.in(name, head.line).at(h), "unknown_key_near", h, near)
			} else {
				f.report.add(Error, f.in(name, head.line).at(h), "unknown_key", h, strings.Join(headings(), ", "))
			}
		}
	}
	var rows []Row
	for n, r := range records[1:] {
		if strings.TrimSpace(strings.Join(r.fields, "")) == "" {
			continue
		}
		at := f.in(name, r.line)
		at.row = n + 1
		row := Row{File: name, Line: r.line}
		for i, v := range r.fields {
			v = strings.TrimSpace(v)
			if i < len(index) && index[i] != "" {
				f.cell(&row, index[i], unescape(v), at)
				continue
			}
			if v != "" && i >= len(index) {
				f.report.add(Error, at, "too_many_fields", len(r.fields), len(index))
				break
			}
		}
		rows = append(rows, row)
	}
	f.complete(rows)
	return rows
}

func (f *folder) cell(r *Row, column, v string, at place) {
	date := func(d *Date) {
		if v == "" {
			return
		}
		var err error
		if *d, err = ParseDate(v); err != nil {
			f.report.add(Error, at.at(column), "date", v)
		}
	}
	switch column {
	case "id":
		r.ID = strings.TrimSuffix(v, ".0")
	case "question":
		r.Question = v
	case "answer":
		r.Answer = v
	case "variants":
		r.Variants = splitList(v, "|｜\n\r")
	case "category":
		r.Category = v
	case "scene":
		r.Scene = v
	case "valid_from":
		date(&r.ValidFrom)
	case "valid_to":
		date(&r.ValidTo)
	case "topic":
		r.Topic = v
	case "skill":
		r.Skill = v
	case "line":
		r.Lines = splitList(v, "|｜\n\r,，、;；")
	case "spoken":
		r.Spoken = v
	case "follow_up":
		r.FollowUp = v
	case "flow":
		r.Flow = v
	case "note":
		r.Note = v
	}
}

func splitList(s, separators string) []string {
	var out []string
	for _, p := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(separators, r) }) {
		if p = strings.TrimSpace(p); p != "" {
			out = append(out, p)
		}
	}
	return out
}

// complete gives an id to rows without one.
func (f *folder) complete(rows []Row) {
	for i := range rows {
		if rows[i].ID == "" && rows[i].Question != "" {
			rows[i].ID, rows[i].madeID = makeID(rows[i].Question), true
		}
	}
}

// yaml reads a list of rows, alone or under the key "pairs".
func (f *folder) yaml(name string, data []byte) []Row {
	text, ok := decodeText(data)
	if !ok {
		f.report.add(Error, f.in(name, 1), "encoding")
	}
	root, problem := strict.Parse([]byte(text))
	if problem != nil {
		f.strict(name, *problem)
		return nil
	}
	if root.Kind == strict.Null {
		f.report.add(Warning, f.in(name, 0), "empty_file")
		return nil
	}
	list := root
	if root.Kind == strict.Mapping {
		for _, k := range root.Keys {
			if k.Name != "pairs" {
				f.strict(name, strict.Problem{Code: strict.UnknownKey, Line: k.Line, Value: k.Name, Near: "pairs"})
			}
		}
		list = root.Get("pairs")
	}
	if list == nil || list.Kind != strict.Sequence {
		f.report.add(Error, f.in(name, root.Line), "wrong_value", root.Text, "a list of question, answer …")
		return nil
	}
	var rows []Row
	for i, item := range list.Items {
		row := Row{File: name, Line: item.Line}
		problems, _ := item.Decode(&row)
		for _, p := range problems {
			p.Path = strings.TrimSuffix(strict.Join(pathOf("", i), p.Path), ".")
			f.strict(name, p)
		}
		row.Question, row.Answer = strings.TrimSpace(row.Question), strings.TrimSpace(row.Answer)
		row.Spoken, row.ID = strings.TrimSpace(row.Spoken), strings.TrimSpace(row.ID)
		rows = append(rows, row)
	}
	f.complete(rows)
	return rows
}
